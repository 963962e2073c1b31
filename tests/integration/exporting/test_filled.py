"""An instance in which every relation has records: the counts are true, and no secret leaves."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import String, Text, update

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.db import Database, connect
from offline_transfer.exporting import tree as instance_tree
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import ExclusionReason, RelationNode
from offline_transfer.relations.sensitive import sensitive_keys
from offline_transfer.types import PortableKind
from tests.integration.exporting.exporter import Exported, Exporter
from tests.integration.exporting.tallies import differences, tally
from tests.support.database import TestServer
from tests.support.fill import fill_every_relation

SECRET = "never-to-leave-this-place"


@dataclass(frozen=True, slots=True)
class Filled:
    """The instance and its archive."""

    exporter: Exporter
    exported: Exported

    def relations(self) -> list[tuple[str, RelationNode, list[Any]]]:
        """Entity prefix, node and records of every tree relation."""
        found = []
        for prefix in self.exported.manifest()["metadata"]["entities_mapping"].values():
            kind = EntityPrefix.parse(prefix).kind
            for node in tree(kind).relations:
                if not node.is_contributions:
                    found.append((prefix, node, self.exported.relation(prefix, node.name)))
        return found


@pytest.fixture(scope="module")
def filled(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """One for all tests of this module, none of which changes it."""
    with database_server.clone() as address:
        database = connect(address)
        exporter = Exporter(database, tmp_path_factory.mktemp("instance"), {"batch_size": 3})
        made = fill_every_relation(database, exporter.repositories, exporter.files)
        _plant_secrets(database)
        yield Filled(exporter, exporter.export(*made.top_level_groups))
        database.close()


def test_everything_arrives_and_the_counts_are_those_of_the_json(filled: Filled) -> None:
    assert (filled.exported.failures, filled.exported.is_clean) == ([], True)
    announced: Counter[str] = Counter()
    for item in filled.exported.manifest()["objects"]:
        if item["key"].endswith(".ndjson.gz") and item["relation"] != "user_contributions":
            announced.update({f"{item['entity']}.{path}": count for path, count in item["records"].items()})
    walked: Counter[str] = Counter()
    for prefix, node, records in filled.relations():
        walked.update({f"{prefix}.{path}": count for path, count in tally(node, records).items()})
    assert differences(announced, walked) == {}
    assert sum(walked.values()) > 1000


def test_the_checker_of_counts_finds_a_record_that_was_not_counted() -> None:
    issues = tree(PortableKind.PROJECT).relation("issues")
    nothing: dict[str, Any] = {child.name: None if child.is_single else [] for child in issues.exported()}
    node = tree(PortableKind.PROJECT).node("issues.timelogs")
    timelog = {attribute.name: None for attribute in node.attributes}
    walked = tally(issues, [nothing | {"timelogs": [timelog, timelog]}, nothing])
    assert walked == {"issues": 2, "issues.timelogs": 2}
    assert differences({"issues": 2, "issues.timelogs": 1}, walked) == {"issues.timelogs": (1, 2)}
    assert differences({"issues": 2, "issues.timelogs": 2, "issues.notes": 0}, walked) == {}


def test_the_tree_of_the_instance_has_the_counts_of_the_archive(filled: Filled) -> None:
    exporter = filled.exporter
    with exporter.database.session() as session:
        found = instance_tree.portables(session)
    counted = {
        (portable.path, path): count
        for portable in found
        for path, count in instance_tree.counts(exporter.database, exporter.repositories, portable)
    }
    exported = {
        (row["entity"], row["path"]): row["imported"]
        for row in filled.exported.rows
        if row["path"] != "user_contributions"
    }
    outside = {portable.path for portable in found} - {entity for entity, _ in exported}
    assert {key: count for key, count in counted.items() if key[0] not in outside} == exported
    with exporter.database.session() as session:
        below = instance_tree.portables(session, "FILL/inner")
    assert [portable.path for portable in below] == ["fill/inner", "fill/inner/second"]


def test_every_user_who_is_named_is_among_the_contributors(filled: Filled) -> None:
    missing: dict[str, set[int]] = {}
    for prefix, node, records in filled.relations():
        known = {user["id"] for user in filled.exported.records(f"{prefix}/user_contributions.ndjson.gz")}
        if unknown := _named(node, records) - known:
            missing[f"{prefix}.{node.name}"] = unknown
    assert missing == {}


def test_no_secret_and_no_suspicious_key_leaves(filled: Filled) -> None:
    suspects = set()
    for prefix, node, records in filled.relations():
        suspects |= {f"{prefix}.{node.path}.{key}" for key in sensitive_keys(node, records)}
    for prefix in filled.exported.manifest()["metadata"]["entities_mapping"].values():
        root = tree(EntityPrefix.parse(prefix).kind).root
        suspects |= set(sensitive_keys(root, filled.exported.records(f"{prefix}/self.json.gz")))
    assert suspects == set()
    assert [key for key in filled.exported.object_keys() if SECRET.encode() in filled.exported.content(key)] == []


def test_the_search_for_secrets_finds_one(filled: Filled) -> None:
    node = tree(PortableKind.PROJECT).relation("issues")
    (record, *_) = [records[0] for prefix, found, records in filled.relations() if found == node]
    assert list(sensitive_keys(node, [record | {"runners_token": "x"}])) == ["runners_token"]


def _plant_secrets(database: Database) -> None:
    """Put the same text into every column that must not leave."""
    planted = 0
    with database.session() as session:
        for kind in PortableKind:
            for node in tree(kind).root.walk():
                for name, reason in node.excluded.items():
                    column = node.table.c.get(name)
                    if reason in (ExclusionReason.SECRET, ExclusionReason.RENDERED) and column is not None:
                        assert isinstance(column.type, Text | String)
                        session.execute(update(node.table).values({name: SECRET}))
                        planted += 1
    assert planted > 5


def _named(node: RelationNode, records: list[Any]) -> set[int]:
    names = [attribute.name for attribute in node.attributes if attribute.user_reference]
    found = {record[name] for record in records for name in names if record[name] is not None}
    for child in node.exported():
        values = [record[child.name] for record in records]
        nested = [
            item for value in values for item in (value if isinstance(value, list) else [value]) if item is not None
        ]
        found |= _named(child, nested)
    return found
