"""What an export says of itself: per group or project and path what was found and written, and what failed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION
from offline_transfer.exporting.errors import ExportFailedError
from offline_transfer.exporting.portables import Portable, is_of, portable_of, relations_of
from offline_transfer.relations.loader import tree
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.models import ExportObject, OfflineConfiguration, OfflineExport, RelationExport
from offline_transfer.transfers.states import ExportState, RelationState
from offline_transfer.types import Edition, JsonObject


@dataclass(frozen=True, slots=True)
class Row:
    """The counts of one path of one group or project: what the source has, what went into the archive, what could not."""

    entity: str
    path: str
    source: int
    imported: int
    failed: int
    reasons: dict[str, int]

    def to_json(self) -> JsonObject:
        """As `--json` prints it; an export leaves nothing out on purpose."""
        return {
            "entity": self.entity,
            "path": self.path,
            "source": self.source,
            "imported": self.imported,
            "skipped": 0,
            "failed": self.failed,
            "reasons": dict(self.reasons),
        }


def rows(session: Session, offline_export_id: int) -> Iterator[Row]:
    """Every path that occurs, by full path of the group or project and then in the order of the relations."""
    for portable, relations in _by_portable(session, offline_export_id):
        for relation in relations:
            yield from _rows_of(session, portable, relation)


def failures(session: Session, offline_export_id: int) -> Iterator[JsonObject]:
    """Every relation that failed and every file that is missing, with the reason."""
    for portable, relations in _by_portable(session, offline_export_id):
        for relation in relations:
            if relation.error is not None:
                yield {"entity": portable.path, "path": relation.relation, "message": relation.error}
            for gap in sorted(relation.gaps, key=lambda gap: gap["batch"] or 0):
                message = f"{gap['name']}: {gap['reason']}"
                yield {"entity": portable.path, "path": relation.relation, "message": message}


def export_prefix(session: Session, offline_export_id: int) -> str:
    """The directory that the export has written."""
    return session.scalars(
        select(OfflineConfiguration.export_prefix).where(OfflineConfiguration.offline_export_id == offline_export_id)
    ).one()


def is_clean(session: Session, offline_export_id: int) -> bool:
    """Whether everything that should be in the archive is."""
    export = session.get_one(OfflineExport, offline_export_id)
    return export.status is ExportState.finished and not export.has_failures


def require_archive(session: Session, offline_export_id: int) -> None:
    """Raise ExportFailedError when the export has made no archive."""
    export = session.get_one(OfflineExport, offline_export_id)
    if export.status is not ExportState.finished:
        reason = export.error or f"it is {export.status.name}"
        raise ExportFailedError(reason=f"{reason.rstrip('.')}.", prefix=export_prefix(session, offline_export_id))


def _by_portable(session: Session, offline_export_id: int) -> Iterator[tuple[Portable, Sequence[RelationExport]]]:
    own = session.scalars(
        select(RelationExport).where(
            RelationExport.offline_export_id == offline_export_id, RelationExport.relation == SELF_RELATION
        )
    )
    for portable in sorted((portable_of(session, row) for row in own), key=lambda portable: portable.path):
        order = {name: place for place, name in enumerate(relations_of(portable.kind, Edition.EE))}
        relations = session.scalars(
            select(RelationExport).where(RelationExport.offline_export_id == offline_export_id, is_of(portable))
        )
        yield portable, sorted(relations, key=lambda row: order[row.relation])


def _rows_of(session: Session, portable: Portable, relation: RelationExport) -> Iterator[Row]:
    if relation.relation == MAX_IIDS_RELATION:
        # Counters are no records: no tree has a path for them. Where they failed, `failures` says so.
        return
    written: Counter[str] = Counter()
    for records in session.scalars(select(ExportObject.records).where(ExportObject.export_id == relation.id)):
        written.update(records)
    lost = _lost(relation, written[relation.relation])
    for path in _paths(portable, relation.relation, written):
        count = written[path]
        reasons = lost if path == relation.relation else {}
        failed = sum(reasons.values())
        if count or failed:
            yield Row(portable.path, path, count + failed, count, failed, reasons)


def _paths(portable: Portable, relation: str, found: Iterable[str]) -> list[str]:
    """The paths that were found and the relation itself, in the order of the tree."""
    in_tree = {node.name: [below.path for below in node.walk()] for node in tree(portable.kind).relations}
    known = in_tree.get(relation, [relation])
    return [path for path in known if path == relation or path in set(found)]


def _lost(relation: RelationExport, written: int) -> dict[str, int]:
    """Records of the first level that are not in the archive, by reason."""
    lost: Counter[str] = Counter()
    for gap in relation.gaps:
        lost[gap["kind"]] += gap["count"]
    if relation.status is RelationState.failed:
        # Nobody knows how many there are in what could not be read at all.
        lost[Fail.UNREADABLE.value] += max(relation.total_objects_count - written - lost.total(), 1)
    return dict(lost)
