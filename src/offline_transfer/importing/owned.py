"""What several projects have below one record that they share: only what is this project's own comes with it.

A label of a group leaves GitLab with the priorities that all its projects gave it. The others are not known here, and their
priorities would all fall to this project.
"""

from collections.abc import Mapping
from typing import Any

from offline_transfer.importing.plan import NodePlan, count_nested, records_of
from offline_transfer.importing.units import Unit
from offline_transfer.transfers.accounting import Skip


def project_of(record: Mapping[str, Any]) -> int | None:
    """The project to which a record of the first level says it belongs, by its id at the source."""
    said = record.get("project_id", record.get("target_project_id"))
    return said if type(said) is int else None


def keep_own(plan: NodePlan, record: dict[str, Any], unit: Unit, source_id: int | None) -> None:
    """Takes out of a record what hangs on it and names another project, and counts that as skipped.

    What names no project is taken as our own.
    """
    for child in plan.owned:
        assert child.node.own is not None
        key = child.node.own.name
        below = records_of(record.get(child.node.name))
        named = {_hashable(item.get(key)) for item in below if item.get(key) is not None}
        own = _own_id(named, plan, unit, source_id)
        if named <= {own}:
            continue
        record[child.node.name] = [item for item in below if item.get(key) in (None, own)]
        for item in below:
            if item.get(key) not in (None, own):
                unit.skip(child.path, Skip.OTHER_PROJECT)
                count_nested(child, item, lambda path, count: unit.skip(path, Skip.PARENT_SKIPPED, count))


def _own_id(named: set[Any], plan: NodePlan, unit: Unit, source_id: int | None) -> Any:
    """The id of our project: a file-based export does not say it, so there the record around it has to.

    Where that says nothing either, several projects cannot be told apart; one alone is taken for ours.
    """
    if source_id is not None:
        return source_id
    if unit.plan is not plan and unit.project_id is not None:
        return unit.project_id
    return next(iter(named)) if len(named) == 1 else unit.project_id


def _hashable(value: Any) -> Any:
    return value if isinstance(value, int | str | float) else repr(value)
