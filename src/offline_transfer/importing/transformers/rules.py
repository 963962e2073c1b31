"""What an import changes on purpose, attribute by attribute (`on_import` in the relation files)."""

from typing import Any

from offline_transfer.forge.enums import AccessLevel, StageStatus
from offline_transfer.relations.nodes import ImportRule
from offline_transfer.relations.rules import COMPLETED_STATUSES, protected

_COMPLETED_STAGES = frozenset(StageStatus[name].value for name in COMPLETED_STATUSES)
_LEVELS = frozenset(level.value for level in AccessLevel)


def apply(rule: ImportRule, value: Any, *, cap: int, position: int, may_grant: bool) -> Any:
    """The value that an import writes for the value of a record.

    `cap` is the highest access level that may be given, `position` the place of the record in its relation, `may_grant` whether the
    importing user owns the root group. Raises ValueError for a value that no rule makes harmless.
    """
    match rule:
        case ImportRule.INACTIVE:
            return False
        case ImportRule.CLEARED:
            return None
        case ImportRule.CANCELED if isinstance(value, str):
            return value if value in COMPLETED_STATUSES else "canceled"
        case ImportRule.CANCELED:
            return value if value in _COMPLETED_STAGES else StageStatus.canceled.value
        case ImportRule.CAPPED:
            if value not in _LEVELS:
                raise ValueError("no access level")
            return min(value, cap)
        case ImportRule.PROTECTED_LEVEL:
            return protected(value, may_grant=may_grant)
        case ImportRule.RENUMBERED:
            return position
        case _:
            return value
