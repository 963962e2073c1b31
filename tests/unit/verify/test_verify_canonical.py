"""No attribute of a tree is left out of the comparison but by the rule that is declared beside it."""

from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import ARRAY, Boolean, Date, DateTime, Double, Integer
from sqlalchemy.dialects.postgresql import JSONB

from offline_transfer.forge.base import EnumInteger
from offline_transfer.forge.enums import AccessLevel
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import Attribute, ImportRule, RelationNode
from offline_transfer.relations.rules import RULES, Context
from offline_transfer.types import JsonObject, JsonValue, PortableKind
from offline_transfer.verify.canonical import Canonical, CanonicalNode, Hasher, Total
from offline_transfer.verify.values import day, instant, plain

UNCONDITIONAL = frozenset(
    {ImportRule.CLEARED, ImportRule.DESTINATION, ImportRule.IMPORTER, ImportRule.INACTIVE, ImportRule.RENUMBERED}
)
"""Rules that take a value out of the comparison altogether."""

HASHER = Hasher()


@dataclass
class Plainly:
    """References that leave ids as they are."""

    named: list[JsonValue] = field(default_factory=list)

    def user(self, source_id: JsonValue) -> JsonValue:
        return source_id

    def user_aside(self, source_id: JsonValue) -> JsonValue:
        return source_id

    def described(self, source_id: JsonValue) -> JsonValue:
        return source_id

    def portable(self, kind: PortableKind, source_id: JsonValue) -> JsonValue:
        # The project of the first of two values is the one that is compared.
        return "top" if (kind, source_id) == (PortableKind.PROJECT, 1) else f"{kind} {source_id}"


def context() -> Context:
    return Context(
        entity="top",
        is_root=True,
        visibility_cap=20,
        level_cap=50,
        may_grant=True,
        is_adopted=lambda _table, _record: False,
    )


TOPS = {
    f"{kind}.{node.name}": node
    for kind in PortableKind
    for node in (replace(tree(kind).root, children=()), *tree(kind).relations)
}


def two_values(attribute: Attribute) -> tuple[JsonValue, JsonValue]:
    kind = None if attribute.column is None else attribute.column.type
    if attribute.rule is ImportRule.CANCELED:
        return "success", "failed"
    if attribute.rule is ImportRule.PROTECTED_LEVEL:
        return AccessLevel.developer, AccessLevel.maintainer
    if isinstance(kind, EnumInteger):
        first, second, *_ = kind.enum_class.__members__
        return first, second
    values: dict[type, tuple[JsonValue, JsonValue]] = {
        Boolean: (True, False),
        Integer: (1, 2),
        Double: (1.0, 1.5),
        DateTime: ("2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000002Z"),
        Date: ("2026-01-01", "2026-01-02"),
        JSONB: ({"a": [1]}, {"a": [2]}),
        ARRAY: (["a", "b"], ["b", "a"]),
    }
    return next((pair for column, pair in values.items() if isinstance(kind, column)), ("a", "A"))


def nested(path: list[str], record: JsonObject) -> JsonObject:
    for name in reversed(path):
        record = {name: [record, {"note": "another"}]}
    return record


def compared_wrongly(top: CanonicalNode, node: RelationNode, attribute: Attribute) -> bool:
    """Whether two values of an attribute are taken for the same, or for different ones although a rule takes the value out."""

    def digest(record: JsonObject) -> bytes:
        path = node.path.split(".")[1:]
        return HASHER.digest(top.canonical(nested(path, record), context(), Plainly()))

    first, second = two_values(attribute)
    # Both are the project itself, so that no fork is cleared.
    others: JsonObject = {"target_project_id": first} if attribute.rule is ImportRule.FORK_CLEARED else {}
    one, other = ({**others, attribute.name: value} for value in (first, second))
    if attribute.rule in UNCONDITIONAL:
        return digest(one) != digest(other)
    return digest(one) in (digest(other), digest(others)) or digest(one) != digest(dict(one))


@pytest.mark.parametrize("top", TOPS.values(), ids=TOPS.keys())
def test_every_attribute_of_every_place_is_compared(top: RelationNode) -> None:
    compiled = CanonicalNode(top.path, top)
    wrong = [
        f"{node.path}.{attribute.name}"
        for node in top.walk()
        for attribute in node.attributes
        if compared_wrongly(compiled, node, attribute)
    ]
    assert wrong == []


def test_what_other_projects_have_below_a_shared_record_is_not_compared() -> None:
    labels = CanonicalNode("labels", tree(PortableKind.PROJECT).relation("labels"))

    def digest(*priorities: JsonValue) -> bytes:
        record: JsonObject = {"title": "bug", "priorities": list(priorities)}
        return HASHER.digest(labels.canonical(record, context(), Plainly()))

    own: JsonObject = {"project_id": 1, "priority": 5}
    assert digest(own, {"project_id": 2, "priority": 7}) == digest(own)
    assert digest(own, {"project_id": 1, "priority": 7}) != digest(own)
    assert digest(own, {"priority": 7}) != digest(own)


def test_every_rule_has_a_function() -> None:
    assert RULES.keys() == set(ImportRule)


@pytest.mark.parametrize(
    ("spelling", "same"),
    [
        ("2016-06-14T15:02:36.103Z", "2016-06-14T15:02:36.103000+00:00"),
        ("2016-06-14 15:02:36 UTC", "2016-06-14T15:02:36+00:00"),
        ("2016-06-14T17:02:36+02:00", "2016-06-14T15:02:36+00:00"),
        ("2016-06-14T15:02:36", "2016-06-14T15:02:36+00:00"),
        ("2016-06-14", "2016-06-14T00:00:00+00:00"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("soon", "soon"),
        (5, 5),
        (None, None),
    ],
)
def test_times_are_instants(spelling: JsonValue, same: JsonValue) -> None:
    assert instant(spelling) == same


def test_days_and_numbers_are_one_in_all_spellings() -> None:
    assert day("2016-06-14T15:02:36Z") == day("2016-06-14") == "2016-06-14"
    assert day("14 June") == "14 June"
    assert plain({"a": [1.0, 1.5, True, 1e300]}) == {"a": [1, 1.5, True, 1e300]}


def test_a_total_does_not_depend_on_order_and_tells_once_from_twice() -> None:
    digests = [HASHER.digest(Canonical("labels", {"title": title})) for title in "abcd"]
    one, other, twice = Total(), Total(), Total()
    for item in digests:
        one.add(item)
    for item in reversed(digests):
        other.add(item)
    for item in (*digests[1:], digests[1]):
        twice.add(item)
    assert one == other != twice
    assert one.count == twice.count


def test_digests_of_two_comparisons_have_nothing_in_common() -> None:
    record = Canonical("labels", {"title": "a"})
    assert Hasher().digest(record) != Hasher().digest(record)


def test_a_list_that_holds_more_than_records_is_compared_as_it_is() -> None:
    node = CanonicalNode("issues", tree(PortableKind.PROJECT).relation("issues"))
    one, other = (node.canonical({"notes": [{"note": "a"}, stranger]}, context(), Plainly()) for stranger in ("x", "y"))
    assert HASHER.digest(one) != HASHER.digest(other)
