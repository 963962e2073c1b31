"""One archive as a side of a comparison: its records in canonical form, one relation of one entity after the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from offline_transfer.archive.keys import (
    LARGEST_ID,
    MAX_IIDS_RELATION,
    SELF_RELATION,
    USER_CONTRIBUTIONS_RELATION,
    EntityPrefix,
    Extension,
)
from offline_transfer.errors import BadInputError, StorageError
from offline_transfer.relations.loader import tree
from offline_transfer.relations.rules import Context
from offline_transfer.types import JsonObject, JsonValue, PortableKind
from offline_transfer.verify import files
from offline_transfer.verify.canonical import Canonical, CanonicalNode, records_of
from offline_transfer.verify.entities import EntityPair
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.index import StoredObject
from offline_transfer.verify.people import EntityUsers, People
from offline_transfer.verify.reader import Archive
from offline_transfer.verify.spool import Spool

NO_CAP = 2**31
Titles = set[tuple[str, JsonValue]]
"""Tables and titles of the records that became a project's own."""


@cache
def canonical_node(kind: PortableKind, relation: str) -> CanonicalNode:
    """How the records of a relation of the first level are compared; unknown ones as they are."""
    portable = tree(kind)
    if relation == SELF_RELATION:
        return CanonicalNode(relation, replace(portable.root, children=()))
    node = next((node for node in portable.relations if node.name == relation), None)
    return CanonicalNode(relation, node)


def relation_order(kind: PortableKind) -> tuple[str, ...]:
    """The relations in the order of comparison: users last, when it is known who was named."""
    portable = tree(kind)
    named = [node.name for node in portable.relations if not node.is_contributions]
    return (SELF_RELATION, MAX_IIDS_RELATION, *named, *portable.files, USER_CONTRIBUTIONS_RELATION)


@dataclass(slots=True)
class Side:
    """One of the two archives."""

    which: str
    archive: Archive
    names: Mapping[EntityPrefix, str]
    """What its groups and projects are called in the comparison."""
    people: People


class EntitySide:
    """One group or project of one archive; it also knows what its ids mean."""

    def __init__(self, side: Side, prefix: EntityPrefix, pair: EntityPair, context: Context, adopted: Titles) -> None:
        self.side = side
        self.prefix = prefix
        self.pair = pair
        self.adopted = adopted
        self.context = context
        self.findings: list[Finding] = []
        self._portables = {(prefix.kind, prefix.id): name for prefix, name in side.names.items()}
        self.users = EntityUsers(side.people, pair.root, side.archive.metadata.source_ghost_user_id)

    def relations(self) -> tuple[str, ...]:
        """The relations that it has objects of."""
        return self.side.archive.relations(self.prefix)

    def has(self, relation: str) -> bool:
        """Whether there are objects of a relation, were they empty."""
        return self.side.archive.objects(self.prefix, relation) is not None

    def records(self, relation: str) -> Iterator[Canonical | None]:
        """The records of the first level in their order; None for one that is not compared."""
        self.context.position = 0
        for stored in self.side.archive.objects(self.prefix, relation) or ():
            for record in self._guarded(stored):
                yield self._canonical(relation, record)
                self.context.position += 1

    def root_attributes(self) -> JsonObject:
        """The own attributes of the group or project; empty where they cannot be read."""
        for stored in self.side.archive.objects(self.prefix, SELF_RELATION) or ():
            for record in self._guarded(stored):
                return record
        return {}

    def learn_users(self) -> None:
        """Find out who the users are before anything names them."""
        for record in self._raw(USER_CONTRIBUTIONS_RELATION):
            self.users.learn(record)
        for node in tree(self.pair.kind).relations:
            describing = [child.name for child in node.children if child.is_user and _describes(child.attributes)]
            for name in describing:
                for record in self._raw(node.name):
                    for user in records_of(record.get(name)):
                        self.users.learn(user)

    def find_adopted(self) -> None:
        """Note the labels and milestones of groups that are not in the archive."""
        for relation in tree(self.pair.kind).relations:
            node = canonical_node(self.pair.kind, relation.name)
            if any(below.can_be_adopted for below in node.walk()):
                for record in self._raw(relation.name):
                    self._note_adopted(node, record)

    def is_adopted(self, table: str, record: JsonObject) -> bool:
        """See `rules.Context.is_adopted`."""
        return self._is_outside(record.get("group_id")) or (table, _hashable(record.get("title"))) in self.adopted

    def user(self, source_id: JsonValue) -> JsonValue:
        """See `canonical.References`."""
        return self.users.name(source_id)

    def user_aside(self, source_id: JsonValue) -> JsonValue:
        """See `canonical.References`."""
        self.users.name_aside(source_id)
        return None

    def described(self, source_id: JsonValue) -> JsonValue:
        """See `canonical.References`."""
        return self.users.describe(source_id)

    def portable(self, kind: PortableKind, source_id: JsonValue) -> JsonValue:
        """See `canonical.References`."""
        if not isinstance(source_id, int) or not 1 <= source_id <= LARGEST_ID:
            return source_id
        return self._portables.get((kind, source_id)) or f"(outside: {kind.value}_{source_id})"

    def _canonical(self, relation: str, record: JsonObject) -> Canonical | None:
        node = canonical_node(self.pair.kind, relation)
        if relation == USER_CONTRIBUTIONS_RELATION and self.users.is_aside(record.get("id")):
            return None
        if node.can_be_adopted and self._key(node, record) in self.adopted:
            return None
        return node.canonical(record, self.context, self)

    def _raw(self, relation: str) -> Iterator[JsonObject]:
        for stored in self.side.archive.objects(self.prefix, relation) or ():
            yield from self._guarded(stored)

    def _guarded(self, stored: StoredObject) -> Iterator[JsonObject]:
        """The records of an object; what cannot be read becomes a finding."""
        try:
            with self.side.archive.spool(stored) as spool:
                yield from self._read(stored, spool)
        except StorageError as error:
            if error.retryable:
                raise
            self._find(FindingKind.UNREADABLE, stored, error.message)
        except BadInputError as error:
            self._find(FindingKind.DAMAGED, stored, error.message)

    def _read(self, stored: StoredObject, spool: Spool) -> Iterator[JsonObject]:
        if stored.key.extension is Extension.TAR:
            for member in spool.members():
                yield from files.describe(stored.key.relation, member)
        elif stored.key.extension is Extension.JSON:
            yield spool.document()
        else:
            for record in spool.records():
                if isinstance(record.value, BadInputError):
                    self._find(FindingKind.INVALID_RECORD, stored, record.value.message)
                else:
                    yield record.value

    def _find(self, kind: FindingKind, stored: StoredObject, reason: str) -> None:
        said = f"in the {self.side.which} archive: {reason}"
        finding = Finding(kind=kind, where=stored.where, entity=self.pair.path, path=stored.key.relation, reason=said)
        if finding not in self.findings:
            self.findings.append(finding)

    def _is_outside(self, group_id: JsonValue) -> bool:
        if not isinstance(group_id, int) or group_id < 1:
            return False
        return (PortableKind.GROUP, group_id) not in self._portables

    def _key(self, node: CanonicalNode, record: JsonObject) -> tuple[str, JsonValue]:
        return "" if node.node is None else node.node.table.name, _hashable(record.get("title"))

    def _note_adopted(self, node: CanonicalNode, record: JsonObject) -> None:
        if node.can_be_adopted and self._is_outside(record.get("group_id")):
            self.adopted.add(self._key(node, record))
        for name, child in node.children.items():
            for below in records_of(record.get(name)):
                self._note_adopted(child, below)


def _describes(attributes: tuple[object, ...]) -> bool:
    return any(getattr(attribute, "name", None) == "id" for attribute in attributes)


def _hashable(value: JsonValue) -> JsonValue:
    return None if isinstance(value, dict | list) else value
