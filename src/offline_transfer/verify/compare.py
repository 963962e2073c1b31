"""Whether two archives say the same.

They do when they hold the same groups and projects by relative path, and for each path of the relation trees the same multiset of
canonical records: regardless of order and batches, with ids replaced by what they mean, repositories by their refs, files by name
and hash. What an import changes on purpose is declared in the relation files (`on_import`), and there is no other exception.

The first archive is the one that was imported, the second the one that was exported afterwards: rules that lower something (a
visibility, an access level) are applied to what was there before, so that a second archive that says more is different.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from offline_transfer.archive.keys import SELF_RELATION, EntityPrefix
from offline_transfer.forge.enums import AccessLevel
from offline_transfer.relations.rewriting import Moved, Rewriting
from offline_transfer.relations.rules import Context, grants
from offline_transfer.types import JsonObject
from offline_transfer.verify import suspects
from offline_transfer.verify.canonical import Canonical, Hasher, Total
from offline_transfer.verify.differences import differences, label, pair
from offline_transfer.verify.entities import EntityPair, match
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.people import People
from offline_transfer.verify.reader import Archive
from offline_transfer.verify.sides import NO_CAP, EntitySide, Side, Titles, relation_order

SAMPLES = 5
"""How many differing records of a relation are named."""
DIFFERENCES_OF_A_RECORD = 10

Progress = Callable[[str, str], None]
"""Called before a relation of an entity is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """What the user could give for whom the import ran that lies between the two archives."""

    level_cap: int = AccessLevel.owner
    may_grant: bool = True

    @classmethod
    def with_role(cls, role: AccessLevel, root_role: AccessLevel) -> "Importer":
        """Somebody with this role in the group that was imported into, and with `root_role` in the top-level group around it."""
        return cls(level_cap=role, may_grant=grants(root_role))


@dataclass(frozen=True, slots=True, kw_only=True)
class PathComparison:
    """One path of the tree of one group or project: records on both sides, and whether they are the same."""

    entity: str
    path: str
    first: int
    second: int
    is_equal: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome."""

    paths: tuple[PathComparison, ...]
    findings: tuple[Finding, ...]

    @property
    def equal(self) -> bool:
        """Whether the archives say the same; what could not be looked at (notes) does not count against it."""
        return all(path.is_equal for path in self.paths) and not any(finding.is_fault for finding in self.findings)

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "equal": self.equal,
            "findings": [finding.to_json() for finding in self.findings],
            "paths": [
                {
                    "entity": path.entity,
                    "path": path.path,
                    "first": path.first,
                    "second": path.second,
                    "equal": path.is_equal,
                }
                for path in self.paths
            ],
        }


def compare(
    first: Archive,
    second: Archive,
    *,
    roots: Mapping[str, str] | None = None,
    importer: Importer | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Compare two archives; see `entities.match` for `roots`. Raises `UnknownRootError` and errors of the stores."""
    with closing(People()) as mine, closing(People()) as theirs:
        matching = match(first.metadata.entities_mapping, second.metadata.entities_mapping, roots)
        sides = (
            Side("first", first, {pair.first: pair.path for pair in matching.pairs}, mine),
            Side("second", second, {pair.second: pair.path for pair in matching.pairs}, theirs),
        )
        rewriting = _rewriting(first, second, matching.pairs)
        work = _Work(*sides, rewriting, importer or Importer(), progress or _no_progress, list(matching.findings))
        for pair_of_entities in matching.pairs:
            work.compare_entity(pair_of_entities)
        for side in sides:
            work.findings += [*side.archive.unchecked(), *side.people.findings(side.which)]
        return Comparison(tuple(work.paths), tuple(work.findings))


def _rewriting(first: Archive, second: Archive, pairs: Sequence[EntityPair]) -> Rewriting:
    """What an import has done to texts between the two."""
    paths = {prefix: path for path, prefix in second.metadata.entities_mapping.items()}
    moved = [Moved(pair.kind, pair.path, paths[pair.second], pair.first.id, pair.second.id) for pair in pairs]
    return Rewriting(first.metadata.source_hostname, second.metadata.source_hostname, moved)


def _no_progress(_entity: str, _relation: str) -> None:
    return


@dataclass(slots=True)
class _Work:
    first: Side
    second: Side
    rewriting: Rewriting
    importer: Importer
    progress: Progress
    findings: list[Finding]
    paths: list[PathComparison] = field(default_factory=list)
    hasher: Hasher = field(default_factory=Hasher)
    _visibility: dict[str, int] = field(default_factory=dict)

    def compare_entity(self, entities: EntityPair) -> None:
        adopted: Titles = set()
        first = self._entity_side(self.first, entities.first, entities, adopted)
        second = self._entity_side(self.second, entities.second, entities, adopted)
        self._set_rules(first, second)
        for side in (first, second):
            side.learn_users()
        if "/" in entities.root:
            # Groups around the top did not travel.
            first.find_adopted()
        known = relation_order(entities.kind)
        strangers = sorted({*first.relations(), *second.relations()} - {*known})
        # Users are compared last, when it is known whom the records named.
        for relation in (*known[:-1], *strangers, known[-1]):
            if left_out := self._left_out(first, second, relation):
                self.findings += left_out
            elif first.has(relation) or second.has(relation):
                self.progress(entities.path, relation)
                self._compare_relation(first, second, relation)
        for side in (first, second):
            self.findings += [*side.findings, *side.users.findings(side.side.which, entities.path)]

    def _left_out(self, first: EntitySide, second: EntitySide, relation: str) -> list[Finding]:
        """A note for each archive from which a relation was left out on purpose: there is nothing to compare with."""
        return [
            Finding(
                kind=FindingKind.SKIPPED_RELATION,
                entity=side.pair.path,
                path=relation,
                reason=f"whoever exported the {side.side.which} archive left it out on purpose, so it is not compared",
            )
            for side in (first, second)
            if side.side.archive.is_skipped(side.prefix, relation)
        ]

    def _entity_side(self, side: Side, prefix: EntityPrefix, entities: EntityPair, adopted: Titles) -> EntitySide:
        context = Context(
            entity=entities.path,
            is_root=entities.is_root,
            visibility_cap=NO_CAP,
            level_cap=NO_CAP,
            may_grant=True,
            is_adopted=lambda table, record: found.is_adopted(table, record),
        )
        found = EntitySide(side, prefix, entities, context, adopted)
        return found

    def _set_rules(self, first: EntitySide, second: EntitySide) -> None:
        """What was before is lowered to what could arrive, and its texts rewritten; what arrived is taken as it is."""
        entities = first.pair
        visibility = second.root_attributes().get("visibility_level")
        self._visibility[entities.path] = visibility if isinstance(visibility, int) else NO_CAP
        around = entities.path if entities.parent is None else entities.parent
        first.context.visibility_cap = self._visibility.get(around, NO_CAP)
        first.context.level_cap = self.importer.level_cap
        first.context.may_grant = self.importer.may_grant
        first.context.texts = self.rewriting.at(entities.kind, entities.path)

    def _compare_relation(self, first: EntitySide, second: EntitySide, relation: str) -> None:
        one, other = self._totals(first, relation), self._totals(second, relation)
        is_whole = [*self._gaps(first, relation), *self._gaps(second, relation)] == []
        for path in dict.fromkeys((relation, *one.totals, *other.totals)):
            is_equal = one.totals.get(path, Total()) == other.totals.get(path, Total())
            self.paths.append(
                PathComparison(
                    entity=first.pair.path,
                    path=path,
                    first=one.count(path),
                    second=other.count(path),
                    is_equal=is_equal and is_whole,
                )
            )
        if one.totals.get(relation, Total()) != other.totals.get(relation, Total()):
            self.findings += self._explain(first, second, relation)

    def _totals(self, side: EntitySide, relation: str) -> "_Totals":
        found = _Totals()
        for record in side.records(relation):
            if record is None:
                found.aside[relation] += 1
            else:
                self.hasher.digest(record, found.totals)
        return found

    def _gaps(self, side: EntitySide, relation: str) -> Iterator[Finding]:
        """Why a relation is not whole on one side, also noted as findings."""
        archive = side.side.archive
        which = side.side.which
        reasons = []
        if archive.has_manifest and not side.has(relation):
            reasons.append(f"the relation is absent from the {which} archive")
        failed = any(
            relation == failure.relation and failure.entity == side.prefix for failure in archive.failed_relations
        )
        if failed:
            reasons.append(f"the export of the relation failed for the {which} archive")
        for reason in reasons:
            finding = Finding(kind=FindingKind.DIFFERENT, entity=side.pair.path, path=relation, reason=reason)
            self.findings.append(finding)
            yield finding

    def _explain(self, first: EntitySide, second: EntitySide, relation: str) -> Iterator[Finding]:
        found = suspects.find(first.records(relation), second.records(relation), self.hasher, SAMPLES)
        entity = first.pair.path
        if relation != SELF_RELATION:
            reason = (
                f"{found.first_count} records of the first archive and {found.second_count} of the second have no equal"
            )
            yield Finding(kind=FindingKind.DIFFERENT, entity=entity, path=relation, reason=reason)
        mine, theirs = _chosen(first, relation, found.first), _chosen(second, relation, found.second)
        for one, other in pair(mine, theirs):
            if one is not None and other is not None:
                for number, difference in enumerate(differences(one, other, self.hasher)):
                    if number < DIFFERENCES_OF_A_RECORD:
                        yield Finding(
                            kind=FindingKind.DIFFERENT,
                            entity=entity,
                            path=difference.path,
                            reason=difference.reason,
                            sample=difference.sample,
                        )
            else:
                yield _lonely(one, other, entity, relation)


@dataclass(slots=True)
class _Totals:
    totals: dict[str, Total] = field(default_factory=dict)
    aside: Counter[str] = field(default_factory=Counter)

    def count(self, path: str) -> int:
        """The records that are there, compared or not."""
        return self.totals.get(path, Total()).count + self.aside[path]


def _chosen(side: EntitySide, relation: str, numbers: frozenset[int]) -> list[Canonical]:
    records = enumerate(side.records(relation))
    return [record for number, record in records if number in numbers and record is not None]


def _lonely(one: Canonical | None, other: Canonical | None, entity: str, relation: str) -> Finding:
    record = one if one is not None else other
    which, kind = ("first", FindingKind.ONLY_IN_FIRST) if one is not None else ("second", FindingKind.ONLY_IN_SECOND)
    return Finding(
        kind=kind,
        entity=entity,
        path=relation,
        reason=f"a record is only in the {which} archive",
        sample=None if record is None else label(record),
    )
