"""Archives that somebody changed on their way, or wrote in the name of another."""

import gzip
import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

import orjson
from pyrage.x25519 import Identity

from offline_transfer.archive.checksums import write_checksums
from offline_transfer.archive.encryption import PLAIN, Encryption, Envelope
from offline_transfer.archive.gzip import compress
from offline_transfer.archive.keys import CHECKSUMS_KEY, MANIFEST_KEY
from offline_transfer.archive.signature import SigningKey
from tests.attacks.making.archives import honest_contents, label, records
from tests.unit.verify.archives import Draft

IDENTITY: Final = Identity.generate()
ENVELOPE: Final = Encryption((str(IDENTITY.to_public()),))
LABELS: Final = "project_7/labels.ndjson.gz"
CHUNK: Final = 64 * 1024
"""Bytes of plain text in one part of an age file; encrypted it has 16 more."""


def signed(directory: Path, key: SigningKey | None = None) -> Path:
    """An honest archive, signed."""
    return _draft(directory).complete().finish(key or SigningKey.generate()).path("")


def rehashed(archive: Path, key: str, content: bytes) -> Path:
    """Puts other content into an object, and makes manifest and checksums right for it. A signature stays as it was."""
    stored = b"".join(compress([content]))
    (archive / key).write_bytes(stored)
    manifest = gzip.decompress((archive / MANIFEST_KEY).read_bytes()).split(b"\n")
    total = {"bytes": 0, "content_bytes": 0}
    for number, line in enumerate(manifest):
        if not line.startswith(b'{"key":'):
            continue
        entry = orjson.loads(line.rstrip(b","))
        if entry["key"] == key:
            entry |= {"bytes": len(stored), "content_bytes": len(content)}
            entry |= {
                "sha256": hashlib.sha256(stored).hexdigest(),
                "content_sha256": hashlib.sha256(content).hexdigest(),
            }
            manifest[number] = orjson.dumps(entry) + (b"," if line.endswith(b",") else b"")
        total = {name: total[name] + entry[name] for name in total}
    totals = orjson.loads(manifest[-2].removeprefix(b'"totals":').removesuffix(b"}"))
    manifest[-2] = b'"totals":' + orjson.dumps(totals | total) + b"}"
    (archive / MANIFEST_KEY).write_bytes(gzip.compress(b"\n".join(manifest)))
    sums = [line.split("  ", 1) for line in (archive / CHECKSUMS_KEY).read_text().splitlines()]
    pairs = ((name, hashlib.sha256((archive / name).read_bytes()).hexdigest()) for _, name in sums)
    (archive / CHECKSUMS_KEY).write_bytes(b"".join(write_checksums(pairs)))
    return archive


def exchanged(archive: Path, one: str, other: str) -> Path:
    """Two objects in each other's place."""
    first, second = ((archive / key).read_bytes() for key in (one, other))
    (archive / one).write_bytes(second)
    (archive / other).write_bytes(first)
    return archive


def mixed(archive: Path, other: Path, *keys: str) -> Path:
    """Some objects of another archive."""
    for key in keys:
        shutil.copyfile(other / key, archive / key)
    return archive


def encrypted(directory: Path, spoil: str | None = None) -> Path:
    """An encrypted archive; its labels are several parts of an age file, `cut` after one, or `swapped`, with hashes that
    are right.
    """
    draft = _draft(directory, ENVELOPE)
    # Texts that hardly compress, so that there are several parts.
    texts = (
        "".join(hashlib.sha512(b"%d %d" % (number, part)).hexdigest() for part in range(8)) for number in range(600)
    )
    records("labels", *(label(f"l{number}", description=text) for number, text in enumerate(texts)))(draft)
    if spoil is not None:
        _spoil(draft, spoil)
    return draft.complete().finish().path("")


def _spoil(draft: Draft, spoil: str) -> None:
    path = draft.path(draft.stored(LABELS))
    content = path.read_bytes()
    start = content.index(b"\n---") + 1
    start = content.index(b"\n", start) + 1 + 16
    part = CHUNK + 16
    parts = [content[at : at + part] for at in range(start, len(content), part)]
    assert len(parts) >= 3
    changed = parts[:1] if spoil == "cut" else [parts[1], parts[0], *parts[2:]]
    stored = content[:start] + b"".join(changed)
    path.write_bytes(stored)
    entry = draft.entries[LABELS]
    measurement = replace(entry.measurement, stored_bytes=len(stored), sha256=hashlib.sha256(stored).hexdigest())
    draft.entries[LABELS] = replace(entry, measurement=measurement)


def _draft(directory: Path, envelope: Envelope = PLAIN) -> Draft:
    draft = Draft(directory, envelope=envelope)
    for write in honest_contents():
        write(draft)
    return draft
