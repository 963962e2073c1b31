"""A front before a real S3 server that misbehaves by plan: requests that a rule names go wrong, all others are passed on.

    with faulty_front(rclone_server) as front:
        bucket = rclone_server.new_bucket().bucket
        front.plan(Rule(Answer(500), method="PUT", times=3))
        location = front.server.configuration(bucket).open(policy)

`front.server` is an `S3Server` like the one behind it, with the same credentials: use its `configuration`, `parameters`, `bucket`
or `environment` for whatever is under test, and the real server to see what truly lies in the bucket.

A rule catches the requests of its `method` whose `path?query` contains its `target`, a regular expression. The first `after` of
them pass, the next `times` (None: all) meet its fault. The first rule that has a fault for a request decides. `front.seen` tells
what came, in order.

| fault | the client sees | the server gets |
|---|---|---|
| `Answer(500)`, `Answer(429, retry_after=1)`, `Answer(403, code="InvalidAccessKeyId")` | this status and error | nothing |
| `HangUp()` | the connection is reset before an answer | nothing |
| `CutRequest(1000)` | the same, after so many bytes of its body were taken | nothing |
| `LoseAnswer()` | the same | the whole request: what it asked for is done |
| `CutAnswer(1000)` | an answer that ends after so many bytes of its body | the whole request |
| `Hold()` | nothing, until `front.release()` or the end of the front | the whole request, then |
| `Trickle(0.02, 4096)` | an answer of which so many bytes come at once, so many seconds apart | the whole request, as slowly |
| `ChangeHeader("ETag", '"0"')` | an answer with another header | the whole request |

Kinds of requests by their target: parts of an upload `partNumber=`, its beginning `\\?uploads`, its completion `POST` with
`uploadId=`, listings `list-type=2`.
"""

import re
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Semaphore, Thread
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from tests.support.s3 import S3Server

_PIECE_BYTES: Final = 256 * 1024
_RESET: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of our own."""

    status: int
    code: str = "Any"
    retry_after: int | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class HangUp:
    """No answer."""


@dataclass(frozen=True, slots=True)
class CutRequest:
    """No answer, after a part of the body of the request."""

    passed: int


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """Success without a word."""


@dataclass(frozen=True, slots=True)
class CutAnswer:
    """A part of the body of the answer."""

    passed: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing for a while."""


@dataclass(frozen=True, slots=True)
class ChangeHeader:
    """Another header in the answer."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Trickle:
    """Everything, little by little."""

    pause: float
    piece: int


Fault: TypeAlias = Answer | HangUp | CutRequest | LoseAnswer | CutAnswer | Hold | ChangeHeader | Trickle


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests meet a fault."""

    fault: Fault
    method: str | None = None
    target: str = ""
    after: int = 0
    times: int | None = 1

    def catches(self, method: str, target: str) -> bool:
        """Whether a request is one of those that the rule counts."""
        return self.method in (None, method) and re.search(self.target, target) is not None


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that came, and what it met."""

    method: str
    target: str
    fault: Fault | None = field(default=None)


class FaultyFront(ThreadingHTTPServer):
    """See the module."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, behind: S3Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.server = replace(behind, endpoint=f"http://127.0.0.1:{self.server_port}")
        self.released = Event()
        self.held_done = Semaphore(0)
        """Acquired once for each request that was held and has been done since."""
        self._lock = Lock()
        self._seen: list[Seen] = []
        self._rules: list[tuple[Rule, list[None]]] = []

    def plan(self, *rules: Rule) -> None:
        """From now on these rules hold, instead of those before; what was seen is forgotten."""
        with self._lock:
            self._rules = [(rule, []) for rule in rules]
            self._seen = []

    @property
    def seen(self) -> list[Seen]:
        """The requests since the plan was made."""
        with self._lock:
            return list(self._seen)

    def release(self) -> None:
        """Let go of all requests that are held, and hold none any more."""
        self.released.set()

    def fault_of(self, method: str, target: str) -> Fault | None:
        """What a request meets."""
        with self._lock:
            fault = next((fault for fault in self._faults(method, target)), None)
            self._seen.append(Seen(method, target, fault))
            return fault

    def _faults(self, method: str, target: str) -> Iterator[Fault]:
        for rule, counted in self._rules:
            if rule.catches(method, target):
                counted.append(None)
                number = len(counted) - rule.after
                if number > 0 and (rule.times is None or number <= rule.times):
                    yield rule.fault

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of clients that hang up."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@contextmanager
def faulty_front(behind: S3Server) -> Iterator[FaultyFront]:
    """A front before the server, without faults until some are planned."""
    with FaultyFront(behind) as front:
        thread = Thread(target=front.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield front
        finally:
            front.release()
            front.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30.0
    server: FaultyFront

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """Pass a request on, or not."""
        self.close_connection = True
        fault = self.server.fault_of(self.command, self.path)
        match fault:
            case Answer():
                self._discard(None)
                self._answer(fault)
            case HangUp():
                self._reset()
            case CutRequest():
                self._discard(fault.passed)
                self._reset()
            case _:
                if isinstance(fault, Hold):
                    self.server.released.wait()
                try:
                    self._pass_on(fault)
                finally:
                    if isinstance(fault, Hold):
                        self.server.held_done.release()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815  the names that the library looks for

    def _pass_on(self, fault: Fault | None) -> None:
        parts = urlsplit(self.server.behind.endpoint)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            # With its host: the signature covers it.
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() != "connection":
                    connection.putheader(name, value)
            connection.putheader("Connection", "close")
            connection.endheaders()
            for piece in self._body(fault.piece if isinstance(fault, Trickle) else _PIECE_BYTES):
                if isinstance(fault, Trickle):
                    time.sleep(fault.pause)
                connection.send(piece)
            with connection.getresponse() as response:
                if isinstance(fault, LoseAnswer):
                    response.read()
                    self._reset()
                else:
                    self._send(response, fault)
        finally:
            connection.close()

    def _send(self, response: HTTPResponse, fault: Fault | None) -> None:
        headers = {name.title(): value for name, value in response.getheaders() if name.lower() != "transfer-encoding"}
        headers["Connection"] = "close"
        body = b"" if self.command == "HEAD" else response.read()
        if self.command != "HEAD":
            headers["Content-Length"] = str(len(body))
        if isinstance(fault, ChangeHeader):
            headers[fault.name.title()] = fault.value
        if isinstance(fault, Trickle):
            time.sleep(fault.pause)
        self.send_response_only(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        match fault:
            case CutAnswer():
                self.wfile.write(body[: fault.passed])
                self._reset()
            case Trickle():
                for start in range(0, len(body), fault.piece):
                    time.sleep(fault.pause)
                    self.wfile.write(body[start : start + fault.piece])
            case _:
                self.wfile.write(body)

    def _answer(self, answer: Answer) -> None:
        body = b"" if self.command == "HEAD" else f"<Error><Code>{answer.code}</Code></Error>".encode()
        self.send_response_only(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/xml")
        self.send_header("Connection", "close")
        if answer.retry_after is not None:
            self.send_header("Retry-After", str(answer.retry_after))
        if answer.location is not None:
            self.send_header("Location", answer.location)
        self.end_headers()
        self.wfile.write(body)

    def _body(self, most: int = _PIECE_BYTES) -> Iterator[bytes]:
        left = int(self.headers.get("Content-Length", "0"))
        while left > 0 and (piece := self.rfile.read1(min(left, most))):
            left -= len(piece)
            yield piece

    def _discard(self, most: int | None) -> None:
        taken = 0
        for piece in self._body():
            taken += len(piece)
            if most is not None and taken >= most:
                return

    def _reset(self) -> None:
        """Closes the connection so that the client hears of it at once."""
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()
        raise ConnectionAbortedError
