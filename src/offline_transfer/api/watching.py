"""Around every request: a number by which to find it in the log, one line about it there, and an answer when something breaks.

The line names the route and not the address that was asked for: people put tokens into addresses.
"""

import logging
import time
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from offline_transfer import logs
from offline_transfer.api import answers

REQUEST_ID: Final = b"x-request-id"
_ALWAYS: Final = ((b"x-content-type-options", b"nosniff"),)
_NO_ANSWER: Final = 499
"""What nginx calls a request whose client left before it was answered."""

logger = logging.getLogger(__name__)


class Watched:
    """An application that is watched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid4().hex
        answer = _Answer(send, request_id)
        began = time.monotonic()
        with logs.bound(request_id=request_id):
            try:
                await self._app(scope, receive, answer)
            except ClientDisconnect:
                answer.status = answer.status or _NO_ANSWER
            except Exception:
                logger.exception("request.broken")
                if not answer.status:
                    broken = answers.json_answer(answers.UNEXPECTED, status=HTTPStatus.INTERNAL_SERVER_ERROR)
                    await broken(scope, receive, answer)
            logger.info("request.answered", extra=_line(scope, answer, time.monotonic() - began))


class _Answer:
    """Passes an answer on, and remembers how it was."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (REQUEST_ID, self._request_id.encode()), *_ALWAYS]
        elif message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
        await self._send(message)


def _line(scope: Scope, answer: _Answer, seconds: float) -> dict[str, object]:
    client = scope.get("client")
    return {
        "method": scope["method"],
        "route": getattr(scope.get("route"), "path", None),
        "path_parameters": {
            name: value for name, value in scope.get("path_params", {}).items() if isinstance(value, int)
        },
        "status": answer.status,
        "bytes": answer.bytes,
        "seconds": round(seconds, 4),
        "client": client[0] if client else None,
        "user_id": scope.get("state", {}).get("user_id"),
    }
