"""What an import changes on purpose, told for comparison: each rule turns a value into what both sides must have in common.

An import applies the rule to what it reads, so the value before it and the value after it become the same here, and values that the
rule does not explain stay different. `on_import` in the relation files says which attribute has which rule, and why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from offline_transfer.forge.enums import AccessLevel
from offline_transfer.relations.nodes import Attribute, ImportRule
from offline_transfer.relations.rewriting import Rewriter, Unaddressed, unaddressed
from offline_transfer.types import JsonObject, JsonValue

GHOST_USER: Final = "(ghost user)"
"""Stands for the ghost user of either instance; no user name has parentheses."""

COMPLETED_STATUSES: Final = frozenset({"success", "failed", "canceled", "skipped"})
"""In which states a pipeline, stage or job has ended."""

PLAIN_LEVELS: Final = frozenset({AccessLevel.no_access.value, AccessLevel.maintainer.value})
"""Whom a protection may let through, whoever imports it."""
GRANTED_LEVELS: Final = PLAIN_LEVELS | {AccessLevel.developer.value, AccessLevel.admin.value}
"""Whom it may let through when an owner of the root group imports it: GitLab knows no others here."""
_PROJECT_LABEL: Final = "ProjectLabel"


@dataclass(slots=True, kw_only=True)
class Context:
    """What a rule may know of the place of a record."""

    entity: JsonValue
    """How the group or project of the record is called on both sides."""
    is_root: bool
    """Whether the destination chose its name: it is the top of what was imported."""
    visibility_cap: int
    """How visible the group around the entity is where it arrived."""
    level_cap: int
    """The highest access level that the importing user could give."""
    may_grant: bool
    """Whether the importing user owned the root group."""
    is_adopted: Callable[[str, JsonObject], bool]
    """Whether a record of this table was a group's that did not travel, and became the project's own."""
    texts: Rewriter = field(default_factory=Unaddressed)
    """What an import does to texts, as far as it has not been done."""
    position: int = 0
    """The place of the record of the first level in its relation, across batches, from 0."""


Rule: TypeAlias = Callable[[Attribute, JsonValue, JsonObject, Context], JsonValue]
"""Attribute, value (null where the record has none), whole record as it was read, and place."""


def adopted(attribute: Attribute, value: JsonValue, record: JsonObject, context: Context) -> JsonValue:
    """A label or milestone of a group that did not travel belongs to the project; as a milestone it got a new number."""
    table = "" if attribute.column is None else attribute.column.table.name
    if not context.is_adopted(table, record):
        return value
    return {"project_id": context.entity, "type": _PROJECT_LABEL}.get(attribute.name)


def canceled(_attribute: Attribute, value: JsonValue, _record: JsonObject, _context: Context) -> JsonValue:
    """A status that is not final became `canceled`."""
    return value if value is None or value in COMPLETED_STATUSES else "canceled"


def capped(attribute: Attribute, value: JsonValue, _record: JsonObject, context: Context) -> JsonValue:
    """A visibility or an access level is no higher than what was allowed at the destination."""
    cap = context.visibility_cap if attribute.name == "visibility_level" else context.level_cap
    return min(value, cap) if isinstance(value, int) else value


def cleared(_attribute: Attribute, _value: JsonValue, _record: JsonObject, _context: Context) -> JsonValue:
    """The value did not travel."""
    return None


def destination(_attribute: Attribute, value: JsonValue, _record: JsonObject, context: Context) -> JsonValue:
    """The name of the top is the destination's; below it names are kept."""
    return None if context.is_root else value


def fork_cleared(_attribute: Attribute, value: JsonValue, record: JsonObject, _context: Context) -> JsonValue:
    """The source project of a merge request is kept when it is the target project as well."""
    return value if record.get("source_project_id") == record.get("target_project_id") else None


def ghost(_attribute: Attribute, value: JsonValue, _record: JsonObject, _context: Context) -> JsonValue:
    """Nobody became the ghost user."""
    return GHOST_USER if value is None else value


def group_references(attribute: Attribute, value: JsonValue, record: JsonObject, context: Context) -> JsonValue:
    """The text of a record that a project's group owns is rewritten like `references`, unless the project travels alone."""
    if context.is_root:
        return unaddressed(value) if isinstance(value, str) else value
    return references(attribute, value, record, context)


def importer(_attribute: Attribute, _value: JsonValue, _record: JsonObject, _context: Context) -> JsonValue:
    """Whoever it was, it is the importing user now."""
    return None


def inactive(_attribute: Attribute, _value: JsonValue, _record: JsonObject, _context: Context) -> JsonValue:
    """Nothing starts by itself after an import."""
    return False


def protected_level(_attribute: Attribute, value: JsonValue, _record: JsonObject, context: Context) -> JsonValue:
    """Only an owner of the root group may bring other levels than no one and maintainers."""
    return value if value is None else protected(value, may_grant=context.may_grant)


def grants(level: int) -> bool:
    """Whether somebody with this access level in the root group may bring protections as they are.

    An owner of a group below has no say over the variables of the groups around it.
    """
    return level >= AccessLevel.owner


def protected(level: JsonValue, *, may_grant: bool) -> JsonValue:
    """The level of a protection that an import writes: levels that it may not bring become maintainers."""
    return level if level in (GRANTED_LEVELS if may_grant else PLAIN_LEVELS) else AccessLevel.maintainer.value


def references(_attribute: Attribute, value: JsonValue, _record: JsonObject, context: Context) -> JsonValue:
    """URLs of the source and references with a path name what they name at the destination, and mentions are code."""
    return context.texts.rewrite(value) if isinstance(value, str) else value


def renumbered(_attribute: Attribute, _value: JsonValue, _record: JsonObject, context: Context) -> JsonValue:
    """The order of the records counts, not their numbers."""
    return context.position


RULES: Final[Mapping[ImportRule, Rule]] = MappingProxyType(
    {
        ImportRule.ADOPTED: adopted,
        ImportRule.CANCELED: canceled,
        ImportRule.CAPPED: capped,
        ImportRule.CLEARED: cleared,
        ImportRule.DESTINATION: destination,
        ImportRule.FORK_CLEARED: fork_cleared,
        ImportRule.GHOST: ghost,
        ImportRule.GROUP_REFERENCES: group_references,
        ImportRule.IMPORTER: importer,
        ImportRule.INACTIVE: inactive,
        ImportRule.PROTECTED_LEVEL: protected_level,
        ImportRule.REFERENCES: references,
        ImportRule.RENUMBERED: renumbered,
    }
)
