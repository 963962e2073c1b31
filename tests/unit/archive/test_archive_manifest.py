"""The manifest: written and read as a stream, and believed only where it is consistent."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest

from offline_transfer.archive.errors import InvalidManifestError, LimitExceededError, MixedArchiveError
from offline_transfer.archive.keys import EntityPrefix, ExportPrefix, ObjectKey
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.manifest import FailedRelation, ManifestEntry, SkippedRelation, write_manifest
from offline_transfer.archive.manifest_reader import Manifest, ManifestReader, require_same_export
from offline_transfer.archive.metadata import Metadata
from offline_transfer.archive.objects import Measurement
from offline_transfer.types import PortableKind

NAME = "manifest.json.gz"
GROUP, PROJECT = EntityPrefix(PortableKind.GROUP, 1), EntityPrefix(PortableKind.PROJECT, 7)
METADATA = Metadata(
    export_prefix=ExportPrefix("2026-04-16_19-39-00_export_dJtnb3CV"),
    source_hostname="https://gitlab.example.com",
    entities_mapping={"top": GROUP, "top/app": PROJECT},
    batched=True,
)
FAILED = FailedRelation(entity=PROJECT, relation="uploads", reason="the disk was full")
SKIPPED = SkippedRelation(entity=GROUP, relation="epics")


def entry(key: str, **records: int) -> ManifestEntry:
    return ManifestEntry(
        key=ObjectKey.parse(key),
        measurement=Measurement(stored_bytes=10, sha256="a" * 64, content_bytes=100, content_sha256="b" * 64),
        records=records,
        read_at=datetime(2026, 4, 16, 19, 39, 0, 5, tzinfo=UTC),
    )


ENTRIES = [
    entry("group_1/labels/batch_1.ndjson.gz", labels=3),
    entry("project_7/issues/batch_1.ndjson.gz", issues=2, **{"issues.notes": 5}),
    entry("project_7/issues/batch_2.ndjson.gz", issues=3),
    entry("project_7/labels.ndjson.gz"),
    entry("project_7/repository.tar.gz", repository=4),
]


def written(entries: list[ManifestEntry] = ENTRIES) -> bytes:
    return b"".join(write_manifest(METADATA, [FAILED], entries, [SKIPPED]))


def pieces(data: bytes, size: int = 100) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def read(data: bytes) -> Manifest:
    return Manifest.read(pieces(data), Limits(), NAME)


@pytest.mark.parametrize("entries", [[], ENTRIES[:1], ENTRIES])
def test_a_manifest_survives(entries: list[ManifestEntry]) -> None:
    assert read(written(entries)) == Manifest(
        metadata=METADATA,
        failed_relations=(FAILED,),
        skipped_relations=(SKIPPED,),
        objects={found.key: found for found in entries},
    )


def test_a_manifest_that_knows_of_nothing_skipped_is_read() -> None:
    older = written().replace(b'"skipped_relations":[\n{"entity":"group_1","relation":"epics"}\n],\n', b"")
    assert read(older).skipped_relations == ()


def test_any_json_parser_reads_it() -> None:
    document = orjson.loads(written())
    assert list(document) == ["metadata", "failed_relations", "skipped_relations", "objects", "totals"]
    assert document["totals"] == {
        "objects": 5,
        "bytes": 50,
        "content_bytes": 500,
        "records": {"issues": 5, "issues.notes": 5, "labels": 3, "repository": 4},
    }


def test_entries_come_one_by_one() -> None:
    taken = 0

    def many() -> Iterator[ManifestEntry]:
        nonlocal taken
        for number in range(10**6, 10**7):
            taken += 1
            yield entry(f"group_1/labels/batch_{number}.ndjson.gz", labels=1)

    reader = ManifestReader(write_manifest(METADATA, [], many()), Limits(), NAME)
    first = next(reader.entries())
    assert str(first.key) == "group_1/labels/batch_1000000.ndjson.gz"
    assert taken < 5


def test_times_are_written_in_utc_with_microseconds() -> None:
    moment = datetime(2026, 4, 16, 21, 39, 0, tzinfo=timezone(timedelta(hours=2)))
    found = ManifestEntry(key=ENTRIES[0].key, measurement=ENTRIES[0].measurement, records={}, read_at=moment)
    assert found.to_object()["read_at"] == "2026-04-16T19:39:00.000000Z"


def test_a_reason_is_written_on_one_line_and_cut() -> None:
    reason = FailedRelation(entity=GROUP, relation="labels", reason="a\n\x1b[2Jb" + "x" * 2000).to_object()["reason"]
    assert isinstance(reason, str)
    assert (reason[:8], len(reason)) == ("a [2Jbxx", 1000)
    assert FailedRelation(entity=GROUP, relation="labels", reason="\n").to_object()["reason"] == "unknown"


@pytest.mark.parametrize(
    "entries",
    [
        [ENTRIES[1], ENTRIES[0]],
        [ENTRIES[0], ENTRIES[0]],
        [entry("group_1-labels.ndjson")],
    ],
    ids=["descending", "twice", "another spelling"],
)
def test_entries_are_written_in_the_order_of_their_keys(entries: list[ManifestEntry]) -> None:
    with pytest.raises(ValueError, match="entries go by key"):
        written(entries)


Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> bytes:
    """The first entry of the manifest changed, everything else as it was."""
    lines = written().split(b"\n")
    at = lines.index(b'"objects":[') + 1
    values = orjson.loads(lines[at].removesuffix(b","))
    change(values)
    lines[at] = orjson.dumps(values) + b","
    return b"\n".join(lines)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("key", "group_1/../labels.ndjson.gz"),
        ("key", "group_1-labels/batch_1.ndjson"),
        ("key", "group_1/labels/batch_2.ndjson.gz"),
        ("entity", "group_2"),
        ("relation", "issues"),
        ("batch", 2),
        ("batch", None),
        ("bytes", -1),
        ("bytes", "10"),
        ("bytes", 10.0),
        ("bytes", True),
        ("sha256", "a" * 63),
        ("sha256", "A" * 64),
        ("sha256", None),
        ("content_bytes", 2**63),
        ("content_sha256", "g" * 64),
        ("records", {"labels": -1}),
        ("records", {"labels": "3"}),
        ("records", {"../labels": 3}),
        ("records", {"labels\n": 3}),
        ("records", {"": 3}),
        ("records", [3]),
        ("read_at", "2026-04-16"),
        ("read_at", "2026-13-16T19:39:00.000005Z"),
        ("read_at", "2026-04-16T19:39:00.000005+02:00"),
    ],
)
def test_an_entry_that_is_not_as_specified_is_refused(key: str, value: object) -> None:
    with pytest.raises(InvalidManifestError, match=r"^manifest\.json\.gz is not the manifest of an export: line 9: "):
        read(changed(lambda values: values.update({key: value})))


def test_a_missing_field_is_named() -> None:
    with pytest.raises(InvalidManifestError, match="line 9: `sha256`: it is missing"):
        read(changed(lambda values: values.pop("sha256")))


def without(part: bytes, data: bytes) -> bytes:
    assert part in data
    return data.replace(part, b"", 1)


LAST_LINE = b'"totals":' + orjson.dumps(orjson.loads(written())["totals"]) + b"}\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it ends too early"),
        (b"{}", "it does not begin with the metadata"),
        (b"\n" + written(), "it does not begin with the metadata"),
        (without(b'"failed_relations":[\n', written()), "is missing"),
        (without(b'"objects":[\n', written()), "is missing"),
        (without(LAST_LINE, written()), "it ends too early"),
        (written()[:-200], "it "),
        (written() + b"{}\n", "something follows its end"),
        (without(b"\n".join(written().split(b"\n")[8:9]) + b"\n", written()), "its totals are not the sums of its entries"),
        (written().replace(b'"objects":5', b'"objects":6'), "its totals are not the sums of its entries"),
        (written().replace(b'"labels":3}', b'"labels":4}', 1), "its totals are not the sums of its entries"),
        (written().replace(b"},\n{", b"}\n{", 1), "a comma is missing between two entries"),
        (written().replace(b"}\n],\n", b"},\n],\n", 1), "a comma stands after the last entry"),
        (written().replace(b"group_1", b"group_2").replace(b"group_2", b"group_3", 1), "of an entity that its metadata do not map"),
        (written().replace(b'"labels":3},', b'"labels":03},'), "it is not JSON"),
        (written().replace(b'"uploads"', b'"../uploads"'), "`relation`: it does not have the form"),
        (written().replace(b'"epics"', b'"e.p"'), "`relation`: it does not have the form"),
        (written().replace(b"the disk was full", b"the disk\\nwas full"), "`reason`: it holds control characters"),
    ],
)  # fmt: skip
def test_a_manifest_that_contradicts_itself_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidManifestError) as caught:
        read(data)
    assert reason in str(caught.value)


def test_entries_out_of_order_or_twice_are_refused() -> None:
    lines = written().split(b"\n")
    lines[8:10] = lines[9], lines[8]
    with pytest.raises(InvalidManifestError, match="line 10: its objects are not in ascending order"):
        read(b"\n".join(lines))
    lines = written().split(b"\n")
    lines.insert(8, lines[8])
    with pytest.raises(InvalidManifestError, match="line 10: its objects are not in ascending order"):
        read(b"\n".join(lines))


FAILED_LABELS = FailedRelation(entity=GROUP, relation="labels", reason="the disk was full")


@pytest.mark.parametrize("after", [[], ["group_1/self.json.gz"]])
@pytest.mark.parametrize("batches", [[2], [1, 3], [2, 3]])
def test_a_relation_that_lacks_a_batch_is_refused_unless_it_failed(batches: list[int], after: list[str]) -> None:
    keys = [f"group_1/labels/batch_{number}.ndjson.gz" for number in batches] + after
    entries = [entry(key) for key in keys]
    with pytest.raises(InvalidManifestError, match="lacks a batch, and is not said to have failed"):
        read(written(entries))
    found = read(b"".join(write_manifest(METADATA, [FAILED_LABELS], entries)))
    assert [str(key) for key in found.objects] == keys


@pytest.mark.parametrize(
    "other", ["group_1/labels/batch_1.ndjson.gz", "group_1/labels/batch_2.ndjson.gz", "group_1/labels.tar.gz"]
)
def test_a_relation_is_one_object_or_batches(other: str) -> None:
    entries = [entry("group_1/labels.ndjson.gz"), entry(other)]
    with pytest.raises(InvalidManifestError, match="the relation before it has one object beside others"):
        read(b"".join(write_manifest(METADATA, [FAILED_LABELS], entries)))


def test_a_manifest_has_its_limit() -> None:
    with pytest.raises(LimitExceededError, match="raise the limit `manifest_bytes`"):
        Manifest.read(pieces(written()), Limits(manifest_bytes=1000), NAME)


def test_metadata_of_another_export_are_noticed() -> None:
    stored = Metadata.parse([METADATA.to_json()], Limits(), "metadata.json.gz")
    require_same_export(read(written()).metadata, stored)
    other = Metadata(
        export_prefix=ExportPrefix("2026-04-17_08-00-00_export_aaaaaaaa"),
        source_hostname=METADATA.source_hostname,
        entities_mapping=METADATA.entities_mapping,
        source_ghost_user_id=3,
        batched=True,
    )
    with pytest.raises(
        MixedArchiveError, match="disagree about `export_prefix`, `export_tag`, `source_ghost_user_id`: "
    ):
        require_same_export(METADATA, other)


def test_the_order_of_the_mapping_makes_no_other_export() -> None:
    other = Metadata(
        export_prefix=METADATA.export_prefix,
        source_hostname=METADATA.source_hostname,
        entities_mapping={"top/app": PROJECT, "top": GROUP},
        batched=True,
    )
    require_same_export(METADATA, other)
