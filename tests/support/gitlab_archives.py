"""Archives as GitLab writes them, made from ours: what GitLab does not have is taken away, and the rest is named its way."""

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from offline_transfer.archive.keys import (
    CHECKSUMS_KEY,
    MANIFEST_KEY,
    METADATA_KEY,
    SIGNATURE_KEY,
    UNCOMPRESSED_METADATA_KEY,
    EntityPrefix,
    Extension,
    ObjectKey,
    Spelling,
)
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import Link

OURS: Final = frozenset({"wiki", "snippets_repository"})
"""File relations that GitLab does not export."""
LATER: Final = frozenset({"members", "project_members", "badges", "project_badges", "snippets"})
"""What GitLab 19.3 does not move; later versions do with some of it."""

METADATA_KEYS: Final = (
    "instance_version",
    "instance_enterprise",
    "export_prefix",
    "source_hostname",
    "entities_mapping",
)


@dataclass(frozen=True, slots=True)
class Writing:
    """How keys and metadata are written: as GitLab does, or as its design document has it."""

    separator: str = "/"
    is_compressed: bool = True
    prefix_key: str = "export_prefix"


GITLAB: Final = Writing()
BLUEPRINT: Final = Writing("-", is_compressed=False, prefix_key="export_tag")


def as_gitlab(archive: Path, writing: Writing = GITLAB) -> None:
    """Turn a finished archive of ours in a directory into one that GitLab 19.3 could have written."""
    metadata = orjson.loads(gzip.decompress((archive / METADATA_KEY).read_bytes()))
    for name in (METADATA_KEY, MANIFEST_KEY, CHECKSUMS_KEY, SIGNATURE_KEY):
        (archive / name).unlink(missing_ok=True)
    for path in sorted(archive.rglob("*.gz")):
        key = ObjectKey.parse(str(path.relative_to(archive)))
        if key.relation in OURS | LATER or _is_left_out(key, path):
            path.unlink()
        else:
            _rename(archive, path, key, writing)
    for directory in sorted(archive.rglob("*"), reverse=True):
        if directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
    kept = {name: metadata[name] for name in METADATA_KEYS}
    kept = {(writing.prefix_key if name == "export_prefix" else name): value for name, value in kept.items()}
    _write_metadata(archive, orjson.dumps(kept), writing)


def change_metadata(archive: Path, **values: object) -> None:
    """Give keys of the metadata other values."""
    path = archive / METADATA_KEY
    path.write_bytes(gzip.compress(orjson.dumps(orjson.loads(gzip.decompress(path.read_bytes())) | values)))


def copy(archive: Path, to: Path) -> Path:
    """The same archive somewhere else."""
    shutil.copytree(archive, to)
    return to


def is_batchable(entity: EntityPrefix, relation: str) -> bool:
    """Whether GitLab writes a relation in batches: it is a collection."""
    if relation in ("uploads", "lfs_objects"):
        return True
    nodes = {node.name: node for node in tree(entity.kind).relations}
    return relation in nodes and nodes[relation].link is Link.HAS_MANY and relation != "user_contributions"


def _is_left_out(key: ObjectKey, path: Path) -> bool:
    """Whether GitLab writes no object here: it has batches only of what there is."""
    if not is_batchable(key.entity, key.relation):
        return False
    content = gzip.decompress(path.read_bytes())
    return not content if key.extension is Extension.NDJSON else not content.strip(b"\0")


def _rename(archive: Path, path: Path, key: ObjectKey, writing: Writing) -> None:
    spelling = Spelling(writing.separator, compressed=writing.is_compressed)
    batch = key.batch if key.batch is not None else 1 if is_batchable(key.entity, key.relation) else None
    now = ObjectKey(entity=key.entity, relation=key.relation, extension=key.extension, batch=batch, spelling=spelling)
    content = path.read_bytes()
    path.unlink()
    target = archive / str(now)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content if writing.is_compressed else gzip.decompress(content))


def _write_metadata(archive: Path, content: bytes, writing: Writing) -> None:
    if writing.is_compressed:
        (archive / METADATA_KEY).write_bytes(gzip.compress(content))
    else:
        (archive / UNCOMPRESSED_METADATA_KEY).write_bytes(content)
