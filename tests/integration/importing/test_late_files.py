"""A file that is written by somebody whose work was taken back meanwhile: it stays if a row names it, and goes if nobody
wants it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from offline_transfer.forge.files import Files
from offline_transfer.importing import control, foreground
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.rollback import rollback
from offline_transfer.importing.source import SourceObject
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.store import Source
from tests.support.importing import Destination, RecordsSource
from tests.support.orphans import lost, orphans
from tests.support.pipelines import tar_of

Found = tuple[str, list[tuple[object, ...]], list[str], list[str]]
"""How an import ended, the uploads, files that no row names, and files that lack."""
UPLOADS = tar_of("uploads", {f"{'a' * 32}/plan.txt": b"first this"}, records=1)


@dataclass(frozen=True, slots=True)
class WithUploads(RecordsSource):
    """A project with one upload."""

    def objects(self, relation: str) -> Sequence[SourceObject]:  # type: ignore[override]
        """The object of uploads, and none of any other relation."""
        return [UPLOADS] if relation == "uploads" else []


class MeanwhileStore(DiskStore):
    """Something happens when the first file has been written, and before its row is."""

    meanwhile: Callable[[], None] | None = None

    def put(self, key: str, source: Source) -> int:
        """Write a file."""
        size = super().put(key, source)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return size


@dataclass(frozen=True, slots=True)
class Scene:
    """An import of the project, and what does its jobs."""

    destination: Destination
    entity_id: int
    bulk_import_id: int
    context: ImportContext

    def carry_out(self, meanwhile: Callable[[], None] | None = None) -> None:
        """Do all jobs; this happens meanwhile."""
        store = MeanwhileStore(self.destination.directory / "files")
        store.meanwhile = meanwhile
        foreground.carry_out(replace(self.context, files=Files(store)), self.bulk_import_id)

    def cancel(self) -> None:
        """Cancel the import."""
        with self.destination.database.session() as session:
            control.cancel(session, self.bulk_import_id)

    def take_back(self) -> None:
        """Cancel the import, and remove what it has made."""
        self.cancel()
        assert [removed.kept for removed in rollback(self.context, self.bulk_import_id)] == [None]

    def found(self) -> Found:
        """What there is now."""
        database, settings = self.destination.database, self.context.settings
        status = self.destination.entity(self.entity_id).status.name
        uploads = self.destination.rows("uploads", "path", "size")
        return status, uploads, orphans(database, settings), lost(database, settings)


WHOLE: Found = ("finished", [(f"{'a' * 32}/plan.txt", 10)], [], [])


@pytest.fixture
def scene(destination: Destination) -> Scene:
    """An import that was taken on."""
    source = WithUploads()
    entity_id = destination.add_entity(source)
    bulk_import_id = destination.entity(entity_id).bulk_import_id
    return Scene(destination, entity_id, bulk_import_id, destination.context(source))


def test_of_a_canceled_import_no_file_stays_without_a_row(scene: Scene) -> None:
    scene.carry_out(scene.cancel)
    assert scene.found() == ("canceled", [], [], [])
    with scene.destination.database.session() as session:
        control.reopen(session, scene.bulk_import_id)
    scene.carry_out()
    assert scene.found() == WHOLE


def test_of_an_import_that_was_taken_back_meanwhile_nothing_comes_back(scene: Scene) -> None:
    scene.carry_out(scene.take_back)
    assert scene.found() == ("canceled", [], [], [])
    assert scene.destination.rows("projects", "id") == []


def test_a_file_that_another_attempt_has_written_and_named_stays(scene: Scene) -> None:
    scene.carry_out(scene.carry_out)
    assert scene.found() == WHOLE


def test_a_file_that_another_attempt_may_be_writing_stays(scene: Scene) -> None:
    def begin_again() -> None:
        # Its job is another's from now on, who has not come to the row yet.
        with scene.destination.database.raw_connection() as connection:
            connection.execute("UPDATE bulk_import_jobs SET attempts = attempts + 1 WHERE status = 1")
            connection.commit()

    scene.carry_out(begin_again)
    status, uploads, alone, absent = scene.found()
    assert (status, uploads, len(alone), absent) == ("started", [], 1, [])
    scene.carry_out()
    assert scene.found() == WHOLE
