"""Verification finds whatever is not as it was exported, and nothing in an archive that is."""

import hashlib
import os
from pathlib import Path

import pytest

from offline_transfer.archive.checksums import write_checksums
from offline_transfer.archive.gzip import compress
from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.archive.manifest import FailedRelation, SkippedRelation
from offline_transfer.types import JsonObject, PortableKind
from offline_transfer.verify.archive import verify
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.reader import Archive
from tests.unit.verify.archives import Draft

PROJECT = EntityPrefix(PortableKind.PROJECT, 7)
ONE = b"1" * 40
BUNDLE = b"# v2 git bundle\n%s HEAD\n%s refs/heads/main\n\nPACK" % (ONE, ONE)
OID = hashlib.sha256(b"large").hexdigest()
LABELS = "project_7/labels/batch_1.ndjson.gz"
ISSUES = "project_7/issues/batch_1.ndjson.gz"


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    draft = Draft(tmp_path)
    draft.document("project_7/self.json.gz", {"name": "App", "visibility_level": 20})
    draft.document("project_7/max_iids.json.gz", {"issues": 2})
    draft.records(LABELS, [{"title": "bug", "color": "#f00", "priorities": [{"priority": 1}]}])
    draft.records(ISSUES, [{"title": "A", "iid": 1, "state": "opened", "notes": [{"note": "x", "author_id": 3}]}])
    draft.files("project_7/repository.tar.gz", {"repository.bundle": BUNDLE}, count=1)
    draft.files("project_7/uploads.tar.gz", {"avatar/a.png": b"a", f"{'0' * 32}/b.txt": b"b", "c.txt": b"c"})
    draft.files(
        "project_7/lfs_objects.tar.gz", {OID: b"large", "lfs_objects.json": b'{"%s":[0]}' % OID.encode()}, count=1
    )
    return draft


def found(draft: Draft) -> list[Finding]:
    with Archive(draft.store, draft.prefix) as archive:
        return list(verify(archive))


def kinds(draft: Draft) -> list[tuple[FindingKind, str | None]]:
    return [(finding.kind, finding.where) for finding in found(draft)]


def spoil(path: Path) -> None:
    stored = bytearray(path.read_bytes())
    stored[-1] ^= 1
    path.write_bytes(stored)


def restore_sums(draft: Draft, **changed: str) -> None:
    """Write SHA256SUMS anew, with some hashes changed."""
    sums = {str(entry.key): entry.measurement.sha256 for entry in draft.entries.values()}
    sums["manifest.json.gz"] = hashlib.sha256(draft.path("manifest.json.gz").read_bytes()).hexdigest()
    draft.put("SHA256SUMS", b"".join(write_checksums(sorted({**sums, **changed}.items()))))


def test_an_archive_that_is_as_it_was_exported_has_no_finding(draft: Draft) -> None:
    assert found(draft.complete().finish()) == []


def test_each_object_is_named_before_it_is_read(draft: Draft) -> None:
    said: list[str] = []
    with Archive(draft.finish().store, draft.prefix) as archive:
        list(verify(archive, progress=said.append))
    assert said == sorted(draft.entries)


def test_an_absent_object_is_found(draft: Draft) -> None:
    draft.complete().finish().path(LABELS).unlink()
    assert kinds(draft) == [(FindingKind.MISSING_OBJECT, LABELS)]


def test_a_cut_object_is_found(draft: Draft) -> None:
    path = draft.complete().finish().path(LABELS)
    os.truncate(path, 20)
    assert kinds(draft) == [(FindingKind.WRONG_SIZE, LABELS)]


def test_a_changed_object_is_found(draft: Draft) -> None:
    spoil(draft.complete().finish().path(LABELS))
    assert kinds(draft) == [(FindingKind.WRONG_HASH, LABELS)]


def test_an_object_that_nobody_announced_is_found(draft: Draft) -> None:
    draft.complete().finish().put("project_7/labels/batch_2.ndjson.gz", b"x")
    assert kinds(draft) == [(FindingKind.UNEXPECTED_OBJECT, "project_7/labels/batch_2.ndjson.gz")]


def test_a_link_in_the_place_of_an_object_is_found(draft: Draft) -> None:
    path = draft.complete().finish().path(LABELS)
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    ((kind, _),) = kinds(draft)
    assert kind is FindingKind.UNREADABLE


def test_a_damaged_object_is_found_although_its_hash_is_right(draft: Draft) -> None:
    draft.complete()
    entry = draft.entries[LABELS]
    stored = draft.path(LABELS).read_bytes()
    forged = stored[:-8] + bytes(8)
    measurement = type(entry.measurement)(
        stored_bytes=len(forged),
        sha256=hashlib.sha256(forged).hexdigest(),
        content_bytes=entry.measurement.content_bytes,
        content_sha256=entry.measurement.content_sha256,
    )
    draft.entries[LABELS] = type(entry)(
        key=entry.key, measurement=measurement, records=entry.records, read_at=entry.read_at
    )
    draft.put(LABELS, forged)
    assert kinds(draft.finish()) == [(FindingKind.DAMAGED, LABELS)]


def test_content_that_is_not_what_was_compressed_is_found(draft: Draft) -> None:
    draft.complete()
    entry = draft.entries[LABELS]
    other = b"".join(compress([b'{"title":"no"}\n']))
    measurement = type(entry.measurement)(
        stored_bytes=len(other),
        sha256=hashlib.sha256(other).hexdigest(),
        content_bytes=entry.measurement.content_bytes,
        content_sha256=entry.measurement.content_sha256,
    )
    draft.entries[LABELS] = type(entry)(
        key=entry.key, measurement=measurement, records=entry.records, read_at=entry.read_at
    )
    draft.put(LABELS, other)
    assert (FindingKind.DAMAGED, LABELS) in kinds(draft.finish())


def test_counts_are_compared_for_every_path(draft: Draft) -> None:
    draft.content(
        ISSUES, b'{"title":"A","iid":1,"notes":[{"note":"x"}]}\n', {"issues": 1, "issues.notes": 2, "issues.events": 0}
    )
    assert found(draft.complete().finish()) == [
        Finding(
            kind=FindingKind.WRONG_COUNT,
            where=ISSUES,
            entity="top/app",
            path="issues.notes",
            reason="it holds 1 records, the manifest says 2",
        )
    ]


def test_files_and_refs_are_counted(draft: Draft) -> None:
    draft.files("project_7/uploads.tar.gz", {"avatar/a.png": b"a"}, count=2)
    draft.files("project_7/repository.tar.gz", {"repository.bundle": BUNDLE}, count=2)
    assert kinds(draft.complete().finish()) == [
        (FindingKind.WRONG_COUNT, "project_7/repository.tar.gz"),
        (FindingKind.WRONG_COUNT, "project_7/uploads.tar.gz"),
    ]


def test_checksums_that_say_something_else_are_found(draft: Draft) -> None:
    draft.complete().finish()
    restore_sums(draft, **{LABELS: "0" * 64, "project_7/strangers.ndjson.gz": "0" * 64})
    assert found(draft) == [
        Finding(kind=FindingKind.CHECKSUMS_DIFFER, where=LABELS, reason="SHA256SUMS gives it another hash"),
        Finding(
            kind=FindingKind.CHECKSUMS_DIFFER,
            where="project_7/strangers.ndjson.gz",
            reason="SHA256SUMS has a line for it, and the manifest has none",
        ),
    ]


def test_checksums_cover_the_manifest(draft: Draft) -> None:
    draft.complete().finish()
    restore_sums(draft, **{"manifest.json.gz": "0" * 64})
    assert kinds(draft) == [(FindingKind.CHECKSUMS_DIFFER, "manifest.json.gz")]


def test_an_object_without_a_checksum_is_found(draft: Draft) -> None:
    draft.complete().finish()
    sums = draft.path("SHA256SUMS").read_bytes().splitlines(keepends=True)
    draft.put("SHA256SUMS", b"".join(line for line in sums if LABELS.encode() not in line))
    assert found(draft) == [
        Finding(kind=FindingKind.CHECKSUMS_DIFFER, where=LABELS, reason="it has no line in SHA256SUMS")
    ]


@pytest.mark.parametrize("stored", [None, b"nonsense\n"])
def test_checksums_that_are_absent_or_none_are_found(draft: Draft, stored: bytes | None) -> None:
    draft.complete().finish()
    draft.path("SHA256SUMS").unlink()
    if stored is not None:
        draft.put("SHA256SUMS", stored)
    assert kinds(draft) == [(FindingKind.CHECKSUMS_DIFFER, "SHA256SUMS")]


def test_a_relation_that_is_not_there_is_found_unless_it_failed(draft: Draft) -> None:
    draft.complete()
    for relation in ("wiki", "design"):
        del draft.entries[f"project_7/{relation}.tar.gz"]
        draft.path(f"project_7/{relation}.tar.gz").unlink()
    draft.failed.append(FailedRelation(entity=PROJECT, relation="design", reason="disk full"))
    assert found(draft.finish()) == [
        Finding(
            kind=FindingKind.FAILED_RELATION, entity="top/app", path="design", reason="the export failed: disk full"
        ),
        Finding(
            kind=FindingKind.MISSING_RELATION,
            entity="top/app",
            path="wiki",
            reason="it is not in the archive, and nothing says why",
        ),
    ]


def test_a_relation_that_was_left_out_on_purpose_is_a_note(draft: Draft) -> None:
    draft.complete()
    del draft.entries["project_7/design.tar.gz"]
    draft.path("project_7/design.tar.gz").unlink()
    draft.skipped.append(SkippedRelation(entity=PROJECT, relation="design"))
    (finding,) = found(draft.finish())
    assert finding == Finding(
        kind=FindingKind.SKIPPED_RELATION,
        entity="top/app",
        path="design",
        reason="whoever exported left it out on purpose",
    )
    assert not finding.is_fault


RECORDS: dict[str, tuple[bytes, str | None, str]] = {
    "no JSON": (b"{", "labels", "line 1: it is not JSON"),
    "no object": (b"[]", "labels", "line 1: it holds a list instead of an object"),
    "a wrong type": (b'{"title":1}', "labels", 'line 1: `title`: the value is not of type "string"'),
    "a missing value": (b'{"color":"red"}', "labels", 'line 1: "title" is a required property'),
    "null where none may be": (b'{"title":null}', "labels", 'line 1: `title`: the value is not of type "string"'),
    "no time": (b'{"title":"a","created_at":"soon"}', "labels", "line 1: `created_at`: the value does not match"),
    "a fault below": (
        b'{"title":"a","priorities":[{"priority":1},{"priority":"high"}]}',
        "labels.priorities",
        'line 1: `priority`: the value is not of type "integer"',
    ),
    "a list where one is": (b'{"title":"a","priorities":{}}', "labels.priorities", "line 1: the value is not of types"),
}


@pytest.mark.parametrize(("line", "path", "reason"), RECORDS.values(), ids=RECORDS.keys())
def test_a_record_that_is_not_as_specified_is_found(draft: Draft, line: bytes, path: str, reason: str) -> None:
    counts = {"labels": 1, "labels.priorities": 2} if line.count(b"priority") > 1 else {"labels": 1}
    draft.content(LABELS, line + b"\n", {**counts, **({"labels.priorities": 1} if b"{}" in line else {})})
    (finding,) = found(draft.complete().finish())
    assert (finding.kind, finding.where, finding.entity, finding.path) == (
        FindingKind.INVALID_RECORD,
        LABELS,
        "top/app",
        path,
    )
    assert finding.reason.startswith(reason)


def test_a_fault_of_a_record_does_not_tell_what_it_holds(draft: Draft) -> None:
    draft.content(LABELS, b'{"title":{"private":"thing"}}\n', {"labels": 1})
    (finding,) = found(draft.complete().finish())
    assert "private" not in str(finding.to_json())


def test_many_invalid_records_are_counted(draft: Draft) -> None:
    draft.content(LABELS, b'{"title":1}\n' * 50, {"labels": 50})
    findings = found(draft.complete().finish())
    assert len(findings) == 21
    assert findings[-1].reason == "30 more places where a record is not as it should be"


def test_unknown_keys_are_notes_and_counted(draft: Draft) -> None:
    records: list[JsonObject] = [
        {"title": "A", "iid": number, "sparkle": 1, "notes": [{"note": "x", "note_html": "<p>"}]} for number in (1, 2)
    ]
    draft.records(ISSUES, records)
    findings = found(draft.complete().finish())
    assert [(finding.kind, finding.path, finding.reason, finding.is_fault) for finding in findings] == [
        (
            FindingKind.SENSITIVE_KEY,
            "issues.notes",
            "the key `note_html` looks as if it held a secret; 2 records have it",
            False,
        ),
        (FindingKind.UNKNOWN_KEY, "issues", "the key `sparkle` is not known; 2 records have it", False),
        (FindingKind.UNKNOWN_KEY, "issues.notes", "the key `note_html` is not known; 2 records have it", False),
    ]


def test_an_unknown_relation_is_a_note_and_its_records_are_counted(draft: Draft) -> None:
    draft.content("project_7/novelties.ndjson.gz", b'{"a":1}\n', {"novelties": 2})
    assert kinds(draft.complete().finish()) == [
        (FindingKind.UNKNOWN_RELATION, "project_7/novelties.ndjson.gz"),
        (FindingKind.WRONG_COUNT, "project_7/novelties.ndjson.gz"),
    ]


def test_a_relation_in_the_wrong_kind_of_object_is_found(draft: Draft) -> None:
    draft.files("project_7/snippets.tar.gz", {})
    draft.content("project_7/wiki.ndjson.gz", b"", {})
    assert kinds(draft.complete().finish()) == [
        (FindingKind.UNEXPECTED_OBJECT, "project_7/snippets.tar.gz"),
        (FindingKind.UNEXPECTED_OBJECT, "project_7/wiki.ndjson.gz"),
    ]


def test_a_document_that_is_not_as_specified_is_found(draft: Draft) -> None:
    draft.document("project_7/max_iids.json.gz", {"issues": "many"})
    draft.content("project_7/self.json.gz", b"[1]", {"self": 1})
    assert [(finding.kind, finding.reason) for finding in found(draft.complete().finish())] == [
        (FindingKind.INVALID_RECORD, 'line 1: `issues`: the value is not of type "integer"'),
        (FindingKind.INVALID_RECORD, "it holds a list instead of an object"),
        (FindingKind.WRONG_COUNT, "it holds 0 records, the manifest says 1"),
    ]


FILES: dict[str, tuple[str, dict[str, bytes], int, FindingKind]] = {
    "no bundle": ("repository", {"repository.bundle": b"nonsense"}, 0, FindingKind.INVALID_BUNDLE),
    "a bundle of another name": ("repository", {"other.bundle": BUNDLE}, 0, FindingKind.REFUSED_NAME),
    "a hook beside the bundle": ("repository", {"hooks/post-receive": b"#!"}, 0, FindingKind.REFUSED_NAME),
    "an upload without a secret": ("uploads", {"nosecret/a.txt": b"a"}, 1, FindingKind.REFUSED_NAME),
    "an upload too deep": ("uploads", {f"{'0' * 32}/a/b.txt": b"a"}, 1, FindingKind.REFUSED_NAME),
    "a right-to-left name": ("uploads", {"avatar/a\u202egnp.exe": b"a"}, 1, FindingKind.REFUSED_NAME),
    "another LFS content": ("lfs_objects", {OID: b"other"}, 1, FindingKind.WRONG_LFS_OBJECT),
    "an LFS object by another name": ("lfs_objects", {"readme": b"large"}, 1, FindingKind.REFUSED_NAME),
    "a list of no LFS objects": (
        "lfs_objects",
        {"lfs_objects.json": b'{"readme":[0]}'},
        0,
        FindingKind.WRONG_LFS_OBJECT,
    ),
    "no list of LFS objects": ("lfs_objects", {"lfs_objects.json": b"[]"}, 0, FindingKind.DAMAGED),
}


@pytest.mark.parametrize(("relation", "members", "count", "kind"), FILES.values(), ids=FILES.keys())
def test_files_that_are_not_as_specified_are_found(
    draft: Draft, relation: str, members: dict[str, bytes], count: int, kind: FindingKind
) -> None:
    draft.files(f"project_7/{relation}.tar.gz", members, count=count)
    assert kinds(draft.complete().finish()) == [(kind, f"project_7/{relation}.tar.gz")]


def test_a_bundle_of_a_snippet_may_have_any_digest(draft: Draft) -> None:
    draft.files("project_7/snippets_repository.tar.gz", {f"{'a' * 64}.bundle": BUNDLE}, count=1)
    assert found(draft.complete().finish()) == []


def test_an_archive_of_gitlab_says_what_could_not_be_checked_and_is_looked_into(draft: Draft) -> None:
    draft.content(LABELS, b'{"title":1}\n', {})
    findings = found(draft.finish_as_gitlab())
    assert [finding.kind for finding in findings] == [
        FindingKind.UNCHECKED,
        FindingKind.UNCHECKED,
        FindingKind.INVALID_RECORD,
    ]
