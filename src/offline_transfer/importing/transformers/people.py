"""Users inside records: which columns name them, and what the archive says of them."""

import re
from collections.abc import Mapping
from typing import Any

from offline_transfer.contributions.lookup import UserLookup
from offline_transfer.importing.plan import NodePlan, records_of
from offline_transfer.importing.units import Row, Unit, refuse
from offline_transfer.relations.nodes import ImportRule

_ID = re.compile(r"\d{1,19}", re.ASCII)
_USERNAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")


class People:
    """Sets the columns of rows that name users; those that nobody has looked up yet are noted in the unit."""

    def __init__(self, users: UserLookup) -> None:
        self.users = users

    def refer(self, plan: NodePlan, key: str, value: Any, row: Row, unit: Unit) -> None:
        """Sets the column of a key that holds the id of a user of the source."""
        index, nullable, rule = plan.users[key]
        if rule is ImportRule.IMPORTER:
            row.values[index] = self.users.importer_id
            return
        source_id = source_id_of(value)
        if source_id is None:
            if value is not None:
                refuse(row, unit, key, "not a user id", optional=nullable)
            return
        known = self.users.get(source_id)
        if known is not None:
            row.values[index] = known
        else:
            row.values[index] = 0
            unit.users.append((row, index, source_id))

    def nested(self, plan: NodePlan, child: NodePlan, record: Mapping[str, Any], row: Row, unit: Unit) -> None:
        """A user who is a record below another: what it says is kept, and it may stand for an id that is missing."""
        for nested in records_of(record.get(child.node.name)):
            for shim in child.shims:
                shim(nested)
            column = child.node.join.column.name if child.node.join else ""
            source_id = source_id_of(record.get(column))
            if source_id is None and (source_id := source_id_of(nested.get("id"))) is not None:
                self.refer(plan, column, source_id, row, unit)
            if source_id is not None:
                self.learn(source_id, nested)
            unit.recognise(child.path)

    def learn(self, source_id: int, record: Mapping[str, Any]) -> None:
        """Keeps what a record says of a user, for whoever stands for them."""
        self.users.learn(
            source_id,
            username=_username(record.get("username")),
            name=record.get("name"),
            public_email=record.get("public_email"),
        )


def _username(value: Any) -> str | None:
    """A username as GitLab accepts one. Others could be taken for another's, for a path, or for an order to a terminal."""
    return value if isinstance(value, str) and _USERNAME.fullmatch(value) else None


def source_id_of(value: Any) -> int | None:
    """The id of a user of the source; None when the value is none."""
    if isinstance(value, str) and _ID.fullmatch(value):
        value = int(value)
    return value if type(value) is int and 0 < value < 2**63 else None
