"""What becomes of a relation that the version of the source does not have, or should not have."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import SourceType
from offline_transfer.types import PortableKind
from tests.support.importing import Destination, Records, RecordsObject, RecordsSource, run


@dataclass(frozen=True, slots=True)
class OldSource(RecordsSource):
    """A group of an old source, which has these relations and no others."""

    has: Mapping[str, Records] = field(default_factory=dict)

    def objects(self, relation: str) -> list[RecordsObject] | None:  # type: ignore[override]
        """One object, or none."""
        return [RecordsObject(1, relation, self.has[relation])] if relation in self.has else None


def trackers(
    destination: Destination, has: Mapping[str, Records], version: str, source_type: SourceType
) -> dict[str, tuple[str, str | None]]:
    """State and error of the trackers of an import of such a group."""
    source = OldSource(kind=PortableKind.GROUP, full_path="old", attributes={"name": "Old"}, has=has)
    entity_id = destination.add_entity(source, slug="old", namespace="dest")
    with destination.database.session() as session:
        entity = session.get_one(ImportEntity, entity_id)
        bulk_import = session.get_one(BulkImport, entity.bulk_import_id)
        bulk_import.source_version, bulk_import.source_type = version, source_type
    run(destination.context(source), entity_id)
    found = destination.rows("bulk_import_trackers", "relation", "status", "error", bulk_import_entity_id=entity_id)
    return {relation: (status.name, error) for relation, status, error in found}


def test_what_the_source_could_not_write_is_no_gap_of_the_archive(destination: Destination) -> None:
    found = trackers(destination, {}, "18.3.2", SourceType.offline_export)
    told = "GitLab has had this relation since 18.4, and the source is 18.3.2"
    assert found["epic_boards"] == ("skipped", told)
    assert found["badges"] == ("skipped", "the archive holds nothing of this relation")


def test_what_is_there_all_the_same_is_imported(destination: Destination) -> None:
    found = trackers(destination, {"epic_boards": [{"name": "Early"}]}, "18.3.2", SourceType.offline_export)
    assert found["epic_boards"] == ("finished", None)
    assert destination.rows("boards_epic_boards", "name") == [("Early",)]


def test_of_a_file_based_export_the_version_says_nothing(destination: Destination) -> None:
    found = trackers(destination, {}, "13.5.0", SourceType.file_export)
    assert {error for _, error in found.values() if error} == {"the archive holds nothing of this relation"}
