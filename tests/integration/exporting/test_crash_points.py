"""An export is ended before each of its commits, and before and after each of its writes to the store, and goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from offline_transfer import queue
from offline_transfer.exporting import control
from offline_transfer.exporting.create import CreatedExport
from offline_transfer.exporting.portables import relations_of
from offline_transfer.exporting.request import RequestedEntity
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.planning import Label
from offline_transfer.forge.routes import Route
from offline_transfer.queue import Job
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.store import Source
from offline_transfer.transfers.states import ExportState
from offline_transfer.types import Edition, PortableKind
from offline_transfer.verify.archive import verify
from offline_transfer.verify.reader import Archive
from tests.integration.exporting.exporter import Exported, Exporter
from tests.integration.exporting.stores import Faulty, with_store

STRIDE = 3
"""Each test has every third point, beginning with another one, so that they can run on all cores."""

MOVING = {"self", "labels", "issues", "uploads", "repository", "user_contributions"}
TOP = RequestedEntity(
    full_path="top",
    skip_relations=sorted({name for kind in PortableKind for name in relations_of(kind, Edition.EE)} - MOVING),
)
"""A relation of each kind: more of the same would take longer and show nothing new."""


class Killed(BaseException):
    """Stands for the end of the process."""


class Points:
    """Counts the points at which a process can die, and lets it die at one of them."""

    def __init__(self, fatal: int | None = None) -> None:
        self.count = 0
        self.fatal = fatal

    def pass_by(self, *_: object) -> None:
        """A point is reached."""
        self.count += 1
        if self.count == self.fatal:
            raise Killed


class Mortal(Faulty):
    """A store whose user may die before and after each write."""

    points: Points

    def put(self, key: str, source: Source) -> int:
        self.points.pass_by()
        size = super().put(key, source)
        self.points.pass_by()
        return size

    def delete(self, key: str) -> None:
        self.points.pass_by()
        super().delete(key)


@contextmanager
def dying(exporter: Exporter, points: Points) -> Iterator[Exporter]:
    """The instance, whose processes die at a point."""
    store = Mortal(DiskStore(exporter.out))
    store.points = points
    event.listen(exporter.database.engine, "commit", points.pass_by)
    try:
        yield with_store(exporter, store)
    finally:
        event.remove(exporter.database.engine, "commit", points.pass_by)


def run_with_a_sweep(exporter: Exporter) -> None:
    """Do all jobs; one whose process died is done again after the others, as it would be when that is noticed."""
    while waiting := queue.waiting():
        queue.clear()
        job = waiting[0]
        put_back(exporter, waiting[1:])
        try:
            queue.find(job.name).function(exporter.context(), **job.ids)
        except Killed:
            put_back(exporter, [job])


def put_back(exporter: Exporter, jobs: "tuple[Job, ...] | list[Job]") -> None:
    # Straight into the queue: a commit would be a point.
    for job in jobs:
        queue._inline.put(job)


@pytest.fixture
def small(exporter: Exporter) -> Exporter:
    """`top/sub/app` with issues for three batches and a label, and `top/other`, which is empty."""
    exporter.add(
        *(Issue(iid=iid, title=f"Issue {iid}", project_id=5, author_id=3) for iid in range(1, 6)),
        Label(title="bug", project_id=5, type="ProjectLabel"),
        Namespace(id=30, name="Other", path="other", type="Group", parent_id=2),
        Route(path="top/other", name="Other", namespace_id=30),
    )
    return Exporter(exporter.database, exporter.directory, {"batch_size": 2})


def contents(exported: Exported) -> dict[str, tuple[str, str, dict[str, int]]]:
    objects = exported.manifest()["objects"]
    return {item["key"]: (item["sha256"], item["content_sha256"], item["records"]) for item in objects}


def assert_sound(exporter: Exporter, created: CreatedExport, expected: object) -> None:
    exported = exporter.exported(created)
    assert (exported.row.status, exported.is_clean) == (ExportState.finished, True)
    assert contents(exported) == expected
    with Archive(DiskStore(exporter.out / "archives"), created.prefix) as archive:
        assert [finding for finding in verify(archive) if finding.is_fault] == []


def points_of(exporter: Exporter, run: Callable[[Exporter], None]) -> int:
    points = Points()
    with dying(exporter, points) as counted:
        run(counted)
    return points.count


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, STRIDE + 1))
def test_an_export_that_dies_anywhere_ends_as_if_it_had_not(small: Exporter, first: int) -> None:
    whole = contents(small.run(small.ask(TOP)))
    created: list[CreatedExport] = []

    def run(exporter: Exporter) -> None:
        created.append(small.ask(TOP))
        run_with_a_sweep(exporter)

    most = points_of(small, run)
    assert most > 60
    for fatal in range(first, most + 1, STRIDE):
        with dying(small, Points(fatal)) as mortal:
            try:
                created.append(small.ask(TOP))
            except Killed:
                # Then nothing was written.
                assert queue.waiting() == ()
                continue
            run_with_a_sweep(mortal)
        assert_sound(small, created[-1], whole)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, STRIDE + 1))
def test_an_export_that_dies_when_it_is_tried_again_ends_as_if_nothing_had_been(small: Exporter, first: int) -> None:
    whole = contents(small.run(small.ask(TOP)))

    def canceled_at(point: int) -> CreatedExport:
        created = small.ask(TOP)
        with dying(small, Points(point)) as mortal:
            while waiting := queue.waiting():
                queue.clear()
                put_back(mortal, waiting[1:])
                try:
                    queue.find(waiting[0].name).function(mortal.context(), **waiting[0].ids)
                except Killed:
                    queue.clear()
                    with small.database.session() as session:
                        control.cancel(session, created.id)
        control.retry(small.context(), created.id)
        return created

    canceled_at(40)
    most = points_of(small, run_with_a_sweep)
    assert most > 30
    for fatal in range(first, most + 1, 2 * STRIDE):
        created = canceled_at(40)
        with dying(small, Points(fatal)) as mortal:
            run_with_a_sweep(mortal)
        assert_sound(small, created, whole)
