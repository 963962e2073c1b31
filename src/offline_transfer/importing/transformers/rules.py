"""What an import changes on purpose, attribute by attribute (`on_import` in the relation files)."""

from typing import Any

from offline_transfer.forge.enums import AccessLevel, StageStatus
from offline_transfer.relations.nodes import ImportRule
from offline_transfer.relations.rules import COMPLETED_STATUSES

_COMPLETED_STAGES = frozenset(StageStatus[name].value for name in COMPLETED_STATUSES)
_PLAIN_LEVELS = frozenset({AccessLevel.no_access.value, AccessLevel.maintainer.value})


def apply(rule: ImportRule, value: Any, *, cap: int, position: int, may_grant: bool) -> Any:
    """The value that an import writes for the value of a record.

    `cap` is the highest access level that may be given, `position` the place of the record in its relation, `may_grant` whether the
    importing user owns the root group.
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
            return min(value, cap)
        case ImportRule.PROTECTED_LEVEL:
            return value if may_grant or value in _PLAIN_LEVELS else AccessLevel.maintainer.value
        case ImportRule.RENUMBERED:
            return position
        case _:
            return value
