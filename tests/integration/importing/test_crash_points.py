"""An import whose worker dies at the first or last commit of a job, or when the job is done and the queue does not know it yet.

The job is done again after the others, as when the death is noticed. The import ends as if nothing had been, and
so does a rollback.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from sqlalchemy import Engine, event, func, select

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.forge.base import Base
from offline_transfer.importing import names, rollback
from offline_transfer.importing.create import create_import
from offline_transfer.importing.request import Everything, ImportRequest
from offline_transfer.jobs import imports, rollbacks
from offline_transfer.queue import Job
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.disk import DiskStore
from offline_transfer.transfers import ledger
from offline_transfer.types import JsonObject
from offline_transfer.verify.reader import Archive
from tests.integration.importing.test_records import issue
from tests.support.crafted_bundles import CraftedBundle
from tests.support.instances import Instance
from tests.support.orphans import lost, orphans
from tests.unit.verify.archives import PREFIX, Draft

JOBS: Final = (imports, rollbacks)
KINDS: Final = (
    names.IMPORT,
    names.ENTITY,
    names.PIPELINE,
    names.PIPELINE_BATCH,
    names.FILE_PIPELINE_BATCH,
    names.TRANSFORM_REFERENCES,
    names.FINISH,
    rollback.JOB,
)
QUICK: Final = (names.IMPORT, names.PIPELINE_BATCH)
WORK: Final = ("bulk_import", "import_offline", "job_", "application_settings")
LABEL: Final[JsonObject] = {"title": "bug", "color": "#ff0000", "type": "ProjectLabel"}
LARGE: Final = b"large " * 1000
OID: Final = hashlib.sha256(LARGE).hexdigest()

MakeDatabase = Callable[[], Database]


class Killed(BaseException):
    """Stands for the end of the process."""


@dataclass(slots=True)
class Points:
    """The points that a job passes by at which its process can die: before each commit. It dies at one of them."""

    fatal: int | None = None
    count: int = 0

    def pass_by(self, *_: object) -> None:
        """A point is reached."""
        self.count += 1
        if self.count == self.fatal:
            raise Killed


@dataclass(frozen=True, slots=True)
class Death:
    """Which job kills its worker, counted from 0, and at which point. The one after the last is the end of its function."""

    number: int
    point: int


@dataclass(slots=True)
class Course:
    """The jobs that were done, each with the number of its points; and the one that dies the first time."""

    death: Death | None = None
    done: list[tuple[str, int]] = field(default_factory=list)
    died: list[str] = field(default_factory=list)

    def follow(self, engine: Engine, context: object) -> None:
        """Do all jobs, and the one whose worker died once more after the others."""
        while waiting := queue.waiting():
            queue.clear()
            job = waiting[0]
            put_back(*waiting[1:])
            fatal = self.death.point if self.death is not None and self.death.number == len(self.done) else None
            points = Points(fatal)
            self.done.append((job.name, 0))
            try:
                with watched(engine, points):
                    queue.find(job.name).function(context, **job.ids)
                points.pass_by()
            except Killed:
                self.died.append(job.name)
                put_back(job)
            self.done[-1] = (job.name, points.count)


def put_back(*jobs: Job) -> None:
    # Straight into the queue: a commit would be a point.
    for job in jobs:
        queue._inline.put(job)


@contextmanager
def watched(engine: Engine, points: Points) -> Iterator[None]:
    """Commits are points. That of a batch is psycopg's own, and comes right after the batch was marked as finished."""
    finish = ledger.finish_batch

    def finish_and_pass_by(*batch: Any) -> None:
        finish(*batch)
        points.pass_by()

    event.listen(engine, "commit", points.pass_by)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ledger, "finish_batch", finish_and_pass_by)
            yield
    finally:
        event.remove(engine, "commit", points.pass_by)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A group with a project that has a job of each kind: records and files in one object and in several."""
    place = tmp_path / "archives"
    draft = Draft(place)
    draft.records("group_1/labels.ndjson.gz", [{"title": "all", "color": "#00ff00", "type": "GroupLabel"}])
    draft.records("project_7/user_contributions.ndjson.gz", [{"id": 7, "username": "ada", "name": "Ada"}])
    draft.records("project_7/labels.ndjson.gz", [LABEL])
    text = "as in https://source.example.com/top/app/-/issues/2"
    note = {"note": "me too", "author_id": 7}
    draft.records("project_7/issues/batch_1.ndjson.gz", [issue(1, description=text, notes=[note])])
    draft.records("project_7/issues/batch_2.ndjson.gz", [issue(2, author_id=7)])
    for number in (1, 2):
        draft.files(f"project_7/uploads/batch_{number}.tar.gz", {f"{number:032x}/a.txt": b"hello"})
    lfs = {OID: LARGE, "lfs_objects.json": orjson.dumps({OID: [0, 1]})}
    draft.files("project_7/lfs_objects.tar.gz", lfs, count=1)
    crafted = CraftedBundle()
    commit = crafted.plain_commit()
    bundle = crafted.write(tmp_path / "bundle", [(commit, b"refs/heads/main")]).read_bytes()
    draft.files("project_7/repository.tar.gz", {"repository.bundle": bundle}, count=1)
    draft.complete().finish()
    return place


@dataclass(frozen=True, slots=True)
class End:
    """What is left in the end: what was counted, the rows of each table, files that no row names, and rows without a file."""

    counted: list[str]
    rows: dict[str, int]
    orphans: list[str]
    lost: list[str]


@dataclass(frozen=True, slots=True)
class Scene:
    """One archive, and as many empty instances as there are courses."""

    make_database: MakeDatabase
    archive: Path
    directory: Path

    def end_of(self, course: Course, kind: str) -> End:
        """Import the archive into an empty instance, and take the import back if that is the kind of job which is looked at."""
        directory = self.directory / f"instance-{len(list(self.directory.iterdir()))}"
        directory.mkdir()
        instance = Instance(self.make_database(), directory)
        storage = StorageConfiguration.from_location(str(self.archive), {})
        request = ImportRequest(wanted=Everything(""), storage=storage, export_prefix=str(PREFIX))
        with Archive(DiskStore(self.archive), PREFIX) as archive:
            context = instance.import_context(archive)
            import_id = create_import(context, request)
            course.follow(instance.database.engine, context)
            found = instance.imported(import_id)
            assert (found.unbalanced(), found.failures, found.is_clean) == ([], [], True)
            if kind == rollback.JOB:
                with instance.database.session() as session:
                    rollback.request(session, import_id)
                course.follow(instance.database.engine, context)
        beside = orphans(instance.database, instance.settings), lost(instance.database, instance.settings)
        return End(sorted(map(str, found.rows)), sizes(instance), *beside)


@pytest.fixture
def scene(make_database: MakeDatabase, archive: Path, tmp_path: Path) -> Scene:
    """With the archive."""
    (tmp_path / "instances").mkdir()
    return Scene(make_database, archive, tmp_path / "instances")


def sizes(instance: Instance) -> dict[str, int]:
    """How many rows the tables of the forge have; those without any are left out."""
    tables = [table for table in Base.metadata.sorted_tables if not table.name.startswith(WORK)]
    with instance.database.session() as session:
        counted = {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
    return {name: count for name, count in counted.items() if count}


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in QUICK else [pytest.mark.slow]) for kind in KINDS]
)
def test_a_job_whose_worker_dies_at_its_boundaries_is_done_once(scene: Scene, kind: str) -> None:
    whole = Course()
    expected = scene.end_of(whole, kind)
    assert expected.orphans == expected.lost == []
    assert ("issues" in expected.rows) is (kind != rollback.JOB)
    deaths = [
        Death(number, point)
        for number, (name, points) in enumerate(whole.done)
        if name == kind
        for point in sorted({1, points - 1, points})
    ]
    assert deaths
    for death in deaths:
        course = Course(death)
        assert scene.end_of(course, kind) == expected, death
        assert course.died == [kind], death
