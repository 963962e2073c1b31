"""Archives whose records were tampered with everywhere: nothing escapes, everything is counted, nobody else's rows change."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from offline_transfer.db import Database, connect
from offline_transfer.importing import batch
from offline_transfer.importing.archive_source import ArchiveEntity
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import RelationNode
from offline_transfer.transfers.states import EntityState
from offline_transfer.types import PortableKind
from tests.support.database import TestServer
from tests.support.fill import fill_every_relation
from tests.support.importing import Destination, RecordsSource, make_destination
from tests.support.instances import Exported, Instance
from tests.support.tampering import damaged, tampered
from tests.support.witness import Witness

MakeDatabase = Callable[[], Database]


@dataclass(frozen=True, slots=True)
class Entity:
    """A group or project as an archive holds it."""

    kind: PortableKind
    full_path: str
    attributes: dict[str, Any]
    relations: dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def entities(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> list[Entity]:
    """The entities of an archive in which every relation has records."""
    directory = tmp_path_factory.mktemp("source")
    with database_server.clone() as address:
        source = Instance(connect(address), directory)
        fill_every_relation(source.database, source.repositories, source.files)
        exported = source.export(tmp_path_factory.mktemp("archive"), "fill")
        source.database.close()
    return list(read(exported))


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records are written three at a time, so that later ones meet what earlier ones have not committed."""
    monkeypatch.setattr(batch, "CHUNK_RECORDS", 3)


@pytest.fixture
def witnessed(make_database: MakeDatabase, tmp_path: Path) -> Destination:
    """An instance to import into; waiting for a lock there ends in an error and not never."""
    database = make_database()
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f"ALTER DATABASE \"{name}\" SET lock_timeout = '5s'"))
    database.close()
    directory = tmp_path / "destination"
    directory.mkdir()
    return make_destination(database, directory)


@pytest.mark.parametrize("seed", range(2))
def test_a_tampered_archive_is_accounted_for_and_touches_nothing_else(
    entities: list[Entity], witnessed: Destination, seed: int
) -> None:
    import_tampered(entities, witnessed, seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 1080, 10))
def test_many_tampered_archives_are_accounted_for_and_touch_nothing_else(
    entities: list[Entity], witnessed: Destination, first: int
) -> None:
    for seed in range(first, first + 5):
        import_tampered(entities, witnessed, seed)


def import_tampered(entities: Sequence[Entity], destination: Destination, seed: int) -> None:
    """Imports every entity of the archive, each tampered with in its own way, and looks at what came of it."""
    for number, entity in enumerate(entities):
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - chosen again by its seed
        lines = {relation: tampered(chance, records) for relation, records in entity.relations.items()}
        attributes = damaged(chance, entity.attributes)
        witness = Witness(destination.database)
        row = destination.run(
            RecordsSource(
                entity.kind,
                entity.full_path,
                attributes,
                {relation: list(halves(found)) for relation, found in lines.items()},
            ),
            slug=f"s{seed}-{number}",
        )
        where = f"seed {seed}, entity {number}: {row.error}"
        assert row.status is EntityState.finished, where
        accounting = destination.accounting(row)
        counts = {path: count.source for path, count in accounting.paths.items() if path in paths_of(entity.kind)}
        assert counts == dict(count_objects(entity.kind, lines)), where
        assert [
            path
            for path, count in accounting.paths.items()
            if count.source != count.imported + count.skipped + count.failed
        ] == [], where
        assert witness.complaints(row.project_id, row.namespace_id) == [], where


def read(exported: Exported) -> Iterator[Entity]:
    """Every entity of an archive with its attributes and the records of its tree."""
    with exported.open() as archive:
        for path, prefix in sorted(archive.metadata.entities_mapping.items()):
            entity = ArchiveEntity(archive, prefix, path)
            relations: dict[str, list[dict[str, Any]]] = {}
            for node in tree(entity.kind).relations:
                records = relations.setdefault(node.name, [])
                for found in entity.objects(node.name) or ():
                    with found.lines() as lines:
                        records.extend(orjson.loads(line) for line in lines)
            yield Entity(entity.kind, path, dict(entity.root()), relations)


def halves(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The lines as two batches."""
    middle = len(lines) // 2
    yield lines[:middle]
    yield lines[middle:]


def paths_of(kind: PortableKind) -> set[str]:
    """Every path of a tree."""
    return {node.path for node in tree(kind).root.walk()} - {""}


def count_objects(kind: PortableKind, relations: dict[str, list[bytes]]) -> Counter[str]:
    """The JSON objects of each path, counted without the import's help; a line that is no object is one record."""
    counts: Counter[str] = Counter()
    for node in tree(kind).relations:
        for line in relations[node.name]:
            if line.strip() in (b"", b"null"):
                continue
            try:
                record = orjson.loads(line)
            except orjson.JSONDecodeError:
                record = None
            if isinstance(record, dict):
                count_below(node, record, counts)
            else:
                counts[node.path] += 1
    return counts


def count_below(node: RelationNode, record: dict[str, Any], counts: Counter[str]) -> None:
    """One record and what is nested in it."""
    counts[node.path] += 1
    for child in node.children:
        below = record.get(child.name)
        for item in below if isinstance(below, list) else [below]:
            if isinstance(item, dict):
                count_below(child, item, counts)
