"""Numbers for Prometheus, read from the rows at each scrape: whatever process did the work, and however often it was restarted.

They tell how much goes on, so they are for this machine itself and for whoever has the token of an administrator. A request that a
proxy passed on is not of this machine, wherever the proxy is.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from offline_transfer.api import access, described
from offline_transfer.api.errors import MetricsForbiddenError
from offline_transfer.api.service import TheService
from offline_transfer.db import Database
from offline_transfer.forge.access import require_scope
from offline_transfer.forge.tokens import Scope
from offline_transfer.transfers.models import OfflineExport, RelationExport
from offline_transfer.transfers.states import ExportState, RelationState

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
        """All numbers, at one time."""
        with self._database.session() as session:
            yield from _exports(session)


def _exports(session: Session) -> Iterator[Metric]:
    exports = GaugeMetricFamily("offline_transfer_exports", "Exports by status.", labels=["status"])
    counts = dict(session.execute(select(OfflineExport.status, func.count()).group_by(OfflineExport.status)).tuples())
    for state in ExportState:
        exports.add_metric([state.name], counts.get(state, 0))
    yield exports
