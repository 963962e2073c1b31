"""The rows that say how far each pipeline of an entity is.

Most relations of most projects are empty, and a row for each is all that has to be written of them: all are made in one
transaction, and those with nothing to do are ended in the same one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from sqlalchemy import bindparam, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.orm import Session
from sqlalchemy.types import BigInteger, SmallInteger, Text

from offline_transfer.db import Database, psycopg_connection
from offline_transfer.importing.announced import nested_of
from offline_transfer.importing.source import SourceObject
from offline_transfer.importing.stages import Stage
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting
from offline_transfer.transfers.ledger import BatchRef, Claim
from offline_transfer.transfers.models import BatchTracker, Tracker
from offline_transfer.transfers.states import OPEN_TRACKER, TrackerState, step
from offline_transfer.types import PortableKind

ABSENT = "the archive holds nothing of this relation"

_ADD = text(
    "INSERT INTO bulk_import_trackers (bulk_import_entity_id, relation, stage)"
    " SELECT :entity_id, given.* FROM unnest(:relations, :stages) AS given ON CONFLICT DO NOTHING"
).bindparams(bindparam("relations", type_=ARRAY(Text)), bindparam("stages", type_=ARRAY(SmallInteger)))
_ADD_BATCHES = text(
    "INSERT INTO bulk_import_batch_trackers (tracker_id, batch_number, first_index, expected, expected_nested)"
    " SELECT :tracker_id, given.* FROM unnest(:numbers, :indexes, :expected, :nested) AS given ON CONFLICT DO NOTHING"
).bindparams(
    bindparam("nested", type_=ARRAY(JSONB)),
    *(bindparam(name, type_=ARRAY(BigInteger)) for name in ("numbers", "indexes", "expected")),
)


@dataclass(frozen=True, slots=True)
class TrackedPipeline:
    """A pipeline of one entity, and how far it is."""

    entity_id: int
    tracker_id: int
    stage: Stage
    status: TrackerState

    @property
    def relation(self) -> str:
        """The relation of the pipeline."""
        return self.stage.relation


@dataclass(frozen=True, slots=True)
class End:
    """How a pipeline ends that has nothing to do, and why."""

    state: TrackerState
    error: str | None = None


def take_on(database: Database, claim: Claim, entity_id: int, stages: Sequence[Stage]) -> list[TrackedPipeline]:
    """The trackers of all pipelines in the order of their stages; they are made unless an earlier attempt did it."""
    with database.session() as session:
        ledger.hold(psycopg_connection(session), claim)
        relations, numbers = [stage.relation for stage in stages], [stage.number for stage in stages]
        session.execute(_ADD, {"entity_id": entity_id, "relations": relations, "stages": numbers})
        found = session.execute(
            select(Tracker.relation, Tracker.id, Tracker.status).where(Tracker.bulk_import_entity_id == entity_id)
        )
        trackers = {relation: (tracker_id, status) for relation, tracker_id, status in found}
        return [
            TrackedPipeline(entity_id, trackers[stage.relation][0], stage, trackers[stage.relation][1])
            for stage in stages
        ]


def end_idle(database: Database, claim: Claim, ends: Mapping[int, End]) -> None:
    """Ends pipelines that have nothing to do, by the ids of their trackers."""
    if not ends:
        return
    with database.session() as session:
        ledger.hold(psycopg_connection(session), claim)
        for end in set(ends.values()):
            state = step(TrackerState.started, end.state)
            ids = [tracker_id for tracker_id, its_end in ends.items() if its_end == end]
            session.execute(update(Tracker).where(Tracker.id.in_(ids)).values(status=state, error=end.error))


def start(
    session: Session, claim: Claim, pipeline: TrackedPipeline, kind: PortableKind, objects: Sequence[SourceObject]
) -> dict[int, BatchRef]:
    """Says that a pipeline is at work, and gives its batches by number; their rows are made unless an earlier attempt did."""
    before = accumulate((found.records or 0 for found in objects), initial=0)
    given = {
        "tracker_id": pipeline.tracker_id,
        "numbers": [found.number for found in objects],
        "indexes": [index for index, _ in zip(before, objects, strict=False)],
        "expected": [found.records for found in objects],
        "nested": [nested_of(kind, pipeline.relation, found) for found in objects],
    }
    tracker = session.get_one(Tracker, pipeline.tracker_id, populate_existing=True)
    tracker.status = step(tracker.status, TrackerState.started)
    tracker.batched = len(objects) > 1
    session.flush()
    session.execute(_ADD_BATCHES, given)
    batches = session.scalars(select(BatchTracker).where(BatchTracker.tracker_id == pipeline.tracker_id))
    return {batch.batch_number: reference(pipeline.entity_id, pipeline.relation, batch, claim) for batch in batches}


def reference(entity_id: int, relation: str, batch: BatchTracker, claim: Claim | None) -> BatchRef:
    """A batch as the attempt that does it names it; without a claim, as whoever ends it for all attempts."""
    retried = batch.retried_lines
    lines = None if retried is None else {int(line): nested for line, nested in retried.items()}
    return BatchRef(entity_id, batch.tracker_id, batch.id, batch.batch_number, relation, lines, claim)


def end(session: Session, tracker_id: int) -> bool:
    """Ends a pipeline if none of its batches is open; it failed when one of them did. Gives whether it has ended.

    The caller has seen to it that no batch of it can end meanwhile.
    """
    # Batches that still run have written failures, which refer to it.
    tracker = session.get_one(Tracker, tracker_id, with_for_update={"key_share": True}, populate_existing=True)
    if tracker.status not in OPEN_TRACKER:
        return True
    of_tracker = BatchTracker.tracker_id == tracker_id
    if session.scalar(select(exists().where(of_tracker, BatchTracker.status.in_(OPEN_TRACKER)))):
        return False
    failed = select(BatchTracker.error).where(of_tracker, BatchTracker.status == TrackerState.failed)
    errors = session.scalars(failed.order_by(BatchTracker.batch_number).limit(1)).all()
    tracker.status = step(tracker.status, TrackerState.failed if errors else TrackerState.finished)
    tracker.error = errors[0] if errors else None
    session.flush()
    return True


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


def accounted_for(session: Session, entity_id: int) -> dict[str, Mapping[int, frozenset[int]] | None]:
    """What is accounted for: each relation with the numbers of such batches and the lines of each that are not, or None for all.

    A batch of which only some lines are tried again is accounted for but for these.
    """
    found: dict[str, Mapping[int, frozenset[int]] | None] = {}
    for tracker in session.scalars(select(Tracker).where(Tracker.bulk_import_entity_id == entity_id)):
        if tracker.status not in OPEN_TRACKER:
            found[tracker.relation] = None
            continue
        batches = session.scalars(select(BatchTracker).where(BatchTracker.tracker_id == tracker.id))
        found[tracker.relation] = {
            batch.batch_number: frozenset(map(int, batch.retried_lines or ()))
            for batch in batches
            if batch.status not in OPEN_TRACKER or batch.retried_lines is not None
        }
    return found


def fail_open(session: Session, entity_id: int, error: str | None) -> None:
    """Ends the pipelines and batches of an entity that failed before they had."""
    of_entity = Tracker.bulk_import_entity_id == entity_id
    ids = select(Tracker.id).where(of_entity)
    failed = {"status": step(TrackerState.started, TrackerState.failed), "error": error, "updated_at": func.now()}
    session.execute(
        update(BatchTracker)
        .where(BatchTracker.tracker_id.in_(ids), BatchTracker.status.in_(OPEN_TRACKER))
        .values(failed)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Tracker)
        .where(of_entity, Tracker.status.in_(OPEN_TRACKER))
        .values(failed)
        .execution_options(synchronize_session=False)
    )


def failed_among(session: Session, entity_id: int, relations: Sequence[str]) -> str | None:
    """One of these relations whose pipeline failed."""
    of_entity = Tracker.bulk_import_entity_id == entity_id, Tracker.relation.in_(relations)
    failed = select(Tracker.relation).where(*of_entity, Tracker.status == TrackerState.failed)
    return session.scalar(failed.order_by(Tracker.id).limit(1))


def has_failed(session: Session, entity_id: int) -> bool:
    """Whether any pipeline of an entity failed."""
    failed = exists().where(Tracker.bulk_import_entity_id == entity_id, Tracker.status == TrackerState.failed)
    return session.scalar(select(failed)) is True
