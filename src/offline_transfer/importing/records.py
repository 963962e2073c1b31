"""From a record with everything below it to rows: GitLab's relation factory, compiled.

Ids are ours and known before anything is written; users and shared records are looked up in what earlier records have found, and
noted for the resolver when they are new. Nothing here touches the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from offline_transfer.contributions.lookup import UserLookup
from offline_transfer.forge.enums import AccessLevel
from offline_transfer.importing.columns import NOW
from offline_transfer.importing.convert import text
from offline_transfer.importing.owned import project_of
from offline_transfer.importing.plan import NodePlan, Treatment, count_nested, records_of
from offline_transfer.importing.references import Ids, References, SharedCache, key_of
from offline_transfer.importing.transformers import rules
from offline_transfer.importing.transformers.people import People, source_id_of
from offline_transfer.importing.transformers.prepare import PREPARE
from offline_transfer.importing.units import Row, Unit, refuse
from offline_transfer.relations.attributes import DropReason
from offline_transfer.relations.nodes import ImportRule, Link
from offline_transfer.transfers.accounting import Fail, Skip

POSITION_DISTANCE = 500
"""Between the relative positions of neighbours, as GitLab leaves it."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where records go, and what the importing user may give."""

    portable_id: int
    now: str
    source_id: int | None = None
    """The id of the portable at the source, where that is known."""
    level_cap: int = AccessLevel.owner
    may_grant: bool = True


class RecordBuilder:
    """Builds the units of one portable."""

    def __init__(self, destination: Destination, ids: Ids, users: UserLookup, shared: SharedCache) -> None:
        self.destination = destination
        self._ids = ids
        self._people = People(users)
        self._references = References(ids, shared, self.template, destination.source_id)
        self._templates: dict[NodePlan, list[Any]] = {}

    @property
    def portable_id(self) -> int:
        """The id of the project or group that is filled."""
        return self.destination.portable_id

    def unit(self, plan: NodePlan, record: Record, index: int) -> Unit:
        """The unit of one record of the first level; `index` is its place in the relation, from 0."""
        unit = Unit(index, plan, title=_title(record), project_id=project_of(record))
        if plan.node.is_user:
            self._learn_user(plan, record, unit)
        elif plan.is_shared:
            self._references.share(plan, record, unit, None)
        else:
            self._add(plan, record, unit, parent=None, ancestors=())
        return unit

    def _learn_user(self, plan: NodePlan, record: Record, unit: Unit) -> None:
        """A record that is a user: what it says is kept for whoever stands for them."""
        for shim in plan.shims:
            shim(record)
        source_id = source_id_of(record.get("id"))
        if source_id is not None:
            self._people.learn(source_id, record)
            unit.named.append(source_id)
        unit.recognise(plan.path)
        self._drop_strangers(plan, record, unit, known=frozenset(record) & {"id", "name", "username", "public_email"})

    def shared_row(self, plan: NodePlan, record: Record, unit: Unit) -> Row:
        """The row of a shared record, in case it has to be made."""
        row = Row(plan, self.template(plan), None, counted=False)
        if plan.id_index is not None:
            row.values[plan.id_index] = self._ids.next(plan.table.name)
        self.values(plan, record, unit, row, ())
        return row

    def below(self, plan: NodePlan, record: Record, unit: Unit, row: Row) -> None:
        """Adds everything below a shared record that has just been found or made, whose row is written elsewhere."""
        for name, child in plan.children.items():
            if child.node.link in (Link.HAS_MANY, Link.HAS_ONE):
                for nested in records_of(record.get(name)):
                    self._add(child, nested, unit, parent=row, ancestors=(row,))

    def values(self, plan: NodePlan, record: Record, unit: Unit, row: Row, ancestors: tuple[Row, ...]) -> None:
        """Sets the columns of a row from a record, and counts what is dropped."""
        for shim in plan.shims:
            shim(record)
        values, setters, users = row.values, plan.setters, plan.users
        for key, value in record.items():
            if value is None:
                continue
            setter = setters.get(key)
            if setter is None:
                if key in users:
                    self._people.refer(plan, key, value, row, unit)
                continue
            index, _, convert, ready, rule, _, optional = setter
            try:
                if type(value) is not ready:
                    value = convert(value)
                values[index] = value if rule is None else self._ruled(rule, value, unit)
            except (ValueError, OverflowError) as error:
                refuse(row, unit, key, str(error), optional=optional)
        for key, index in plan.cleared:
            if key in record and record[key] is None:
                values[index] = None
        for index, depth in plan.fills:
            if depth == 0:
                values[index] = self.destination.portable_id
            elif depth <= len(ancestors):
                values[index] = ancestors[depth - 1].id
        used = PREPARE[plan.node.prepare](record, row, unit, self) if plan.node.prepare else frozenset()
        if not plan.known.issuperset(record):
            self._drop_strangers(plan, record, unit, known=used)
        self._rules_without_value(plan, record, row, unit)

    def _add(
        self, plan: NodePlan, record: Record, unit: Unit, *, parent: Row | None, ancestors: tuple[Row, ...]
    ) -> Row | None:
        values = self.template(plan)
        row = Row(plan, values, parent)
        if plan.link_index is not None:
            values[plan.link_index] = self.portable_id if parent is None else parent.id
        if plan.id_index is not None:
            values[plan.id_index] = self._ids.next(plan.table.name)
        self.values(plan, record, unit, row, ancestors)
        if plan.type_index is not None and plan.type_key is not None:
            given = record.get(plan.type_key)
            names = plan.node.join.type_names if plan.node.join else ()
            values[plan.type_index] = given if given in names else names[0]
        if not row.is_out:
            self.require(plan, row)
        unit.rows.append(row)
        if row.is_out:
            self._leave_out(plan, record, row, unit)
            return None
        self._children(plan, record, unit, row, (*ancestors, row))
        return row

    def _children(self, plan: NodePlan, record: Record, unit: Unit, row: Row, ancestors: tuple[Row, ...]) -> None:
        for attribute, linked in plan.linked:
            wanted = record.get(attribute)
            self._references.refer(linked, (None if wanted is None else text(wanted),), {}, unit, row, counted=False)
        for name, child in plan.children.items():
            value = record.get(name)
            if not value and value != {}:
                continue
            if not isinstance(value, dict) and _is_no_list_of_records(value):
                unit.drop(plan.path, name, DropReason.INVALID)
            treatment = child.treatment
            if treatment is Treatment.OWN:
                if child.unique:
                    self._add_once(child, records_of(value), unit, row, ancestors)
                    continue
                for nested in records_of(value):
                    self._add(child, nested, unit, parent=row, ancestors=ancestors)
            elif treatment is Treatment.USER:
                self._people.nested(plan, child, record, row, unit)
            elif treatment is Treatment.SHARED:
                is_local = child.is_local
                for nested in records_of(value):
                    if is_local:
                        self._share_in_issue(child, nested, unit, row, ancestors)
                    else:
                        self._references.share(child, nested, unit, row)
            elif treatment is Treatment.THROUGH:
                for nested in records_of(value):
                    self._references.join(child, nested, unit, row)
            else:
                unit.recognise(child.path, len(records_of(value)))

    def _add_once(
        self, plan: NodePlan, records: Sequence[Record], unit: Unit, parent: Row, ancestors: tuple[Row, ...]
    ) -> None:
        """Adds children unless the parent has one of the same key already (two assignments of one user)."""
        seen: set[tuple[Any, ...]] = set()
        for record in records:
            key = tuple(source_id_of(record.get(name)) for name in plan.node.unique)
            if key in seen and None not in key:
                unit.skip(plan.path, Skip.DUPLICATE)
                count_nested(plan, record, lambda path, count: unit.skip(path, Skip.PARENT_SKIPPED, count))
                continue
            seen.add(key)
            self._add(plan, record, unit, parent=parent, ancestors=ancestors)

    def _share_in_issue(self, plan: NodePlan, record: Record, unit: Unit, row: Row, ancestors: tuple[Row, ...]) -> None:
        """A record that only its own unit can name: found among the rows built so far, else made."""
        is_child = plan.node.link is not Link.BELONGS_TO
        owner = row if is_child else ancestors[0]
        key, problem = key_of(plan, record)
        local = (plan.table.name, id(owner), *key)
        found = unit.local.get(local)
        if found is None:
            parent = row if is_child else owner
            found = self._add(plan, record, unit, parent=parent, ancestors=ancestors if is_child else ancestors[:1])
            if found is not None and problem is None:
                unit.local[local] = found
        else:
            unit.recognise(plan.path)
            count_nested(plan, record, unit.recognise)
        if plan.parent_index is not None and found is not None:
            row.values[plan.parent_index] = found.id

    def template(self, plan: NodePlan) -> list[Any]:
        """The values of a row before its record is read."""
        template = self._templates.get(plan)
        if template is None:
            template = [self.destination.now if value is NOW else value for value in plan.template]
            self._templates[plan] = template
        return template.copy()

    def require(self, plan: NodePlan, row: Row) -> None:
        """Decides whether a row lacks what it cannot be without."""
        for name in plan.node.needs:
            if row.values[plan.columns.index(name)] is None:
                row.skip = Skip.NO_AUTHOR
                return
        for index, name, present in plan.required:
            value = row.values[index]
            if value is None or (present and isinstance(value, str) and not value.strip()):
                row.failure = Fail.MISSING_VALUE
                row.message = f"`{name}` is missing"
                return

    def _leave_out(self, plan: NodePlan, record: Record, row: Row, unit: Unit) -> None:
        if row.skip is not None:
            count_nested(plan, record, lambda path, count: unit.skip(path, Skip.PARENT_SKIPPED, count))
        else:
            count_nested(plan, record, unit.fail_below)

    def _ruled(self, rule: ImportRule, value: Any, unit: Unit) -> Any:
        return rules.apply(
            rule,
            value,
            cap=self.destination.level_cap,
            position=(unit.index + 1) * POSITION_DISTANCE,
            may_grant=self.destination.may_grant,
        )

    def _rules_without_value(self, plan: NodePlan, record: Record, row: Row, unit: Unit) -> None:
        """Rules that hold although the record says nothing: a position is given, the ghost stands in, schedules rest."""
        for name, setter in plan.silent:
            if setter.rule is not None and record.get(name) is None:
                row.values[setter.place] = self._ruled(setter.rule, None, unit)
        for name, index, rule in plan.silent_users:
            if rule is ImportRule.IMPORTER:
                row.values[index] = self._people.users.importer_id
            elif record.get(name) is None:
                row.values[index] = self._people.users.ghost_id

    def _leave_to_other_edition(self, plan: NodePlan, records: list[Record], unit: Unit) -> None:
        for record in records:
            unit.skip(plan.path, Skip.EDITION)
            count_nested(plan, record, lambda path, count: unit.skip(path, Skip.PARENT_SKIPPED, count))

    def _drop_strangers(self, plan: NodePlan, record: Record, unit: Unit, *, known: frozenset[str]) -> None:
        """Counts the keys that mean nothing here; what looks like records is counted as records without a place."""
        for key, value in record.items():
            if key in plan.known or key in known:
                continue
            nested = records_of(value)
            if key in plan.left_out:
                self._leave_to_other_edition(plan.left_out[key], nested, unit)
            elif nested and key not in plan.excluded and "attributes" not in key:
                unit.skip(f"{plan.path}.{key}", Skip.NO_PLACE, len(nested))
            else:
                unit.drop(plan.path, key, plan.drop(key))


def _is_no_list_of_records(value: Any) -> bool:
    return type(value) is not list or any(type(item) is not dict for item in value)


def _title(record: Mapping[str, Any]) -> str | None:
    for key in ("iid", "title", "name", "tag", "key"):
        value = record.get(key)
        if isinstance(value, str | int) and value != "":
            return f"{key} {value}"[:200]
    return None
