"""A real archive, in which every relation has records: it is found in order, and no change to it goes unnoticed."""

import gzip
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson

from offline_transfer.archive.keys import Extension, ObjectKey
from offline_transfer.db import Database
from offline_transfer.relations.loader import tree
from offline_transfer.types import JsonValue, PortableKind
from offline_transfer.verify.archive import verify
from offline_transfer.verify.findings import FindingKind
from tests.support.fill import fill_every_relation
from tests.support.instances import Exported, Instance, compared

SECRET = {"encrypted_password": "$2a$10$e5Xn"}


def export_twice(make_database: Callable[[], Database], directory: Path) -> tuple[Exported, Exported]:
    """One instance, exported in two sizes of batches."""
    (directory / "instance").mkdir()
    small = Instance(make_database(), directory / "instance", {"batch_size": 10})
    fill_every_relation(small.database, small.repositories, small.files)
    large = Instance(small.database, small.directory, {"batch_size": 500})
    return small.export(directory / "first", "fill"), large.export(directory / "second", "fill")


def relations_with_records(archive: Path) -> list[Path]:
    """One object of every relation of an entity that has records."""
    found: dict[str, Path] = {}
    for path in sorted(archive.rglob("*.gz")):
        name = str(path.relative_to(archive))
        if not name.startswith(("manifest", "metadata")):
            is_tar = ObjectKey.parse(name).extension is Extension.TAR
            if not is_tar and gzip.decompress(path.read_bytes()):
                found.setdefault(relation_of(path, archive), path)
    return list(found.values())


def relation_of(path: Path, archive: Path) -> str:
    key = ObjectKey.parse(str(path.relative_to(archive)))
    return f"{key.entity}/{key.relation}"


def without_describing(archive: Path) -> None:
    """Make an archive like GitLab's, in which nothing says what the objects should be."""
    (archive / "manifest.json.gz").unlink()
    (archive / "SHA256SUMS").unlink()
    metadata = archive / "metadata.json.gz"
    values = orjson.loads(gzip.decompress(metadata.read_bytes()))
    for key in ("format_version", "generator", "batched", "export_tag"):
        values.pop(key, None)
    metadata.write_bytes(gzip.compress(orjson.dumps(values)))


def change_first_record(path: Path, change: Callable[[dict[str, JsonValue]], None]) -> None:
    first, *others = gzip.decompress(path.read_bytes()).split(b"\n")
    record = orjson.loads(first)
    change(record)
    path.write_bytes(gzip.compress(b"\n".join([orjson.dumps(record), *others])))


SET_BY_IMPORTS = ("active", "next_run_at", "group_runners_enabled", "enabled")
"""What an import sets on purpose, whatever the archive says; the relation files declare it."""


def change_a_value(record: dict[str, JsonValue]) -> None:
    """Change the first value that is compared: a text, a number, or a switch."""
    for key, value in record.items():
        if key.endswith("_id") or key in ("id", "name", "path", "relative_position") or key in SET_BY_IMPORTS:
            continue
        if isinstance(value, bool):
            record[key] = not value
        elif isinstance(value, int):
            record[key] = value + 1
        elif isinstance(value, str) and value:
            record[key] = f"x{value}"
        else:
            continue
        return
    record["project_id"] = 424242


def test_a_real_archive_is_in_order_and_every_change_to_it_is_found(
    make_database: Callable[[], Database], tmp_path: Path
) -> None:
    first, second = export_twice(make_database, tmp_path)
    for exported in (first, second):
        with exported.open() as archive:
            assert [str(finding) for finding in verify(archive)] == []
    comparison = compared(first, second)
    assert (comparison.equal, comparison.findings) == (True, ())
    assert unseen_paths({(path.entity, path.path) for path in comparison.paths if path.first}) == set()

    with second.open() as archive:
        prefixes = {path: str(entity) for path, entity in archive.metadata.entities_mapping.items()}
    forged = replace(second, place=tmp_path / "forged")
    shutil.copytree(second.directory, forged.directory)
    without_describing(forged.directory)
    assert compared(first, forged).equal
    objects = relations_with_records(forged.directory)
    for path in objects:
        change_first_record(path, change_a_value)
    different = {
        f"{entity}/{path.path}"
        for path in compared(first, forged).paths
        if not path.is_equal and (entity := prefixes[path.entity])
    }
    changed = {relation_of(path, forged.directory) for path in objects}
    assert len(changed) > 60
    assert changed - different == set()

    change_first_record(
        next(path for path in objects if path.parent.name == "labels"), lambda record: record.update(SECRET)
    )
    with forged.open() as archive:
        kinds = {finding.kind for finding in verify(archive)}
    assert FindingKind.SENSITIVE_KEY in kinds


def unseen_paths(seen: set[tuple[str, str]]) -> set[str]:
    """The paths of both trees on which no record was compared."""
    known = {path for _, path in seen}
    every = {node.path for kind in PortableKind for node in tree(kind).root.walk() if node.path and not _is_older(node)}
    return every - known


def _is_older(node: object) -> bool:
    return getattr(node, "direction", None) == "import_only"
