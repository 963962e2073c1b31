"""The last pipeline of a group or project: its texts point to where things are now, once all of the import have their places.

A relation is gone through by the ids of its records, and what was done is written down in the transaction that does it. So nothing
is rewritten twice: what a text says afterwards may be the path that something else had at the source.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from offline_transfer.archive.errors import InvalidKeyError
from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.db import Database, psycopg_connection
from offline_transfer.forge.routes import Route
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.texts import TextRelation, Texts, entities_with_texts, text_relations
from offline_transfer.relations.rewriting import Moved, RewriterAt, Rewriting
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.failures import ERROR_CHARACTERS
from offline_transfer.transfers.ledger import PipelineStep, pipeline_class
from offline_transfer.transfers.models import (
    BatchTracker,
    BulkImport,
    ImportEntity,
    ImportFailure,
    Tracker,
)
from offline_transfer.transfers.states import OPEN_TRACKER, SourceType, TrackerState, step
from offline_transfer.types import PortableKind

RELATION: Final = "references"
"""The tracker of the pipeline. Its batches count the texts that were rewritten, which are no records of the source."""
REWRITTEN: Final = "rewritten"
STAGE: Final = 9

RECORDS_AT_ONCE: Final = 1000
"""How many records of the first level go in one transaction, with all below them."""
_TEXTS_AT_ONCE: Final = 50
"""What is held in memory of them."""

_ADD: Final = (
    b"INSERT INTO bulk_import_trackers (bulk_import_entity_id, relation, stage, status)"
    b" SELECT id, %(relation)s, %(stage)s, CASE WHEN id = ANY(%(busy)s::bigint[]) THEN %(created)s ELSE %(finished)s END"
    b" FROM bulk_import_entities WHERE bulk_import_id = %(id)s AND num_nonnulls(project_id, namespace_id) > 0"
    b" ORDER BY id ON CONFLICT DO NOTHING"
)
_REOPEN: Final = (
    b"WITH latest AS (SELECT max(tracker.created_at) AS at FROM bulk_import_trackers AS tracker JOIN bulk_import_entities"
    b" ON bulk_import_entities.id = bulk_import_entity_id WHERE bulk_import_id = %(id)s AND relation = 'self'),"
    b" reopened AS (UPDATE bulk_import_trackers AS tracker SET status = %(created)s, updated_at = clock_timestamp()"
    b" FROM bulk_import_entities AS entity, latest WHERE entity.id = bulk_import_entity_id AND bulk_import_id = %(id)s"
    b" AND relation = %(relation)s AND tracker.status = %(finished)s AND tracker.updated_at < latest.at"
    b" AND entity.id = ANY(%(busy)s::bigint[]) RETURNING tracker.id)"
    b" UPDATE bulk_import_batch_trackers SET status = %(created)s, first_index = 0, updated_at = clock_timestamp()"
    b" WHERE tracker_id IN (SELECT id FROM reopened)"
)
_STATES: Final = {
    "created": TrackerState.created.value,
    "finished": step(TrackerState.started, TrackerState.finished).value,
}
_PLACES: Final = (
    b"SELECT count(*), max(project_id), max(namespace_id) FROM bulk_import_entities WHERE bulk_import_id = %s"
)
_POSITION: Final = b"SELECT status, first_index, accounting FROM bulk_import_batch_trackers WHERE id = %s FOR UPDATE"
_ADVANCE: Final = (
    b"UPDATE bulk_import_batch_trackers SET status = %s, first_index = %s, accounting = %s, updated_at = clock_timestamp()"
    b" WHERE id = %s"
)
_ADD_BATCHES: Final = (
    b"INSERT INTO bulk_import_batch_trackers (tracker_id, batch_number)"
    b" SELECT %(tracker_id)s, unnest(%(numbers)s::bigint[]) ON CONFLICT DO NOTHING"
)
_BATCHES: Final = b"SELECT batch_number, id FROM bulk_import_batch_trackers WHERE tracker_id = %s ORDER BY batch_number"

Holding = Callable[[psycopg.Connection], None]
"""Called in each transaction before anything is written; raises when the work is another's by now, or nobody's."""


def held_by_nobody_else(_connection: psycopg.Connection) -> None:
    """For whoever has the work to himself."""


def take_on(session: Session, bulk_import_id: int) -> list[int]:
    """Have a tracker of the pipeline for each group and project that the import made; gives those that have not ended.

    To be called when all of the import have their places. Where no text can change, the pipeline has ended at once. What has come
    since a pipeline ended, in an import that was tried again, has it done again, if that can lead no text astray.
    """
    rewriting = rewriting_of(session, session.get_one(BulkImport, bulk_import_id), "")
    connection = psycopg_connection(session)
    busy: list[int] = []
    if rewriting.pattern is not None:
        looking = {"id": bulk_import_id, "pattern": rewriting.pattern}
        busy += [found for kind in PortableKind for (found,) in connection.execute(entities_with_texts(kind), looking)]
    given = {"id": bulk_import_id, "relation": RELATION, "stage": STAGE, "busy": busy, **_STATES}
    connection.execute(_ADD, given)
    if rewriting.is_repeatable:
        connection.execute(_REOPEN, given)
    of_import = ImportEntity.bulk_import_id == bulk_import_id
    found = select(Tracker.id).join(ImportEntity, ImportEntity.id == Tracker.bulk_import_entity_id).where(of_import)
    is_open = Tracker.relation == RELATION, Tracker.status.in_(OPEN_TRACKER)
    return list(session.scalars(found.where(*is_open).order_by(Tracker.id)))


def rewrite(context: ImportContext, tracker_id: int, hold: Holding = held_by_nobody_else) -> None:
    """Rewrites the texts of the group or project of a tracker, and ends it. Goes on where an earlier attempt stopped."""
    database = context.database
    with database.session() as session:
        tracker = session.get_one(Tracker, tracker_id)
        entity = session.get_one(ImportEntity, tracker.bulk_import_entity_id)
        kind = PortableKind.GROUP if entity.project_id is None else PortableKind.PROJECT
        portable_id = entity.project_id or entity.namespace_id
        if tracker.status not in OPEN_TRACKER:
            return
        source = session.get_one(BulkImport, entity.bulk_import_id)
        rewriter = rewriting_of(session, source, context.settings.instance_url).at(kind, entity.source_full_path)
    # Somebody may have removed it meanwhile.
    work = _Work(database, portable_id or 0, rewriter, hold)
    relations = {relation.number: relation for relation in text_relations(kind)}
    for number, batch_id in work.start(tracker_id, list(relations.values())):
        while work.step(batch_id, relations[number]):
            pass
    with database.session() as session:
        hold(psycopg_connection(session))
        tracker = session.get_one(Tracker, tracker_id)
        tracker.status = step(step(tracker.status, TrackerState.started), TrackerState.finished)
        tracker.updated_at = func.clock_timestamp()


def fail(session: Session, tracker: Tracker, reason: str) -> None:
    """End the pipeline of a group or project before its end. What was rewritten stays so, and so does the rest."""
    error = reason[:ERROR_CHARACTERS]
    of_tracker = BatchTracker.tracker_id == tracker.id, BatchTracker.status.in_(OPEN_TRACKER)
    session.execute(update(BatchTracker).where(*of_tracker).values(status=TrackerState.failed, error=error))
    tracker.status = step(step(tracker.status, TrackerState.started), TrackerState.failed)
    tracker.error = error
    session.add(
        ImportFailure(
            bulk_import_entity_id=tracker.bulk_import_entity_id,
            tracker_id=tracker.id,
            pipeline_class=pipeline_class(RELATION),
            pipeline_step=PipelineStep.LOADER,
            exception_class=Fail.GIVEN_UP,
            exception_message=error,
            subrelation=RELATION,
            batch_number=1,
        )
    )


@dataclass(slots=True)
class _Latest:
    """What the texts of the latest import have to become, and what that was made of: each of its thousand projects asks."""

    known: tuple[tuple[object, ...], Rewriting] | None = None


_latest: Final = _Latest()


def rewriting_of(session: Session, source: BulkImport, destination: str) -> Rewriting:
    """What the texts of an import have to become.

    File-based exports do not say where they come from.
    """
    if source.source_type is SourceType.file_export:
        return Rewriting(None, destination, ())
    connection = psycopg_connection(session)
    places = connection.execute(_PLACES, [source.id]).fetchone()
    key = (connection.info.dsn, source.id, source.source_hostname, destination, places)
    known = _latest.known
    if known is None or known[0] != key:
        known = key, Rewriting(source.source_hostname, destination, _moved(session, source.id))
        _latest.known = known
    return known[1]


def _moved(session: Session, bulk_import_id: int) -> Iterator[Moved]:
    places = {
        PortableKind.GROUP: (ImportEntity.namespace_id, Route.namespace_id),
        PortableKind.PROJECT: (ImportEntity.project_id, Route.project_id),
    }
    for kind, (made, of_route) in places.items():
        columns = ImportEntity.source_full_path, ImportEntity.source_prefix, Route.path, made
        of_import = ImportEntity.bulk_import_id == bulk_import_id
        for source_path, prefix, path, own_id in session.execute(
            select(*columns).join(Route, of_route == made).where(of_import)
        ):
            yield Moved(kind, source_path, path, _source_id(prefix), own_id)


def _source_id(prefix: str) -> int | None:
    try:
        return EntityPrefix.parse(prefix).id
    except InvalidKeyError:
        return None


@dataclass(frozen=True, slots=True)
class _Work:
    """The texts of one group or project."""

    database: Database
    portable_id: int
    rewriter: RewriterAt
    hold: Holding

    def start(self, tracker_id: int, relations: Sequence[TextRelation]) -> list[tuple[int, int]]:
        """Numbers of relations with something to do, and the batches that say how far each is."""
        given = {"portable_id": self.portable_id, "pattern": self.rewriter.rewriting.pattern}
        with self.database.raw_connection() as connection, connection.transaction():
            self.hold(connection)
            numbers = [item.number for item in relations if connection.execute(item.any, given).fetchone() is not None]
            connection.execute(_ADD_BATCHES, {"tracker_id": tracker_id, "numbers": numbers})
            connection.execute(b"DELETE FROM bulk_import_failures WHERE tracker_id = %s", [tracker_id])
            return connection.execute(_BATCHES, [tracker_id]).fetchall()

    def step(self, batch_id: int, relation: TextRelation) -> bool:
        """Rewrites the texts of the next records of a relation in one transaction. Says whether there may be more."""
        with self.database.raw_connection() as connection, connection.transaction():
            self.hold(connection)
            position = connection.execute(_POSITION, [batch_id]).fetchone()
            if position is None or TrackerState(position[0]) not in OPEN_TRACKER:
                return False
            given = {"portable_id": self.portable_id, "after": position[1], "count": RECORDS_AT_ONCE}
            ids = [found for (found,) in connection.execute(relation.next, given)]
            changed = sum(self._rewrite(connection, texts, ids) for texts in relation.texts) if ids else 0
            done = Jsonb({REWRITTEN: position[2].get(REWRITTEN, 0) + changed})
            state = TrackerState.started if len(ids) == RECORDS_AT_ONCE else TrackerState.finished
            connection.execute(_ADVANCE, [state.value, ids[-1] if ids else position[1], done, batch_id])
            return state is TrackerState.started

    def _rewrite(self, connection: psycopg.Connection, texts: Texts, ids: Sequence[int]) -> int:
        changed = 0
        with connection.cursor(name=RELATION) as cursor:
            cursor.execute(texts.find, {"ids": ids, "pattern": self.rewriter.rewriting.pattern})
            while some := cursor.fetchmany(_TEXTS_AT_ONCE):
                rewritten = [(key, text, self.rewriter.point(text)) for key, text in some]
                now = {key: now for key, text, now in rewritten if now != text}
                if now:
                    connection.execute(texts.change, {"keys": list(now), "texts": list(now.values())})
                changed += len(now)
        return changed
