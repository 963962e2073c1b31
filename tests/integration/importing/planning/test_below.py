"""The rows that an import begins with when something below its groups shall come otherwise than by itself."""

import pytest
from sqlalchemy import select

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.importing.below import add_rows_below, entity_row
from offline_transfer.importing.request import Choice, Wanted
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import SourceType
from tests.integration.importing.planning.conftest import Scene

MAPPING = {
    path: EntityPrefix.parse(prefix)
    for path, prefix in {
        "top": "group_1",
        "top/app": "project_7",
        "top/inner": "group_2",
        "top/inner/deep": "project_8",
        "top/inner/low": "group_3",
        "other": "group_4",
    }.items()
}

Rows = dict[str, tuple[str | None, str, list[str], list[str]]]


def rows(scene: Scene, choices: dict[str, Choice], *wanted: Wanted) -> Rows:
    """The rows by path at the source: the group's, the slug, what is skipped and what is left out."""
    with scene.destination.database.session() as session:
        bulk_import = BulkImport(source_type=SourceType.offline_export)
        session.add(bulk_import)
        session.flush()
        named = [
            entity_row(bulk_import.id, item, MAPPING[item.source_full_path], parent_id=None)
            for item in wanted or [Wanted("top", "dest", skip_relations=("wiki",))]
        ]
        session.add_all(named)
        session.flush()
        add_rows_below(session, named, MAPPING, choices)
        import_id = bulk_import.id
    with scene.destination.database.session() as session:
        found = session.scalars(select(ImportEntity).where(ImportEntity.bulk_import_id == import_id)).all()
        paths = {row.id: row.source_full_path for row in found}
        return {
            row.source_full_path: (
                None if row.parent_id is None else paths[row.parent_id],
                row.destination_name,
                list(row.skip_relations),
                list(row.leave_out),
            )
            for row in found
        }


def test_what_comes_by_itself_needs_no_row(scene: Scene) -> None:
    choices = {"top": Choice(slug="else"), "top/app": Choice(slug="app"), "top/inner/deep": Choice()}
    assert rows(scene, choices) == {"top": (None, "top", ["wiki"], [])}


def test_groups_between_get_rows_too_and_pass_on_what_is_skipped(scene: Scene) -> None:
    choices = {"top/inner": Choice(skip_relations=("uploads",)), "top/inner/deep": Choice(slug="other")}
    assert rows(scene, choices) == {
        "top": (None, "top", ["wiki"], []),
        "top/inner": ("top", "inner", ["uploads", "wiki"], []),
        "top/inner/deep": ("top/inner", "other", ["uploads", "wiki"], []),
    }
    assert set(rows(scene, {"top/inner/deep": Choice(slug="other")})) == {"top", "top/inner", "top/inner/deep"}


def test_what_stays_away_is_noted_with_its_group(scene: Scene) -> None:
    choices = {"top/inner": Choice(skip=True), "top/inner/deep": Choice(slug="other"), "top/app": Choice(skip=True)}
    assert rows(scene, choices) == {"top": (None, "top", ["wiki"], ["top/app", "top/inner"])}


def test_what_was_named_itself_does_not_come_with_its_group(scene: Scene) -> None:
    found = rows(scene, {}, Wanted("top", "dest"), Wanted("top/inner/deep", "dest"), Wanted("other", "dest"))
    assert found == {
        "top": (None, "top", [], []),
        "top/inner": ("top", "inner", [], ["top/inner/deep"]),
        "top/inner/deep": (None, "deep", [], []),
        "other": (None, "other", [], []),
    }


@pytest.mark.parametrize("path", ["other", "top/else"])
def test_choices_beside_what_was_named_change_nothing(scene: Scene, path: str) -> None:
    assert rows(scene, {path: Choice(slug="moved", skip=True)}) == {"top": (None, "top", ["wiki"], [])}


def test_projects_that_stay_away_get_no_row(scene: Scene) -> None:
    wanted = Wanted("top", "dest", migrate_projects=False)
    choices = {"top/app": Choice(slug="other"), "top/inner": Choice(slug="moved")}
    assert rows(scene, choices, wanted) == {"top": (None, "top", [], []), "top/inner": ("top", "moved", [], [])}
