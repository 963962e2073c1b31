"""Exports into a real store that fails again and again, is slow, does things without saying so, and lets nobody in any more.

Whatever it does, the archive is that of an export which nothing disturbed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from pyrage.x25519 import Identity
from sqlalchemy import select

from offline_transfer import queue
from offline_transfer.archive.encryption import EncryptionRequest, Keys
from offline_transfer.exporting import control, names, progress
from offline_transfer.exporting.create import CreatedExport
from offline_transfer.forge.attachments import Upload
from offline_transfer.forge.files import UploadPlace
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.planning import Label
from offline_transfer.queue import RunningJob
from offline_transfer.storage.errors import StorageUnavailableError
from offline_transfer.storage.location import Location
from offline_transfer.storage.sources import from_bytes
from offline_transfer.transfers.models import ExportObject, OfflineExport, RelationExport
from offline_transfer.transfers.states import ExportState, RelationState
from tests.integration.exporting.buckets import APP, LOCAL, BucketExporter, Contents, contents, in_bucket
from tests.integration.exporting.exporter import Exporter
from tests.support.faulty_s3 import (
    Answer,
    CutAnswer,
    CutRequest,
    Fault,
    FaultyFront,
    HangUp,
    Hold,
    LoseAnswer,
    Rule,
    Trickle,
    faulty_front,
)
from tests.support.s3 import S3Server

ATTEMPTS = 4
SECRET = "0" * 32
DEADLINE = 30.0
IDENTITY = Identity.generate()
ENCRYPTION = EncryptionRequest((str(IDENTITY.to_public()),))
KEYS = Keys((IDENTITY,))

OBJECTS = (
    "self.json.gz",
    "labels/batch_1.ndjson.gz",
    "issues/batch_2.ndjson.gz",
    "uploads/batch_1.tar.gz",
    "repository.tar.gz",
    "user_contributions.ndjson.gz",
    "manifest.json.gz",
    "SHA256SUMS",
)
"""One object of each kind, by the end of its key."""

TRIED_AGAIN = RunningJob(
    id=1, name="", attempt=1, worker_id=1, is_asked_to_stop=lambda: False, count_failures=lambda: 0
)
"""A job that is tried again when it fails."""

METADATA = "/metadata.json.gz"
"""Is put while an export is locked, and who cancels it waits: so the second attempt is the last of the job."""


@dataclass(frozen=True, slots=True)
class Scene:
    """An instance that exports through a front which misbehaves, and what an export is that nothing disturbs."""

    exporter: BucketExporter
    front: FaultyFront
    bucket: str
    whole: Contents

    @property
    def behind(self) -> Location:
        """What truly lies in the bucket."""
        return self.front.behind.configuration(self.bucket).open(LOCAL)

    def row(self, created: CreatedExport) -> OfflineExport:
        """The export as it is now."""
        with self.exporter.database.session() as session:
            return session.get_one(OfflineExport, created.id)

    def run(self, created: CreatedExport) -> ExportState:
        """Do all jobs that wait."""
        queue.run_until_empty(self.exporter.context())
        return self.row(created).status

    def names(self, created: CreatedExport) -> list[str]:
        """What lies below the prefix of an export, sorted."""
        top = str(created.prefix)
        return sorted(found.key.removeprefix(f"{top}/") for found in self.behind.store.list(top))

    def retries(self, created: CreatedExport) -> dict[str, int]:
        """How often objects of relations had to be sent again, as it is told to whoever asks."""
        with self.exporter.database.session() as session:
            return {row.relation: row.retries for row in progress.relations(session, created.id) if row.retries}


@pytest.fixture
def scene(exporter: Exporter, rclone_server: S3Server) -> Iterator[Scene]:
    """`top/sub/app` with five issues in batches of two, a label and an upload."""
    body = bytes(range(256)) * 256
    place = UploadPlace(model_type="Project", model_id=5, name="one.bin", secret=SECRET, mount_point=None)
    stored = exporter.files.store_upload(place, from_bytes(body))
    exporter.add(
        *(Issue(iid=iid, title=f"Issue {iid}", project_id=5, author_id=3) for iid in range(1, 6)),
        Label(title="bug", project_id=5, type="ProjectLabel"),
        Upload(
            size=stored.size,
            path=f"{SECRET}/one.bin",
            checksum=stored.sha256,
            model_id=5,
            model_type="Project",
            uploader="FileUploader",
            secret=SECRET,
            storage_key=stored.key,
        ),
    )
    bucket = rclone_server.new_bucket().bucket
    settings = {"batch_size": 2, "store_attempts": ATTEMPTS, "store_retry_seconds": 0.001}
    plain = in_bucket(exporter, rclone_server, bucket, **settings)
    undisturbed = plain.ask(APP)
    queue.run_until_empty(plain.context())
    with faulty_front(rclone_server) as front:
        scene = Scene(in_bucket(exporter, front.server, bucket, **settings), front, bucket, {})
        yield replace(scene, whole=contents(scene.behind, undisturbed))


PASSING: dict[str, Fault] = {
    "500": Answer(500),
    "429": Answer(429, "TooManyRequests"),
    "429 with a time that nobody waits": Answer(429, "TooManyRequests", retry_after=3600),
    "connections cut before an answer": HangUp(),
    "connections cut in a body": CutRequest(100),
    "success without a word": LoseAnswer(),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_store_that_fails_several_times_in_a_row_at_every_object(scene: Scene, fault: Fault) -> None:
    created = scene.exporter.ask(APP)
    scene.front.plan(
        *(Rule(fault, "PUT", f"{name}(\\?|$)", times=ATTEMPTS - 1) for name in OBJECTS), Rule(fault, "PUT", METADATA)
    )
    assert scene.run(created) is ExportState.finished
    assert not scene.row(created).has_failures
    assert contents(scene.behind, created) == scene.whole
    assert len([seen for seen in scene.front.seen if seen.fault is not None]) == (ATTEMPTS - 1) * len(OBJECTS) + 1
    named = ("self", "labels", "issues", "uploads", "repository", "user_contributions")
    assert scene.retries(created) == dict.fromkeys(named, ATTEMPTS - 1)
    assert [seen for seen in scene.front.seen if SECRET in seen.target] == []


def test_what_was_sent_in_vain_is_counted_too(scene: Scene) -> None:
    created = scene.exporter.ask(APP)
    scene.front.plan(Rule(Answer(500), "PUT", "labels", times=None))
    with pytest.raises(StorageUnavailableError), queue.running(TRIED_AGAIN):
        scene.run(created)
    assert scene.retries(created) == {"labels": ATTEMPTS}
    with scene.exporter.database.session() as session:
        own = RelationExport.offline_export_id == created.id, RelationExport.relation == "self"
        export_id = session.scalars(select(RelationExport.id).where(*own)).one()
        queue.defer(session, names.PORTABLE, export_id=export_id)
    assert scene.run(created) is ExportState.finished
    assert scene.retries(created) == {"labels": ATTEMPTS + ATTEMPTS - 1}
    with scene.exporter.database.session() as session:
        failed = RelationExport.offline_export_id == created.id, RelationExport.status == RelationState.failed
        assert session.execute(
            select(RelationExport.relation, RelationExport.exception_class).where(*failed)
        ).all() == [("labels", "StorageUnavailableError")]
    assert len([seen for seen in scene.front.seen if seen.fault is not None]) == 2 * ATTEMPTS


def test_a_store_that_is_slow_and_never_silent_is_waited_for(scene: Scene) -> None:
    created = scene.exporter.ask(APP)
    slow = Trickle(0.02, 512)
    scene.front.plan(Rule(slow, times=None))
    assert scene.run(created) is ExportState.finished
    assert not scene.row(created).has_failures
    assert contents(scene.behind, created) == scene.whole
    seen = scene.front.seen
    assert {found.fault for found in seen} == {slow}
    # Nothing was sent twice.
    written = [found.target for found in seen if found.method == "PUT"]
    assert len(written) == len(set(written)) == len(scene.names(created))
    assert scene.retries(created) == {}


def test_listings_that_fail_and_break_off(scene: Scene) -> None:
    created = scene.exporter.ask(APP)
    scene.front.plan(Rule(Answer(503, "SlowDown"), "GET", "list-type=2"), Rule(CutAnswer(200), "GET", "list-type=2"))
    assert scene.run(created) is ExportState.finished
    assert contents(scene.behind, created) == scene.whole
    assert [seen.fault for seen in scene.front.seen if "list-type" in seen.target][:2] == [
        Answer(503, "SlowDown"),
        CutAnswer(200),
    ]


def test_a_store_that_is_silent_is_asked_again_and_what_it_does_later_changes_nothing(scene: Scene) -> None:
    """The first request of an object is done when another took its place long ago."""
    created = scene.exporter.ask(APP)
    scene.front.plan(*(Rule(Hold(), "PUT", f"{name}(\\?|$)") for name in (*OBJECTS, METADATA)))
    hasty = replace(
        scene.exporter, settings={**scene.exporter.settings, "store_silence_seconds": 0.5, "store_attempts": 20}
    )
    queue.run_until_empty(hasty.context())
    assert scene.row(created).status is ExportState.finished
    scene.front.release()
    for _ in (*OBJECTS, METADATA):
        assert scene.front.held_done.acquire(timeout=DEADLINE)
    assert contents(scene.behind, created) == scene.whole


@pytest.mark.parametrize("late", ["uploads", "issues"])
def test_a_late_request_of_an_encrypted_object_is_found_and_undone(scene: Scene, late: str) -> None:
    """Files are encrypted anew for each attempt, so the late one brings other bytes; records are encrypted once."""
    created = scene.exporter.ask(APP, encryption=ENCRYPTION)
    scene.front.plan(Rule(Hold(), "PUT", f"/{late}/batch_1"))

    def arrive(entity: str, relation: str, *, records: int, size: int) -> None:
        if relation == late and not scene.front.released.is_set():
            scene.front.release()
            assert scene.front.held_done.acquire(timeout=DEADLINE)

    # Longer than a machine stutters: the requests are counted.
    hasty = replace(scene.exporter, settings={**scene.exporter.settings, "store_silence_seconds": 2.0})
    queue.run_until_empty(replace(hasty.context(), progress=arrive))
    assert scene.front.released.is_set()
    found = contents(scene.behind, created, KEYS)
    assert {key: item[1:] for key, item in found.items()} == {key: item[1:] for key, item in scene.whole.items()}
    with scene.exporter.database.session() as session:
        of_relation = ExportObject.key.contains(f"/{late}/batch_1"), ExportObject.offline_export_id == created.id
        # What was written again was written once and for all.
        assert session.scalars(select(ExportObject.is_contested).where(*of_relation)).all() == [False]
    assert len([seen for seen in scene.front.seen if f"/{late}/batch_1" in seen.target and seen.method == "PUT"]) == (
        3 if late == "uploads" else 2
    )


def test_metadata_of_which_nobody_heard_are_no_archive_until_the_next_attempt(scene: Scene) -> None:
    created = scene.exporter.ask(APP)
    scene.front.plan(Rule(LoseAnswer(), "PUT", METADATA, times=None))
    assert scene.run(created) is ExportState.failed
    assert len([seen for seen in scene.front.seen if seen.fault is not None]) == 2
    assert "manifest.json.gz" in scene.names(created)
    assert "metadata.json.gz" not in scene.names(created)
    scene.front.plan()
    control.retry(scene.exporter.context(), created.id)
    assert scene.run(created) is ExportState.finished
    assert contents(scene.behind, created) == scene.whole


@pytest.mark.parametrize("after", [0, 1, 4])
def test_credentials_that_stop_working_in_the_middle(scene: Scene, after: int) -> None:
    created = scene.exporter.ask(APP)
    scene.front.plan(
        Rule(Answer(403, "InvalidAccessKeyId"), "PUT", after=after, times=None),
        Rule(Answer(403, "InvalidAccessKeyId"), "GET", times=None),
        Rule(Answer(403, "InvalidAccessKeyId"), "DELETE", times=None),
    )
    assert scene.run(created) is ExportState.failed
    row = scene.row(created)
    assert row.error is not None
    where = f"s3://{scene.bucket} at {scene.front.server.endpoint}"
    assert row.error.startswith(f"{where} refused access to ")
    assert row.error.endswith(". Check its credentials and permissions, and this machine's clock.")
    with scene.exporter.database.session() as session:
        rows = session.scalars(select(RelationExport).where(RelationExport.offline_export_id == created.id)).all()
    assert sum(found.status is RelationState.failed for found in rows) > 0
    said = " ".join(map(str, [row.error, *(found.error for found in rows)]))
    assert scene.front.server.secret_access_key not in said
    assert scene.front.server.access_key_id not in said
    assert len([name for name in scene.names(created) if name != "metadata.json.gz"]) == after
    # Somebody gives other credentials.
    scene.front.plan()
    control.retry(scene.exporter.context(), created.id, storage=scene.exporter.storage)
    assert scene.run(created) is ExportState.finished
    assert contents(scene.behind, created) == scene.whole


def test_credentials_that_do_not_work_for_a_while(scene: Scene) -> None:
    """What is refused is not asked for again, since that would lock an account: it is a failure, named and tried again later."""
    created = scene.exporter.ask(APP)
    scene.front.plan(Rule(Answer(403, "SignatureDoesNotMatch"), "PUT", "labels|issues/batch_2", times=2))
    assert scene.run(created) is ExportState.finished
    assert scene.row(created).has_failures
    with scene.exporter.database.session() as session:
        failed = select(RelationExport.relation).where(
            RelationExport.offline_export_id == created.id, RelationExport.status == RelationState.failed
        )
        assert sorted(session.scalars(failed)) == ["issues", "labels"]
    control.retry(scene.exporter.context(), created.id)
    assert scene.run(created) is ExportState.finished
    assert not scene.row(created).has_failures
    assert contents(scene.behind, created) == scene.whole
