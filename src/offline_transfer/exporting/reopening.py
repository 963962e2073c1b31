"""Has parts of an export done again: what failed, what has gaps, and objects that are not as they were written.

Relations keep the records of their batches. Only those that never came so far are begun from scratch.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from offline_transfer.archive.keys import USER_CONTRIBUTIONS_RELATION
from offline_transfer.exporting.portables import owner_of
from offline_transfer.transfers.models import ExportBatch, ExportObject, RelationExport
from offline_transfer.transfers.states import OPEN_RELATION, BatchState, RelationState, step


def reopen_unfinished(session: Session, offline_export_id: int) -> None:
    """Open again everything of an export that failed or has gaps."""
    relations = select(RelationExport).where(
        RelationExport.offline_export_id == offline_export_id,
        or_(RelationExport.status == RelationState.failed, func.jsonb_array_length(RelationExport.gaps) > 0),
    )
    for relation in session.scalars(relations).all():
        _reopen_relation(session, relation)
    reopen_users(session, offline_export_id)


def reopen_objects(session: Session, offline_export_id: int, objects: Iterable[ExportObject]) -> None:
    """Have these objects written again, and the users of their groups and projects after them."""
    for found in objects:
        relation = session.get_one(RelationExport, found.export_id)
        _forget(session, relation, [found])
        if relation.status not in OPEN_RELATION:
            relation.status = step(relation.status, RelationState.started)
        session.flush()
    reopen_users(session, offline_export_id)


def reopen_users(session: Session, offline_export_id: int) -> None:
    """Have the users written again wherever other relations are open: these may name more."""
    open_elsewhere = select(*owner_of(RelationExport)).where(
        RelationExport.offline_export_id == offline_export_id,
        RelationExport.relation != USER_CONTRIBUTIONS_RELATION,
        RelationExport.status.in_(OPEN_RELATION),
    )
    users = select(RelationExport).where(
        RelationExport.offline_export_id == offline_export_id,
        RelationExport.relation == USER_CONTRIBUTIONS_RELATION,
        RelationExport.status.not_in(OPEN_RELATION),
        tuple_(*owner_of(RelationExport)).in_(open_elsewhere),
    )
    for relation in session.scalars(users).all():
        _forget(session, relation, _objects(session, relation))
        relation.status = step(relation.status, RelationState.started)
        relation.failure = None


def _reopen_relation(session: Session, relation: RelationExport) -> None:
    with_gaps = {gap["batch"] for gap in relation.gaps}
    _forget(session, relation, [found for found in _objects(session, relation) if found.batch_number in with_gaps])
    failed = and_(ExportBatch.export_id == relation.id, ExportBatch.status == BatchState.failed)
    _reopen_batches(session, failed)
    was_begun = relation.batches_count > 0 or relation.status is not RelationState.failed
    if relation.status not in OPEN_RELATION:
        relation.status = step(relation.status, RelationState.started if was_begun else RelationState.pending)
    relation.failure = None
    relation.gaps = []
    session.flush()


def _forget(session: Session, relation: RelationExport, objects: Iterable[ExportObject]) -> None:
    """Take objects out of what was written: the next attempt replaces them in the store."""
    for found in objects:
        relation.exported_count -= found.records[relation.relation]
        relation.bytes -= found.bytes
        relation.gaps = [gap for gap in relation.gaps if gap["batch"] != found.batch_number]
        session.execute(delete(ExportObject).where(ExportObject.id == found.id))
        if found.batch_number is not None:
            number = ExportBatch.batch_number == found.batch_number
            finished = ExportBatch.status == BatchState.finished
            _reopen_batches(session, and_(ExportBatch.export_id == relation.id, number, finished))


def _reopen_batches(session: Session, condition: ColumnElement[bool]) -> None:
    session.execute(
        update(ExportBatch)
        .where(condition)
        .values(
            status=step(BatchState.failed, BatchState.created),
            objects_count=0,
            error=None,
            exception_class=None,
            updated_at=func.now(),
        )
    )


def _objects(session: Session, relation: RelationExport) -> Iterable[ExportObject]:
    return session.scalars(select(ExportObject).where(ExportObject.export_id == relation.id)).all()
