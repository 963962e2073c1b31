from collections.abc import Iterator
from pathlib import Path

import pytest

from offline_transfer.archive.errors import ChecksumMismatchError, LimitExceededError, MixedArchiveError
from offline_transfer.archive.keys import EntityPrefix, ExportPrefix
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.manifest import FailedRelation
from offline_transfer.types import JsonObject, PortableKind
from offline_transfer.verify.errors import ArchiveNotFoundError, EntityNotInArchiveError, ManifestMissingError
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.index import ObjectIndex, StoredObject
from offline_transfer.verify.reader import Archive
from tests.unit.verify.archives import PREFIX, Draft

GROUP = EntityPrefix(PortableKind.GROUP, 1)
PROJECT = EntityPrefix(PortableKind.PROJECT, 7)
LABELS: list[JsonObject] = [{"title": "bug", "color": "#ff0000"}, {"title": "done", "color": "#00ff00"}]


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    draft = Draft(tmp_path)
    draft.document("group_1/self.json.gz", {"name": "Top", "path": "top"})
    draft.records("project_7/labels/batch_1.ndjson.gz", LABELS[:1])
    draft.records("project_7/labels/batch_2.ndjson.gz", LABELS[1:])
    draft.files("project_7/uploads/batch_1.tar.gz", {"avatar/a.png": b"png"})
    return draft


@pytest.fixture
def archive(draft: Draft) -> Iterator[Archive]:
    draft.finish()
    with Archive(draft.store, PREFIX) as archive:
        yield archive


def check(draft: Draft) -> list[Finding]:
    with Archive(draft.store, PREFIX) as archive:
        return [*archive.check_structure(), *archive.check_objects(archive.all_objects())]


def test_an_archive_tells_its_entities_relations_and_objects(archive: Archive) -> None:
    labels = archive.objects(PROJECT, "labels")
    assert archive.has_manifest
    assert archive.entity("top/app") == PROJECT
    assert archive.full_path(PROJECT) == "top/app"
    assert archive.relations(PROJECT) == ("labels", "uploads")
    assert labels is not None
    assert [(item.where, item.number, item.records) for item in labels] == [
        ("project_7/labels/batch_1.ndjson.gz", 1, 1),
        ("project_7/labels/batch_2.ndjson.gz", 2, 1),
    ]
    assert archive.objects(PROJECT, "milestones") is None
    assert [item.where for item in archive.all_objects()] == [
        "group_1/self.json.gz",
        "project_7/labels/batch_1.ndjson.gz",
        "project_7/labels/batch_2.ndjson.gz",
        "project_7/uploads/batch_1.tar.gz",
    ]


def test_records_documents_and_files_are_read_from_a_private_copy(archive: Archive, draft: Draft) -> None:
    objects = {item.where: item for item in archive.all_objects()}
    with archive.spool(objects["project_7/labels/batch_1.ndjson.gz"]) as spool:
        draft.path("project_7/labels/batch_1.ndjson.gz").write_bytes(b"changed after it was copied")
        assert [(record.index, record.value) for record in spool.records()] == [(0, LABELS[0])]
        assert list(spool.lines()) == [b'{"title":"bug","color":"#ff0000"}']
    with archive.spool(objects["group_1/self.json.gz"]) as spool:
        assert spool.document() == {"name": "Top", "path": "top"}
    with archive.spool(objects["project_7/uploads/batch_1.tar.gz"]) as spool:
        assert [(member.name, b"".join(member.blocks())) for member in spool.members()] == [("avatar/a.png", b"png")]


def test_a_sound_archive_has_no_finding(draft: Draft) -> None:
    assert check(draft.finish()) == []


def test_an_absent_object_is_found(draft: Draft) -> None:
    draft.finish().path("project_7/labels/batch_2.ndjson.gz").unlink()
    assert check(draft) == [
        Finding(
            kind=FindingKind.MISSING_OBJECT,
            where="project_7/labels/batch_2.ndjson.gz",
            reason="it is not in the store",
        )
    ]


def test_an_object_of_another_size_is_found(draft: Draft) -> None:
    path = draft.finish().path("group_1/self.json.gz")
    path.write_bytes(path.read_bytes() + b"\0")
    size = path.stat().st_size
    assert check(draft) == [
        Finding(
            kind=FindingKind.WRONG_SIZE,
            where="group_1/self.json.gz",
            reason=f"it has {size} bytes, the manifest says {size - 1}",
        )
    ]


def test_an_object_with_one_changed_bit_is_found_and_cannot_be_read(draft: Draft) -> None:
    path = draft.finish().path("group_1/self.json.gz")
    stored = bytearray(path.read_bytes())
    stored[-1] ^= 1
    path.write_bytes(stored)
    assert check(draft) == [
        Finding(
            kind=FindingKind.WRONG_HASH,
            where="group_1/self.json.gz",
            reason="its SHA-256 is not the one in the manifest",
        )
    ]
    with Archive(draft.store, PREFIX) as archive:
        stored_object = next(archive.all_objects())
        with pytest.raises(ChecksumMismatchError), archive.spool(stored_object):
            pass


def test_an_object_that_the_manifest_does_not_name_is_found(draft: Draft) -> None:
    draft.finish().put("project_7/issues.ndjson.gz", b"anything")
    assert check(draft) == [
        Finding(
            kind=FindingKind.UNEXPECTED_OBJECT,
            where="project_7/issues.ndjson.gz",
            reason="the manifest does not name it",
        )
    ]


def test_a_missing_batch_is_found_unless_its_relation_failed(draft: Draft) -> None:
    draft.records("project_7/labels/batch_4.ndjson.gz", LABELS)
    draft.finish_as_gitlab()
    assert check(draft) == [
        Finding(
            kind=FindingKind.MISSING_OBJECT,
            where="project_7/labels",
            reason="not all of its batches 1 to 4 are there",
        )
    ]
    draft.failed.append(FailedRelation(entity=PROJECT, relation="labels", reason="disk full"))
    assert check(draft.finish()) == []


def test_without_a_manifest_the_listing_counts_and_the_archive_says_what_cannot_be_known(draft: Draft) -> None:
    draft.finish_as_gitlab().put("project_7/readme.txt", b"stranger")
    draft.put("project_7/labels.ndjson.gz", draft.path("project_7/labels/batch_1.ndjson.gz").read_bytes())
    with Archive(draft.store, PREFIX) as archive:
        assert not archive.has_manifest
        labels = archive.objects(PROJECT, "labels")
        assert labels is not None
        assert [item.where for item in labels] == [
            "project_7/labels/batch_1.ndjson.gz",
            "project_7/labels/batch_2.ndjson.gz",
        ]
        assert [finding.kind for finding in archive.unchecked()] == [FindingKind.UNCHECKED] * 2
        found = [(finding.kind, finding.where) for finding in archive.check_structure()]
    assert (FindingKind.UNEXPECTED_OBJECT, "project_7/readme.txt") in found
    assert (FindingKind.UNEXPECTED_OBJECT, "project_7/labels.ndjson.gz") in found


def test_the_spelling_of_the_design_document_is_read_too(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.put("metadata.json", draft.metadata().to_json().replace(b'"format_version":1,', b""))
    draft.put("group_1-labels/batch_1.ndjson", b'{"title":"bug"}\n')
    with Archive(draft.store, PREFIX) as archive:
        (labels,) = archive.objects(GROUP, "labels") or ()
        with archive.spool(labels) as spool:
            assert [record.value for record in spool.records()] == [{"title": "bug"}]


def test_a_place_without_metadata_is_no_archive(draft: Draft) -> None:
    with pytest.raises(ArchiveNotFoundError, match=r"no finished archive at .*export_dJtnb3CV"):
        Archive(draft.store, PREFIX)


def test_an_archive_of_ours_without_its_manifest_is_refused(draft: Draft) -> None:
    draft.finish().path("manifest.json.gz").unlink()
    with pytest.raises(ManifestMissingError):
        Archive(draft.store, PREFIX)


def test_a_manifest_of_another_export_is_refused(draft: Draft, tmp_path: Path) -> None:
    other = Draft(tmp_path / "other", ghost=9).finish()
    draft.finish().put("manifest.json.gz", other.path("manifest.json.gz").read_bytes())
    with pytest.raises(MixedArchiveError, match="source_ghost_user_id"):
        Archive(draft.store, PREFIX)


def test_an_archive_may_lie_under_any_prefix(draft: Draft) -> None:
    draft.finish().path("").rename(draft.root / "renamed")
    with Archive(draft.store, ExportPrefix("renamed")) as archive:
        assert list(archive.check_objects(archive.all_objects())) == []


def test_an_unknown_entity_is_named(archive: Archive) -> None:
    with pytest.raises(EntityNotInArchiveError, match="top/other"):
        archive.entity("top/other")


def test_a_failed_relation_is_a_note_with_its_reason(tmp_path: Path) -> None:
    draft = Draft(tmp_path, failed=[FailedRelation(entity=PROJECT, relation="labels", reason="disk full")]).finish()
    with Archive(draft.store, PREFIX) as archive:
        (finding,) = archive.failures()
    assert finding == Finding(
        kind=FindingKind.FAILED_RELATION, entity="top/app", path="labels", reason="the export failed: disk full"
    )
    assert not finding.is_fault


def test_an_object_beyond_the_limit_is_not_copied(draft: Draft) -> None:
    draft.finish()
    with Archive(draft.store, PREFIX, Limits(object_bytes=10_000)) as archive:
        archive.limits = Limits(object_bytes=10)
        stored = next(archive.all_objects())
        with pytest.raises(LimitExceededError), archive.spool(stored):
            pass


def test_the_index_walks_more_objects_than_one_slice(tmp_path: Path) -> None:
    draft = Draft(tmp_path)
    draft.records("project_7/labels/batch_1.ndjson.gz", LABELS)
    entry = draft.entries["project_7/labels/batch_1.ndjson.gz"]
    keys = [entry.key.parse(f"project_7/labels/batch_{number}.ndjson.gz") for number in range(1, 1203)]
    index = ObjectIndex()
    index.announce(StoredObject(key=key, size=1) for key in keys)
    assert [item.where for item in index.all()] == sorted(str(key) for key in keys)
    assert [item.number for item in index.of_relation(PROJECT, "labels")] == list(range(1, 1203))
    index.close()


def test_what_could_take_over_a_terminal_is_escaped_in_a_finding_and_letters_are_not() -> None:
    finding = Finding(kind=FindingKind.DIFFERENT, reason="it differs", sample="赤\x1b[31m\u202e\n" + "a" * 200)
    assert finding.to_json() == {
        "kind": "different",
        "reason": "it differs",
        "sample": "赤\\x1b[31m\\u202e\\n" + "a" * 192 + "...",
    }
