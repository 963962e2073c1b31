"""Numbers for Prometheus, read from the rows at each scrape: whatever process did the work, and however often it was restarted.

They tell how much goes on, so they are for this machine itself and for whoever has the token of an administrator. A request that a
proxy passed on is not of this machine, wherever the proxy is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from typing import Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Executable, func, select, text
from sqlalchemy.orm import Session

from offline_transfer.api import access, described
from offline_transfer.api.errors import MetricsForbiddenError
from offline_transfer.api.service import TheService
from offline_transfer.db import Database
from offline_transfer.forge.access import require_scope
from offline_transfer.forge.tokens import Scope
from offline_transfer.jobs.metrics import Figures, collect
from offline_transfer.queue import QueueName
from offline_transfer.transfers.models import (
    BulkImport,
    ImportEntity,
    ImportFailure,
    OfflineExport,
    RelationExport,
    Tracker,
)

FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")

router = APIRouter(prefix="/-", tags=["health"])


def may_see_metrics(request: Request, service: TheService) -> None:
    """Raise MetricsForbiddenError, or what `access.signed_in` raises, for who may not."""
    if access.token_of(request):
        actor = access.signed_in(request, service)
        require_scope(actor, Scope.READ_API)
        if actor.admin:
            return
    elif is_of_this_machine(request):
        return
    raise MetricsForbiddenError


def is_of_this_machine(request: Request) -> bool:
    """Whether a request was sent from here, and not just passed on from here."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


@router.get(
    "/metrics",
    dependencies=[Depends(may_see_metrics)],
    response_class=PlainTextResponse,
    responses={
        **described.SIGNED_IN,
        403: {"model": described.Failed | described.InsufficientScope, "description": "They are not for this client."},
    },
)
def show_metrics(service: TheService) -> Response:
    """Numbers in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Rows(service.instance.database))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Rows(Collector):
    """Collects from the rows of one instance."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Nothing: registration would otherwise read everything to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All numbers, as they stand in one transaction."""
        with self._database.session() as session:
            yield from _work(collect(session))
            for table in TABLES:
                yield table.read(session)


def _work(figures: Figures) -> Iterator[Metric]:
    yield _gauge("jobs", "Jobs that are kept, by task and state.", ["task", "state"], figures.jobs)
    yield _gauge(
        "queue_oldest_seconds",
        "How long the oldest job that could begin has waited, by queue.",
        ["queue"],
        {(queue,): figures.oldest.get(queue, 0.0) for queue in QueueName},
    )
    yield _gauge("stale_work_ended", "Attempts at jobs that ended with their worker.", [], {(): figures.stale_ended})
    errors = {(task,): count for task, count in figures.errors.items()}
    yield _gauge("job_errors", "Attempts at jobs that failed, by task.", ["task"], errors)
    memory = {
        (str(worker.id), worker.host, str(worker.pid), ",".join(worker.queues)): worker.memory_bytes
        for worker in figures.workers
    }
    yield _gauge("worker_memory_bytes", "Memory of each worker.", ["worker", "host", "pid", "queues"], memory)


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers that one statement reads: the labels of each row, then its number."""

    name: str
    meaning: str
    labels: Sequence[str]
    statement: Executable

    def read(self, session: Session) -> Metric:
        """The numbers of now."""
        rows = session.execute(self.statement).all()
        return _gauge(self.name, self.meaning, self.labels, {tuple(map(_label, row[:-1])): row[-1] for row in rows})


# Where batches failed, these are counted, and not the relation that failed with them. An export as a whole has no relation.
_EXPORT_FAILURES: Final = """
SELECT relation, reason, sum(failures) FROM (
    SELECT relation, coalesce(gap->>'kind', 'gap'), coalesce((gap->>'count')::bigint, 1)
    FROM bulk_import_exports, jsonb_array_elements(gaps) AS gap
    UNION ALL
    SELECT relation, batch.exception_class, 1
    FROM bulk_import_export_batches AS batch JOIN bulk_import_exports AS export ON export.id = batch.export_id
    WHERE batch.exception_class IS NOT NULL
    UNION ALL
    SELECT relation, exception_class, 1 FROM bulk_import_exports AS export
    WHERE exception_class IS NOT NULL AND NOT EXISTS (
        SELECT FROM bulk_import_export_batches AS batch WHERE batch.export_id = export.id AND batch.exception_class IS NOT NULL
    )
    UNION ALL
    SELECT '', exception_class, 1 FROM import_offline_exports WHERE exception_class IS NOT NULL
) AS failed (relation, reason, failures)
GROUP BY relation, reason
"""

TABLES: Final = (
    Table(
        "exports",
        "Exports, by status.",
        ["status"],
        select(OfflineExport.status, func.count()).group_by(OfflineExport.status),
    ),
    Table(
        "export_relations",
        "Relations of groups and projects in exports, by status.",
        ["status"],
        select(RelationExport.status, func.count()).group_by(RelationExport.status),
    ),
    Table(
        "exported_records",
        "Records that were exported, by relation.",
        ["relation"],
        select(RelationExport.relation, func.sum(RelationExport.exported_count)).group_by(RelationExport.relation),
    ),
    Table(
        "exported_bytes",
        "Bytes that were stored, by relation.",
        ["relation"],
        select(RelationExport.relation, func.sum(RelationExport.bytes)).group_by(RelationExport.relation),
    ),
    Table(
        "export_retries",
        "How often objects had to be sent to a store again, by relation.",
        ["relation"],
        select(RelationExport.relation, func.sum(RelationExport.retries)).group_by(RelationExport.relation),
    ),
    Table(
        "export_failures",
        "What could not be exported, by relation and reason: records and files by what is wrong with them, whole objects, relations"
        " and exports by the class of the error.",
        ["relation", "reason"],
        text(_EXPORT_FAILURES),
    ),
    Table(
        "imports",
        "Imports, by status.",
        ["status"],
        select(BulkImport.status, func.count()).group_by(BulkImport.status),
    ),
    Table(
        "import_entities",
        "Groups and projects of imports, by status.",
        ["status"],
        select(ImportEntity.status, func.count()).group_by(ImportEntity.status),
    ),
    Table(
        "import_pipelines",
        "Pipelines of groups and projects in imports, by status.",
        ["status"],
        select(Tracker.status, func.count()).group_by(Tracker.status),
    ),
    Table(
        "imported_records",
        "Records that were imported, by relation.",
        ["relation"],
        text(
            "SELECT relation, sum((accounting #>> ARRAY['paths', relation, 'imported'])::bigint) FROM bulk_import_batch_trackers"
            " JOIN bulk_import_trackers AS tracker ON tracker.id = tracker_id WHERE accounting -> 'paths' ? relation GROUP BY 1"
        ),
    ),
    Table(
        "import_failures",
        "Records that could not be imported, by reason.",
        ["reason"],
        select(ImportFailure.exception_class, func.count()).group_by(ImportFailure.exception_class),
    ),
)


LabelsT = TypeVar("LabelsT", bound=tuple[str, ...])


def _gauge(name: str, meaning: str, labels: Sequence[str], numbers: Mapping[LabelsT, float]) -> Metric:
    metric = GaugeMetricFamily(f"offline_transfer_{name}", meaning, labels=labels)
    for values, number in sorted(numbers.items()):
        metric.add_metric(values, float(number))
    return metric


def _label(value: object) -> str:
    return value.name if isinstance(value, Enum) else str(value)
