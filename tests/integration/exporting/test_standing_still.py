"""A process that is suspended in the middle of a transaction keeps others waiting for a while, and not for ever."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from offline_transfer import db
from offline_transfer.exporting import outcomes, places, plan, portable, schedule, work
from offline_transfer.exporting.schedule import Subject
from offline_transfer.forge.issues import Issue
from offline_transfer.jobs import doing
from offline_transfer.transfers.models import ExportBatch, ExportJob
from offline_transfer.transfers.states import BatchState, JobState
from tests.integration.exporting.exporter import Exporter
from tests.integration.exporting.test_attempts import own_row_of, started
from tests.support.standstill import stand_still


@pytest.fixture
def issues(exporter: Exporter) -> Exporter:
    """The instance with three issues, which leave in batches of two."""
    exporter.add(*(Issue(iid=iid, title=f"Issue {iid}", project_id=5, author_id=3) for iid in range(1, 4)))
    return Exporter(exporter.database, exporter.directory, {"batch_size": 2})


@pytest.fixture
def other(issues: Exporter) -> Iterator[Exporter]:
    """Another worker, which fails where it would have to wait for ever."""
    with closing(db.connect(make_conninfo(issues.database.conninfo, options="-c lock_timeout=30s"))) as impatient:
        yield replace(issues, database=impatient)


def meanwhile(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, act: Callable[[], None]) -> list[str]:
    """Has somebody stand still before he calls a function for the first time, until others have done something.

    Gives a list that has an item when they could do it.
    """
    function = getattr(module, name)
    done: list[str] = []

    def standing_still(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(module, name, function)
        for argument in arguments:
            if isinstance(argument, Session | psycopg.Connection):
                stand_still(argument)
        act()
        done.append(name)
        return function(*arguments, **named)

    monkeypatch.setattr(module, name, standing_still)
    return done


def test_who_claims_a_job_and_stands_still(issues: Exporter, other: Exporter) -> None:
    subject = Subject(export_id=own_row_of(issues, started(issues, "top/sub/app")))
    with ExitStack() as stack:
        standing = issues.database.sessions()
        # Its connection is gone: there is nothing that could be rolled back.
        stack.callback(standing.invalidate)
        schedule.claim(standing, subject)
        stand_still(standing)
        with other.database.session() as session:
            claim = schedule.claim(session, subject)
        assert claim is not None
        assert claim.attempt == 1
        with pytest.raises(DBAPIError):
            standing.execute(text("SELECT 1"))


def test_who_writes_down_relations_and_stands_still(
    issues: Exporter, other: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = started(issues, "top/sub/app")
    own = own_row_of(issues, created)
    done = meanwhile(monkeypatch, plan, "fix_batches", partial(portable.export_portable, other.context(), own))
    with pytest.raises(DBAPIError) as caught:
        portable.export_portable(issues.context(), own)
    assert done
    assert doing.may_pass(caught.value)
    assert issues.run(created).is_clean


@pytest.mark.parametrize(("module", "name"), [(work, "task_of_batch"), (outcomes, "end_relation")])
def test_who_begins_or_ends_a_batch_and_stands_still(
    issues: Exporter, other: Exporter, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    created = started(issues, "top/sub/app")
    portable.export_portable(issues.context(), own_row_of(issues, created))
    with issues.database.session() as session:
        released = select(ExportJob.batch_id).where(ExportJob.status == JobState.released)
        batch_id = session.scalars(released.order_by(ExportJob.id)).first()
    assert batch_id is not None
    done = meanwhile(monkeypatch, module, name, partial(portable.export_batch, other.context(), batch_id))
    with pytest.raises(DBAPIError) as caught:
        portable.export_batch(issues.context(), batch_id)
    assert done
    assert doing.may_pass(caught.value)
    assert issues.run(created).is_clean


def test_who_opens_the_place_of_a_batch_slowly_locks_nothing(issues: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    created = started(issues, "top/sub/app")
    portable.export_portable(issues.context(), own_row_of(issues, created))
    with issues.database.session() as session:
        batch = session.scalars(select(ExportBatch).order_by(ExportBatch.id).limit(1)).one()

    def lock_all() -> None:
        with issues.database.session() as session:
            session.execute(select(ExportBatch.id).with_for_update(nowait=True))
            assert session.scalar(select(ExportBatch.status).where(ExportBatch.id == batch.id)) is BatchState.created

    done = meanwhile(monkeypatch, places, "envelope_of", lock_all)
    portable.export_batch(issues.context(), batch.id)
    assert done
    assert issues.run(created).is_clean
