"""Answers: documents with an ETag, and what is said when something goes wrong.

Errors have GitLab's two shapes: `{"error": ...}` where its framework refuses a request, `{"message": ...}` where the program does.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import orjson
from fastapi import Request, Response
from pydantic import BaseModel
from starlette.routing import compile_path

from offline_transfer.api.errors import BusyError, RequestError, TooManyRequestsError
from offline_transfer.errors import OfflineTransferError, StorageError
from offline_transfer.forge.errors import NotSignedInError, ScopeMissingError, TokenExpiredError, TokenRevokedError
from offline_transfer.types import JsonObject

JSON: Final = "application/json"
PRIVATE: Final = "max-age=0, private, must-revalidate"
UNEXPECTED: Final[JsonObject] = {"message": "500 Internal Server Error"}

logger = logging.getLogger(__name__)


def json_answer(content: object, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Something as JSON."""
    return Response(orjson.dumps(content), status, dict(headers or {}), JSON)


def document(
    request: Request,
    content: BaseModel | Sequence[BaseModel],
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A document with its ETag, or 304 and no body when the client says that it has it already."""
    plain = _plain(content) if isinstance(content, BaseModel) else [_plain(item) for item in content]
    body = orjson.dumps(plain)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    said = {**(headers or {}), "ETag": f"W/{tag}", "Cache-Control": PRIVATE}
    if request.method == "GET" and _names(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=said)
    return Response(body, status, said, JSON)


def refusal(error: OfflineTransferError) -> Response:
    """What a client is told of an error.

    A client's own mistakes and its own store it may know everything about; of what is wrong with this instance only that it is.
    """
    if error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, StorageError | BusyError):
        logger.error("request.failed", extra={"error": error.code(), "reason": error.message})
        status = HTTPStatus(error.http_status)
        return json_answer({"message": f"{status.value} {status.phrase}"}, status=status)
    return json_answer(_told(error), status=error.http_status, headers=_headers(error))


def not_found() -> Response:
    """What is said where nothing is."""
    return json_answer({"error": "404 Not Found"}, status=HTTPStatus.NOT_FOUND)


def not_allowed(paths: Mapping[str, Mapping[str, object]], path: str) -> Response:
    """What is said to a method that a path does not have; `paths` are those of the OpenAPI document."""
    methods = {
        method.upper()
        for template, operations in paths.items()
        if compile_path(template)[0].match(path)
        for method in operations
    }
    allow = {"Allow": ", ".join(sorted(methods) or ["GET", "HEAD"])}
    return json_answer({"error": "405 Not Allowed"}, status=HTTPStatus.METHOD_NOT_ALLOWED, headers=allow)


def _told(error: OfflineTransferError) -> JsonObject:
    if isinstance(error, ScopeMissingError):
        return {
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": str(error.details["scope"]),
        }
    if isinstance(error, TokenRevokedError | TokenExpiredError):
        return {"error": "invalid_token", "error_description": error.message}
    if type(error) is NotSignedInError:
        return {"message": "401 Unauthorized"}
    if isinstance(error, TooManyRequestsError):
        return {"message": {"error": error.message}}
    return {"error" if isinstance(error, RequestError) else "message": error.message}


def _headers(error: OfflineTransferError) -> dict[str, str]:
    if isinstance(error, TooManyRequestsError):
        return {"Retry-After": str(error.details["seconds"])}
    is_unknown = error.http_status == HTTPStatus.UNAUTHORIZED
    return {"WWW-Authenticate": 'Bearer realm="offline-transfer"'} if is_unknown else {}


def _plain(model: BaseModel) -> object:
    return model.model_dump(mode="json")


def _names(header: str, tag: str) -> bool:
    """Whether an If-None-Match names this tag; how strong either is does not matter there."""
    named = [item.strip().removeprefix("W/") for item in header.split(",")]
    return tag in named or "*" in named
