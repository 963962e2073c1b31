"""The archive byte for byte: a change here is a change of the format, and `docs/format.md` has to tell it.

Other programs are asked too: what `sha256sum`, `gzip` and `tar` say of a directory that we wrote, and what we read of a
tar that GNU tar wrote in the way in which GitLab calls it.
"""

import gzip as standard_gzip
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from offline_transfer.archive.checksums import write_checksums
from offline_transfer.archive.gzip import compress, decompress
from offline_transfer.archive.keys import (
    CHECKSUMS_KEY,
    MANIFEST_KEY,
    METADATA_KEY,
    EntityPrefix,
    ExportPrefix,
    Extension,
    ObjectKey,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.manifest import FailedRelation, ManifestEntry, write_manifest
from offline_transfer.archive.metadata import Metadata
from offline_transfer.archive.objects import ObjectStream
from offline_transfer.archive.tarball import Member, members, write
from offline_transfer.types import PortableKind

LIMITS = Limits()
GROUP, PROJECT = EntityPrefix(PortableKind.GROUP, 1), EntityPrefix(PortableKind.PROJECT, 7)
READ_AT = datetime(2026, 4, 16, 19, 39, 0, 5, tzinfo=UTC)
PREFIX = "2026-04-16_19-39-00_export_dJtnb3CV"
METADATA = Metadata(
    export_prefix=ExportPrefix(PREFIX),
    source_hostname="https://gitlab.example.com",
    entities_mapping={"top": GROUP, "top/app": PROJECT},
    source_ghost_user_id=3,
    batched=True,
    generator="offline-transfer 0.1.0",
)


def test_metadata_are_these_bytes() -> None:
    assert METADATA.to_json() == (
        b'{"instance_version":"19.3.0","instance_enterprise":false,'
        b'"export_prefix":"2026-04-16_19-39-00_export_dJtnb3CV","export_tag":"2026-04-16_19-39-00_export_dJtnb3CV",'
        b'"source_hostname":"https://gitlab.example.com","batched":true,'
        b'"entities_mapping":{"top":"group_1","top/app":"project_7"},"source_ghost_user_id":3,'
        b'"format_version":1,"generator":"offline-transfer 0.1.0"}\n'
    )


def test_a_manifest_is_these_bytes() -> None:
    stream = ObjectStream([])
    list(stream)
    entries = [
        ManifestEntry(
            key=ObjectKey(entity=GROUP, relation="labels", extension=Extension.NDJSON, batch=1),
            measurement=stream.measurement,
            records={"labels": 0},
            read_at=READ_AT,
        ),
        ManifestEntry(
            key=ObjectKey(entity=GROUP, relation="self", extension=Extension.JSON),
            measurement=stream.measurement,
            records={"self": 1},
            read_at=READ_AT,
        ),
    ]
    failed = [FailedRelation(entity=PROJECT, relation="uploads", reason="the disk was full")]
    empty = (
        b'"bytes":20,"sha256":"ac73670af3abed54ac6fb4695131f4099be9fbe39d6076c5d0264a6bbdae9d83",'
        b'"content_bytes":0,"content_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",'
    )
    assert b"".join(write_manifest(METADATA, failed, entries)) == (
        b'{"metadata":' + METADATA.to_json().rstrip(b"\n") + b",\n"
        b'"failed_relations":[\n'
        b'{"entity":"project_7","relation":"uploads","reason":"the disk was full"}\n'
        b"],\n"
        b'"skipped_relations":[\n'
        b"],\n"
        b'"objects":[\n'
        b'{"key":"group_1/labels/batch_1.ndjson.gz","entity":"group_1","relation":"labels","batch":1,'
        + empty
        + b'"records":{"labels":0},"read_at":"2026-04-16T19:39:00.000005Z"},\n'
        b'{"key":"group_1/self.json.gz","entity":"group_1","relation":"self","batch":null,'
        + empty
        + b'"records":{"self":1},"read_at":"2026-04-16T19:39:00.000005Z"}\n'
        b"],\n"
        b'"totals":{"objects":2,"bytes":40,"content_bytes":0,"records":{"labels":0,"self":1}}}\n'
    )


def test_a_tar_is_these_bytes() -> None:
    tar = b"".join(write([Member(name="avatar/logo.png", size=3, open=lambda: [b"png"])], LIMITS, "uploads.tar.gz"))
    header = (
        b"./avatar/logo.png".ljust(100, b"\0")
        + b"0000644\x000000000\x000000000\x0000000000003\x0000000000000\x00"
        + b"010757\x00 0"
        + bytes(100)
        + b"ustar  \x00"
    ).ljust(512, b"\0")
    assert tar == header + b"png".ljust(512, b"\0") + bytes(1024)


def test_a_long_name_is_written_as_gnu_tar_does() -> None:
    name = "secret/" + "n" * 120
    tar = b"".join(write([Member(name=name, size=0, open=lambda: [])], LIMITS, "uploads.tar.gz"))
    assert (tar[:13], tar[156:157], tar[512 : 512 + 130]) == (b"././@LongLink", b"L", f"./{name}".encode() + b"\0")
    assert tar[1024:1124] == f"./{name}".encode()[:100]


def test_compressed_objects_begin_and_end_alike_whenever_and_wherever_they_are_written() -> None:
    content = b'{"title":"bug"}\n' * 3
    stored = b"".join(compress([content]))
    assert stored[:10].hex() == "1f8b08000000000000ff"
    assert stored[-8:].hex() == standard_gzip.compress(content)[-8:].hex()


def store(directory: Path, key: str, stream: ObjectStream) -> str:
    path = directory / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(stream))
    return stream.measurement.sha256


def test_carriers_verify_an_archive_with_their_own_programs(tmp_path: Path) -> None:
    root = tmp_path / PREFIX
    tar = write([Member(name="avatar/logo.png", size=3, open=lambda: [b"png"])], LIMITS, "uploads")
    sums = [
        (key, store(root, key, ObjectStream(content)))
        for key, content in [
            ("group_1/labels/batch_1.ndjson.gz", [b"{}\n"]),
            ("group_1/uploads.tar.gz", tar),
            (MANIFEST_KEY, write_manifest(METADATA, [], [])),
        ]
    ]
    (root / CHECKSUMS_KEY).write_bytes(b"".join(write_checksums(sums)))
    store(root, METADATA_KEY, ObjectStream([METADATA.to_json()]))

    check = ["sha256sum", "--check", "--strict", CHECKSUMS_KEY]
    assert subprocess.run(check, cwd=root, check=True, capture_output=True, text=True).stdout.splitlines() == [
        "group_1/labels/batch_1.ndjson.gz: OK",
        "group_1/uploads.tar.gz: OK",
        "manifest.json.gz: OK",
    ]
    subprocess.run(["gzip", "--test", METADATA_KEY], cwd=root, check=True)
    listing = ["tar", "--list", "--verbose", "--gzip", "--file", "group_1/uploads.tar.gz", "--numeric-owner", "--utc"]
    listed = subprocess.run(listing, cwd=root, check=True, capture_output=True, text=True)
    assert (listed.stdout.split(), listed.stderr) == (
        ["-rw-r--r--", "0/0", "3", "1970-01-01", "00:00", "./avatar/logo.png"],
        "",
    )


def test_a_tar_of_a_directory_by_gnu_tar_and_gzip_is_read(tmp_path: Path) -> None:
    files = {
        "avatar/logo.png": b"png",
        "5f2b" * 8 + "/" + "Übersicht " * 12 + ".txt": b"x" * 5000,
        "lfs_objects.json": b"{}",
    }
    for name, content in files.items():
        path = tmp_path / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for form in ("gnu", "posix"):
        tar = subprocess.run(
            ["tar", f"--format={form}", "--create", "--directory", tmp_path / "export", "."],
            check=True,
            capture_output=True,
        )
        packed = subprocess.run(["gzip"], input=tar.stdout, check=True, capture_output=True)
        blocks = decompress([packed.stdout], LIMITS, "uploads.tar.gz")
        found = {member.name: b"".join(member.blocks()) for member in members(blocks, LIMITS, "uploads.tar.gz")}
        assert found == files
