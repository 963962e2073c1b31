"""Whether the instance is still as it was exported: what moved between the reading of a relation and now.

Between two objects of an archive there is no common instant. Whoever wants to know whether that matters compares counts.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION, USER_CONTRIBUTIONS_RELATION
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.entities import would_bring
from offline_transfer.exporting.portables import Portable, exists_now, is_of, portable_of, relations_of
from offline_transfer.exporting.tree import counts
from offline_transfer.transfers.models import ExportObject, OfflineExport, RelationExport
from offline_transfer.transfers.states import RelationState
from offline_transfer.types import JsonObject

_COMPUTED = (MAX_IIDS_RELATION, USER_CONTRIBUTIONS_RELATION)
"""What an export computes of the other relations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A path of a group or project of which there are now more or fewer records than were exported."""

    entity: str
    path: str
    exported: int
    now: int

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {"entity": self.entity, "path": self.path, "exported": self.exported, "now": self.now}


def moved(context: ExportContext, offline_export_id: int) -> Iterator[Move]:
    """What moved since, by path of the group or project: those that came or went as `self`, and then each path that differs.

    Relations that failed or were left out are not looked at. What was changed and not counted anew is not noticed.
    """
    with context.database.session() as session:
        export = session.get_one(OfflineExport, offline_export_id)
        own = session.scalars(
            select(RelationExport).where(
                RelationExport.offline_export_id == offline_export_id, RelationExport.relation == SELF_RELATION
            )
        )
        exported = {portable.prefix: portable for portable in (portable_of(session, row) for row in own)}
        now = {one.prefix: one for one in would_bring(session, export) if exists_now(session, one)}
    for portable in sorted({**exported, **now}.values(), key=lambda portable: portable.path):
        if portable.prefix in exported and portable.prefix in now:
            yield from _moved_in(context, offline_export_id, portable)
        else:
            was_there = portable.prefix in exported
            yield Move(entity=portable.path, path=SELF_RELATION, exported=int(was_there), now=int(not was_there))


def _moved_in(context: ExportContext, offline_export_id: int, portable: Portable) -> Iterator[Move]:
    edition = context.settings.edition
    with context.database.session() as session:
        written, lost, whole = _exported(session, offline_export_id, portable)
    present = dict(counts(context.database, context.repositories, portable, edition=edition))
    order = {name: place for place, name in enumerate(relations_of(portable.kind, edition))}
    paths = {*written, *lost, *present}
    for path in sorted(paths, key=lambda path: (order.get(path.partition(".")[0], -1), path)):
        relation = path.partition(".")[0]
        exported, now = written[path] + lost[path], present.get(path, 0)
        if relation in whole and relation not in _COMPUTED and exported != now:
            yield Move(entity=portable.path, path=path, exported=exported, now=now)


def _exported(
    session: Session, offline_export_id: int, portable: Portable
) -> tuple[Counter[str], Counter[str], frozenset[str]]:
    """Records by path that were written, those of the first level that could not be, and the relations that have ended well."""
    rows = session.scalars(
        select(RelationExport).where(
            RelationExport.offline_export_id == offline_export_id,
            is_of(portable),
            RelationExport.status == RelationState.finished,
        )
    ).all()
    written: Counter[str] = Counter()
    for records in session.scalars(
        select(ExportObject.records).where(ExportObject.export_id.in_([row.id for row in rows]))
    ):
        written.update(records)
    lost = Counter({row.relation: sum(gap["count"] for gap in row.gaps) for row in rows})
    return written, lost, frozenset(row.relation for row in rows)
