"""Whatever is done to the bytes of an archive, a reader accepts them or refuses them as bad input, and never fails otherwise."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline_transfer.archive.checksums import read_checksums, write_checksums
from offline_transfer.archive.gzip import compress, decompress
from offline_transfer.archive.keys import EntityPrefix, ExportPrefix, ObjectKey
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.manifest import FailedRelation, ManifestEntry, write_manifest
from offline_transfer.archive.manifest_reader import Manifest
from offline_transfer.archive.metadata import Metadata
from offline_transfer.archive.ndjson import lines, parse
from offline_transfer.archive.objects import Measurement
from offline_transfer.archive.tarball import members
from offline_transfer.errors import BadInputError
from offline_transfer.types import PortableKind
from tests.unit.archive.raw_tar import END, entry, long_name, pax

# Limits so low that mutations reach them.
LIMITS = Limits(
    decompressed_bytes=100_000,
    line_bytes=5000,
    json_depth=5,
    record_values=100,
    tar_members=10,
    tar_extension_bytes=600,
)
ENTITY = EntityPrefix(PortableKind.GROUP, 1)
METADATA = Metadata(
    export_prefix=ExportPrefix("p"), source_hostname="https://gitlab.example.com", entities_mapping={"top": ENTITY}
)
ENTRY = ManifestEntry(
    key=ObjectKey.parse("group_1/labels.ndjson.gz"),
    measurement=Measurement(stored_bytes=1, sha256="a" * 64, content_bytes=1, content_sha256="b" * 64),
    records={"labels": 1},
    read_at=datetime(2026, 4, 16, tzinfo=UTC),
)
FAILED = FailedRelation(entity=ENTITY, relation="uploads", reason="the disk was full")

TAR = (
    entry(b"./a/", kind=b"5")
    + pax((b"path", b"a/b"), (b"size", b"3"))
    + entry(b"x", b"abc")
    + long_name(b"c")
    + entry(b"d")
)
NDJSON = b'{"a":[{"b":{"c":1.5e3}},"\\\\\\u0041",12345678901234567890]}\n{"d":null}\n'


def read_tar(data: bytes) -> None:
    for member in members([data], LIMITS, "x.tar"):
        assert sum(len(block) for block in member.blocks()) == member.size


def read_records(data: bytes) -> None:
    for index, line in enumerate(lines([data], LIMITS, "x.ndjson")):
        assert isinstance(parse(line, index=index, limits=LIMITS, name="x.ndjson"), dict)


READERS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "tar": (TAR + END, read_tar),
    "ndjson": (NDJSON, read_records),
    "gzip": (b"".join(compress([NDJSON])), lambda data: b"".join(decompress([data], LIMITS, "x.gz"))),
    "metadata": (METADATA.to_json(), lambda data: Metadata.parse([data], LIMITS, "metadata.json.gz")),
    "manifest": (
        b"".join(write_manifest(METADATA, [FAILED], [ENTRY])),
        lambda data: Manifest.read([data], LIMITS, "manifest.json.gz"),
    ),
    "checksums": (
        b"".join(write_checksums([("group_1/self.json.gz", "a" * 64)])),
        lambda data: list(read_checksums([data], LIMITS, "SHA256SUMS")),
    ),
}

pieces = st.binary(max_size=3) | st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\u0000",
        b",",
        b"\n",
        b"\x00",
        b"null",
        b"9" * 20,
        b"../",
        b"\xff",
        b"true",
        b"-1",
        b"1e9",
    ]
)


@pytest.mark.parametrize("kind", READERS)
def test_readers_accept_what_has_not_been_touched(kind: str) -> None:
    data, read = READERS[kind]
    read(data)


@settings(max_examples=150)
@pytest.mark.parametrize("kind", READERS)
@given(st.data())
def test_readers_refuse_mutations_as_bad_input_or_accept_them(kind: str, data: st.DataObject) -> None:
    mutated, read = READERS[kind]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(mutated)))
        end = start + data.draw(st.integers(0, 8))
        mutated = mutated[:start] + data.draw(pieces) + mutated[end:]
    try:
        read(mutated)
    except BadInputError as error:
        assert str(error).isprintable()  # noqa: PT017


@settings(max_examples=100)
@pytest.mark.parametrize("kind", READERS)
@given(st.binary(max_size=1100))
def test_readers_refuse_noise_as_bad_input_or_accept_it(kind: str, noise: bytes) -> None:
    try:
        READERS[kind][1](noise)
    except BadInputError as error:
        assert str(error).isprintable()  # noqa: PT017
