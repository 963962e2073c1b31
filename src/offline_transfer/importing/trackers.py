"""The rows that say how far each pipeline of an entity is.

Most relations of most projects are empty, and a row for each is all that has to be written of them: all are made in one
transaction, and those with nothing to do are ended in the same one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, exists, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger, SmallInteger, Text

from offline_transfer.db import Database
from offline_transfer.importing.stages import Stage
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting
from offline_transfer.transfers.models import BatchTracker, Tracker
from offline_transfer.transfers.states import TrackerState, step

ABSENT = "the archive holds nothing of this relation"

OPEN = (TrackerState.created, TrackerState.enqueued, TrackerState.started)

_ADD = text(
    "INSERT INTO bulk_import_trackers (bulk_import_entity_id, relation, stage)"
    " SELECT :entity_id, given.* FROM unnest(:relations, :stages) AS given ON CONFLICT DO NOTHING"
).bindparams(bindparam("relations", type_=ARRAY(Text)), bindparam("stages", type_=ARRAY(SmallInteger)))
_ADD_BATCHES = text(
    "INSERT INTO bulk_import_batch_trackers (tracker_id, batch_number, first_index)"
    " SELECT :tracker_id, given.* FROM unnest(:numbers, :indexes) AS given ON CONFLICT DO NOTHING"
).bindparams(bindparam("numbers", type_=ARRAY(BigInteger)), bindparam("indexes", type_=ARRAY(BigInteger)))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The pipeline of one relation of one entity."""

    entity_id: int
    tracker_id: int
    relation: str


def take_on(
    database: Database,
    entity_id: int,
    stages: Sequence[Stage],
    *,
    ends: Mapping[str, TrackerState],
) -> list[Pipeline]:
    """Makes the trackers of all pipelines unless an earlier attempt did, and gives those that have something to do, in order.

    `ends` are the relations with nothing to do, and what becomes of them: skipped where the source has no object, finished where
    its objects are empty.
    """
    with database.session() as session:
        relations, numbers = [stage.relation for stage in stages], [stage.number for stage in stages]
        session.execute(_ADD, {"entity_id": entity_id, "relations": relations, "stages": numbers})
        found = session.execute(
            select(Tracker.relation, Tracker.id, Tracker.status).where(Tracker.bulk_import_entity_id == entity_id)
        )
        trackers = {relation: (tracker_id, status) for relation, tracker_id, status in found}
        waiting = [Pipeline(entity_id, trackers[name][0], name) for name in relations if trackers[name][1] in OPEN]
        for state in (TrackerState.finished, TrackerState.skipped):
            ended = [item for item in waiting if ends.get(item.relation) is state]
            for item in ended:
                step(step(trackers[item.relation][1], TrackerState.started), state)
            _end_all(session, [item.tracker_id for item in ended], state)
    return [item for item in waiting if item.relation not in ends]


def start(database: Database, pipeline: Pipeline, first_indexes: Mapping[int, int]) -> dict[int, ledger.BatchRef]:
    """Says that a pipeline is at work, and gives its batches by number; their rows are made unless an earlier attempt did.

    `first_indexes` has the numbers of the batches, and how many records of the relation come before each.
    """
    given = {"tracker_id": pipeline.tracker_id, "numbers": list(first_indexes), "indexes": list(first_indexes.values())}
    with database.session() as session:
        tracker = session.get_one(Tracker, pipeline.tracker_id)
        tracker.status = step(tracker.status, TrackerState.started)
        session.execute(_ADD_BATCHES, given)
        of_tracker = BatchTracker.tracker_id == pipeline.tracker_id
        found = session.execute(select(BatchTracker.batch_number, BatchTracker.id).where(of_tracker))
        return {
            number: ledger.BatchRef(pipeline.entity_id, pipeline.tracker_id, batch_id, number, pipeline.relation)
            for number, batch_id in found
        }


def end(database: Database, pipeline: Pipeline) -> None:
    """Ends a pipeline whose batches are all done: it failed when one of them did, of this attempt or an earlier one."""
    failed = (
        select(BatchTracker.error)
        .where(BatchTracker.tracker_id == pipeline.tracker_id, BatchTracker.status == TrackerState.failed)
        .order_by(BatchTracker.batch_number)
        .limit(1)
    )
    with database.session() as session:
        errors = session.scalars(failed).all()
        tracker = session.get_one(Tracker, pipeline.tracker_id)
        tracker.status = step(tracker.status, TrackerState.failed if errors else TrackerState.finished)
        tracker.error = errors[0] if errors else None


def add_ended(session: Session, entity_id: int, relation: str, state: TrackerState, accounting: Accounting) -> None:
    """What is accounted for beside the stages, as one batch that has ended; nothing when an earlier attempt did it."""
    tracker_id = session.scalar(
        insert(Tracker)
        .values(bulk_import_entity_id=entity_id, relation=relation, stage=0, status=state)
        .on_conflict_do_nothing()
        .returning(Tracker.id)
    )
    if tracker_id is not None:
        batch = BatchTracker(tracker_id=tracker_id, batch_number=1, status=state, accounting=accounting.to_json())
        session.add(batch)


def ended_batches(session: Session, entity_id: int) -> dict[str, frozenset[int] | None]:
    """What is accounted for: each relation with the numbers of its batches that have ended, or None where all have."""
    found: dict[str, frozenset[int] | None] = {}
    for tracker in session.scalars(select(Tracker).where(Tracker.bulk_import_entity_id == entity_id)):
        ended = select(BatchTracker.batch_number).where(
            BatchTracker.tracker_id == tracker.id, BatchTracker.status.not_in(OPEN)
        )
        found[tracker.relation] = frozenset(session.scalars(ended)) if tracker.status in OPEN else None
    return found


def has_failed(session: Session, entity_id: int) -> bool:
    """Whether any pipeline of an entity failed."""
    failed = exists().where(Tracker.bulk_import_entity_id == entity_id, Tracker.status == TrackerState.failed)
    return session.scalar(select(failed)) is True


def _end_all(session: Session, tracker_ids: Sequence[int], state: TrackerState) -> None:
    if tracker_ids:
        error = ABSENT if state is TrackerState.skipped else None
        session.execute(update(Tracker).where(Tracker.id.in_(tracker_ids)).values(status=state, error=error))
