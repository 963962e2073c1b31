"""An import that is taken back leaves everything else as it was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.forge.files import UploadPlace
from offline_transfer.forge.models import Base
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.routes import Route
from offline_transfer.importing import removal
from offline_transfer.importing.errors import ImportAtWorkError, ImportNotFoundError
from offline_transfer.importing.request import Wanted
from offline_transfer.importing.rollback import JOB, NOT_EMPTY, Removed, planned, request, rollback
from offline_transfer.jobs import rollbacks
from offline_transfer.storage.sources import from_bytes
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import ImportState
from offline_transfer.types import PortableKind
from tests.integration.importing.test_killed import KilledError, Life, MortalDatabase
from tests.integration.importing.test_records import issue
from tests.support.fill import fill_every_relation
from tests.support.importing import Destination, RecordsSource, make_destination
from tests.support.importing import run as run_entity
from tests.support.instances import Exported, Instance
from tests.support.witness import Witness

SHARED = {"users", "import_source_users", "merge_request_diff_commit_users"}
"""What an import makes for more than itself."""

OWN_WORK = ("bulk_import", "import_offline")

T = TypeVar("T")
MakeDatabase = Callable[[], Database]


@dataclass(frozen=True, slots=True)
class Scene:
    """An instance in which every relation has records, and their archive."""

    instance: Instance
    exported: Exported

    def bring(self, *wanted: Wanted) -> int:
        """Imports entities; gives the id of the import."""
        self.instance.import_archive(self.exported, wanted)
        with self.instance.database.session() as session:
            return session.scalars(select(BulkImport.id).order_by(BulkImport.id.desc())).first() or 0

    def sizes(self) -> Mapping[str, int]:
        """How many rows the tables have, without our own work and what an import makes for more than itself."""
        tables = [table.name for table in Base.metadata.sorted_tables if not table.name.startswith(OWN_WORK)]
        with self.instance.database.session() as session:
            return {
                name: session.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in tables if name not in SHARED
            }

    def stored(self) -> set[str]:
        """The files of the instance."""
        found = [path for path in self.instance.directory.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.instance.directory)) for path in found}


@pytest.fixture
def scene(make_database: MakeDatabase, tmp_path: Path) -> Scene:
    """With a group `elsewhere` to import into."""
    (tmp_path / "instance").mkdir()
    instance = Instance(make_database(), tmp_path / "instance")
    fill_every_relation(instance.database, instance.repositories, instance.files)
    exported = instance.export(tmp_path / "archive", "fill")
    with instance.database.session() as session:
        group = Namespace(name="elsewhere", path="elsewhere", type="Group")
        session.add(group)
        session.flush()
        session.add(Route(path="elsewhere", name="elsewhere", namespace_id=group.id))
    return Scene(instance, exported)


def test_nothing_of_an_import_is_left_and_nothing_else_is_touched(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "RECORDS_AT_ONCE", 2)
    sizes, stored, witness = scene.sizes(), scene.stored(), Witness(scene.instance.database)
    import_id = scene.bring(Wanted("fill", "elsewhere"))
    assert scene.sizes()["issues"] == 2 * sizes["issues"]
    assert list(rollback(scene.instance, import_id)) == [
        Removed("fill/inner/second", "elsewhere/fill/inner/second"),
        Removed("fill/inner", "elsewhere/fill/inner"),
        Removed("fill/first", "elsewhere/fill/first"),
        Removed("fill", "elsewhere/fill"),
    ]
    assert scene.sizes() == sizes
    assert scene.stored() == stored
    assert witness.complaints(None, None) == []
    assert list(rollback(scene.instance, import_id)) == []


def test_in_an_instance_with_things_of_its_own_they_stay_as_they_were(
    scene: Scene, make_database: MakeDatabase, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    destination = Scene(Instance(make_database(), tmp_path / "other"), scene.exported)
    own = make_destination(destination.instance.database, tmp_path / "other")
    own.import_project({"issues": [issue(1)], "labels": [{"title": "bug", "color": "#ff0000", "type": "ProjectLabel"}]})
    sizes, stored = destination.sizes(), destination.stored()
    import_id = destination.bring(Wanted("fill", ""), Wanted("fill/first", "dest", "mine"))
    assert destination.sizes()["issues"] > 2
    done = list(rollback(destination.instance, import_id))
    assert {removed.path for removed in done if removed.kept is None} == {
        "dest/mine",
        "fill/inner/second",
        "fill/inner",
        "fill",
    }
    after = destination.sizes()
    # Epics of `dest`, which was there before, are for all of its projects.
    assert {name for name in after if after[name] != sizes[name]} == {"epics"}
    assert destination.stored() == stored
    assert own.rows("issues", "iid") == [(1,)]


@pytest.mark.slow
def test_a_rollback_that_was_killed_anywhere_goes_on(scene: Scene) -> None:
    sizes, stored, witness = scene.sizes(), scene.stored(), Witness(scene.instance.database)
    database = scene.instance.database
    import_id = scene.bring(Wanted("fill", "elsewhere"))
    killed = 0
    for transactions in range(5, 1000, 9):
        mortal = MortalDatabase(
            database.engine, database.sessions, database.where, database.conninfo, Life(transactions)
        )
        try:
            list(rollback(replace(scene.instance, database=mortal), import_id))
        except KilledError:
            killed += 1
        else:
            break
    assert killed > 3
    assert scene.sizes() == sizes
    assert scene.stored() == stored
    assert witness.complaints(None, None) == []


def in_session(database: Database, service: Callable[[Session, int], T], import_id: int) -> T:
    with database.session() as session:
        return service(session, import_id)


def entity_of(destination: Destination, source: RecordsSource, **place: str) -> ImportEntity:
    """Imports a source and ends its import; gives its entity."""
    entity_id = destination.add_entity(source, **place)
    run_entity(destination.context(source), entity_id)
    return destination.entity(entity_id)


def test_a_group_in_which_there_is_something_else_by_now_stays_with_all_it_has(destination: Destination) -> None:
    label = {"title": "bug", "color": "#ff0000", "type": "GroupLabel"}
    group = RecordsSource(
        kind=PortableKind.GROUP, full_path="g", attributes={"name": "G"}, relations={"labels": [[label]]}
    )
    holder = destination.context(group)
    first = entity_of(destination, group, slug="g")
    second = entity_of(destination, RecordsSource(), slug="app", namespace="dest/g")
    assert list(rollback(holder, first.bulk_import_id)) == [Removed("g", "dest/g", NOT_EMPTY)]
    assert destination.rows("labels", "title") == [("bug",)]
    assert destination.entity(first.id).kept == NOT_EMPTY
    assert list(rollback(holder, second.bulk_import_id)) == [Removed("source/app", "dest/g/app")]
    assert list(rollback(holder, first.bulk_import_id)) == [Removed("g", "dest/g")]
    assert destination.entity(first.id).kept is None
    assert destination.rows("labels", "title") == []
    assert destination.rows("routes", "path") == [("dest",)]


def test_what_an_import_made_in_a_group_that_was_there_stays(destination: Destination) -> None:
    epic = {"title": "big", "iid": 4, "author_id": 7}
    source = RecordsSource(relations={"issues": [[issue(1, epic_issue={"epic": epic})]]})
    row = entity_of(destination, source)
    assert list(rollback(destination.context(source), row.bulk_import_id)) == [Removed("source/app", "dest/app")]
    assert destination.rows("epics", "title") == [("big",)]
    assert destination.rows("epic_issues", "id") == destination.rows("projects", "id") == []


def test_an_import_at_work_is_not_taken_back(destination: Destination) -> None:
    source = RecordsSource(relations={"issues": [[issue(1)]]})
    row = destination.run(source)
    with destination.database.session() as session:
        session.get_one(BulkImport, row.bulk_import_id).status = ImportState.started
    database = destination.database
    for refused in (
        lambda: list(rollback(destination.context(source), row.bulk_import_id)),
        lambda: in_session(database, planned, row.bulk_import_id),
        lambda: in_session(database, request, row.bulk_import_id),
    ):
        with pytest.raises(ImportAtWorkError, match=f"Import {row.bulk_import_id} has not ended"):
            refused()
    assert destination.rows("issues", "iid") == [(1,)]
    assert destination.rows("bulk_imports", "rolled_back_at") == [(None,)]


def test_an_import_that_is_not_there_cannot_be_taken_back(destination: Destination) -> None:
    with pytest.raises(ImportNotFoundError, match=r"^There is no import 99 in this instance\."):
        list(rollback(destination.context(RecordsSource()), 99))


def test_a_file_whose_row_never_came_goes_too(destination: Destination) -> None:
    source = RecordsSource()
    row = entity_of(destination, source)
    context, project_id = destination.context(source), row.project_id or 0
    for model_id, name in ((project_id, "late.txt"), (project_id * 10, "anothers.txt")):
        place = UploadPlace(model_type="Project", model_id=model_id, name=name, secret="0" * 32)
        context.files.store_upload(place, from_bytes(b"written, and not noted"))
    assert list(rollback(context, row.bulk_import_id)) == [Removed("source/app", "dest/app")]
    (left,) = [path for path in (destination.directory / "files").rglob("*") if path.is_file()]
    assert f"project_{project_id * 10}" in left.parts


def test_a_worker_takes_an_import_back_that_somebody_asked_for(destination: Destination) -> None:
    source = RecordsSource(relations={"issues": [[issue(1)]]})
    row = entity_of(destination, source)
    assert in_session(destination.database, planned, row.bulk_import_id) == ["dest/app"]
    assert destination.rows("bulk_imports", "rolled_back_at") == [(None,)]
    in_session(destination.database, request, row.bulk_import_id)
    assert [(job.name, job.ids) for job in queue.waiting()] == [(JOB, {"bulk_import_id": row.bulk_import_id})]
    ((began,),) = destination.rows("bulk_imports", "rolled_back_at")
    assert began is not None
    assert rollbacks
    queue.run_until_empty(destination.context(source))
    assert destination.rows("projects", "id") == destination.rows("issues", "id") == []
    assert destination.rows("bulk_import_entities", "project_id", "kept") == [(None, None)]
