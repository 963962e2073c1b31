"""Reads the body of a request: so much of it, of one type, in time, and as strict JSON."""

import asyncio
from typing import Final

from starlette.requests import Request

from offline_transfer.api import strict_json
from offline_transfer.api.errors import (
    BodyNotAnObjectError,
    BodyTooLargeError,
    BodyTooSlowError,
    UnsupportedContentTypeError,
)
from offline_transfer.archive.errors import shown
from offline_transfer.types import JsonObject

MOST_BYTES: Final = 1024 * 1024
MOST_SECONDS: Final = 30
JSON: Final = "application/json"


async def read_object(request: Request) -> JsonObject:
    """The JSON object in a body; nothing at all counts as an empty one.

    Raises UnsupportedContentTypeError, BodyTooLargeError, BodyTooSlowError, InvalidJsonError, BodyNotAnObjectError.
    """
    body = await _read(request)
    if not body:
        return {}
    _require_json(request.headers.get("content-type", ""))
    value = strict_json.parse(body)
    if not isinstance(value, dict):
        raise BodyNotAnObjectError
    return value


async def _read(request: Request) -> bytes:
    try:
        async with asyncio.timeout(MOST_SECONDS):
            body = bytearray()
            async for chunk in request.stream():
                if len(body) + len(chunk) > MOST_BYTES:
                    raise BodyTooLargeError(limit=MOST_BYTES)
                body += chunk
            return bytes(body)
    except TimeoutError:
        raise BodyTooSlowError(seconds=MOST_SECONDS) from None


def _require_json(content_type: str) -> None:
    kind, _, parameters = content_type.partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if kind.strip().lower() != JSON or charset not in ("", "charset=utf-8"):
        raise UnsupportedContentTypeError(given=shown(content_type))
