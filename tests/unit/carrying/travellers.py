"""Archives to be carried, and what became of them."""

from pathlib import Path
from typing import Final
from uuid import uuid4

from pyrage.x25519 import Identity

from offline_transfer.archive.encryption import Encryption, Keys
from offline_transfer.archive.signature import SigningKey
from offline_transfer.carrying.plan import Place
from offline_transfer.storage.buckets import MemoryBucket
from offline_transfer.storage.objects import BucketStore
from offline_transfer.verify.archive import verify
from offline_transfer.verify.findings import Finding
from offline_transfer.verify.reader import Archive
from tests.unit.verify.archives import PREFIX, Draft

IDENTITY: Final = Identity.generate()
RECIPIENT: Final = str(IDENTITY.to_public())
KEYS: Final = Keys((IDENTITY,))
SIGNING_KEY: Final = SigningKey.generate()
PUBLIC_KEY: Final = SIGNING_KEY.public_key("source.pub")
LABELS: Final = "project_7/labels/batch_1.ndjson.gz"
UPLOADS: Final = "project_7/uploads.tar.gz"


def filled(directory: Path, encryption: Encryption | None = None) -> Draft:
    """Something of every kind, not finished."""
    draft = Draft(directory) if encryption is None else Draft(directory, envelope=encryption)
    draft.document("project_7/self.json.gz", {"name": "App", "visibility_level": 20})
    draft.records(LABELS, [{"title": "bug", "color": "#f00"}])
    draft.records("project_7/labels/batch_2.ndjson.gz", [{"title": "other", "color": "#0f0"}])
    draft.files(UPLOADS, {"avatar/a.png": bytes(3_000_000)})
    return draft.complete()


def place_of(draft: Draft) -> Place:
    """Where it lies."""
    return Place(store=draft.store, prefix=draft.prefix)


def empty_place() -> Place:
    """A new bucket in memory."""
    return Place(store=BucketStore(MemoryBucket(f"destination-{uuid4().hex}")), prefix=PREFIX)


def contents(place: Place) -> dict[str, bytes]:
    """Every file by its name."""
    return {name: b"".join(place.store.blocks(place.key(name))) for name, _ in place.names()}


def opened(place: Place, keys: Keys = KEYS) -> Archive:
    """The archive at a place."""
    return Archive(place.store, place.prefix, keys=keys)


def faults(place: Place) -> list[Finding]:
    """What is wrong with the archive at a place."""
    with opened(place) as archive:
        return list(verify(archive))
