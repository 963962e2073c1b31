"""Puts the application together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import anyio.to_thread
import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from offline_transfer.api import (
    about,
    answers,
    bulk_imports,
    exports,
    health,
    imports,
    metrics,
    openapi,
    pages,
    validation,
)
from offline_transfer.api.errors import BusyError, InvalidParametersError
from offline_transfer.api.limiting import RateLimits
from offline_transfer.api.service import Service
from offline_transfer.api.watching import Watched
from offline_transfer.errors import OfflineTransferError
from offline_transfer.jobs.instance import Instance

THREADS: Final = 12
"""How many requests are worked on at once: fewer than the pool of the database has connections."""

_UNUSABLE: Final = (OperationalError, InterfaceError, PoolTimeoutError, psycopg.OperationalError)


def create_app(instance: Instance, limits: RateLimits | None = None) -> FastAPI:
    """The application of an instance, which has to stay open for as long as it is used."""
    app = routed_app()
    app.state.service = Service(instance, limits or RateLimits())
    return app


def routed_app() -> FastAPI:
    """The application before it has an instance: enough to describe it."""
    app = FastAPI(
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    for part in (exports, imports, bulk_imports, about, openapi, pages, health, metrics):
        app.include_router(part.router)
    app.add_exception_handler(OfflineTransferError, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _of_the_framework)
    for unusable in _UNUSABLE:
        app.add_exception_handler(unusable, _busy)
    app.add_middleware(Watched)
    return app


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, OfflineTransferError)
    return answers.refusal(error)


def _not_valid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [{**item, "loc": item["loc"][1:]} for item in error.errors()]
    return answers.refusal(InvalidParametersError(problem=", ".join(validation.messages(found))))


def _of_the_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return answers.not_allowed(openapi.document(request.app)["paths"], request.url.path)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return answers.not_found()
    status = HTTPStatus(error.status_code)
    return answers.json_answer({"error": f"{status.value} {status.phrase}"}, status=status)


def _busy(_: Request, error: Exception) -> Response:
    answers.logger.warning("database.unusable", exc_info=error)
    return answers.refusal(BusyError())
