"""Whether this process lives, and whether it can serve.

Anybody may ask: the ones who do are load balancers, which have no token. So nothing is told but which check failed.
"""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, Literal

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from offline_transfer.api import answers
from offline_transfer.api.service import TheService
from offline_transfer.db import Database, require_current_schema
from offline_transfer.errors import DatabaseError

router = APIRouter(prefix="/-", tags=["health"])

logger = logging.getLogger(__name__)


class Check(BaseModel):
    """One thing that was looked at."""

    status: Literal["ok", "failed"]


class Liveness(BaseModel):
    """Whether the process answers."""

    status: Literal["ok"]


class Readiness(BaseModel):
    """Whether the process can serve, and what was looked at."""

    status: Literal["ok", "failed"]
    db_check: list[Check]
    schema_check: list[Check]


def _answers(database: Database) -> None:
    with database.session() as session:
        session.execute(text("SELECT 1"))


CHECKS: Final[Mapping[str, Callable[[Database], None]]] = MappingProxyType(
    {"db_check": _answers, "schema_check": require_current_schema}
)


@router.get("/liveness", response_model=Liveness)
def show_liveness() -> Response:
    """Whether the process answers at all."""
    return answers.json_answer({"status": "ok"})


@router.get("/health", response_class=PlainTextResponse)
def show_health() -> Response:
    """The same in words."""
    return PlainTextResponse("offline-transfer OK\n")


@router.get(
    "/readiness",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "It cannot, for now."}},
)
def show_readiness(service: TheService) -> Response:
    """Whether the process can serve: the database answers, and its schema is the one of this program."""
    outcomes = {name: _outcome(name, check, service.instance.database) for name, check in CHECKS.items()}
    is_ready = set(outcomes.values()) == {"ok"}
    said = {
        "status": "ok" if is_ready else "failed",
        **{name: [{"status": outcome}] for name, outcome in outcomes.items()},
    }
    return answers.json_answer(said, status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)


def _outcome(name: str, check: Callable[[Database], None], database: Database) -> str:
    try:
        check(database)
    except (DatabaseError, SQLAlchemyError):
        logger.warning("readiness.failed", extra={"check": name}, exc_info=True)
        return "failed"
    return "ok"
