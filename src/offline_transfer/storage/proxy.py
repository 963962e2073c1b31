"""The proxy on this machine through which the stores of requests are reached."""

import os
import secrets
import socket
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

from offline_transfer.errors import StorageError
from offline_transfer.storage.destinations import Destination
from offline_transfer.storage.egress import Passage
from offline_transfer.storage.errors import InvalidLocationError

_USER: Final = "passage"
_PIECE_BYTES: Final = 256 * 1024
_HEAD_SECONDS: Final = 30.0
_LINGER_SECONDS: Final = 5.0
# Beyond what the clients themselves wait for, so that they give up first and say so.
_SILENT_SECONDS: Final = 600.0
_OF_ONE_CONNECTION: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class EgressProxy(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 and lets those through who hold the address of a passage.

    https is tunnelled (`CONNECT`), so that the store and its client see each other's certificates; http is passed on request by
    request. Whatever is not a destination of the passage gets no connection.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._passages: dict[str, Passage] = {}
        Thread(target=self.serve_forever, name="egress-proxy", daemon=True).start()

    def open(self, passage: Passage) -> str:
        """The address of the proxy for a passage. It is secret: whoever has it goes where the passage leads."""
        token = secrets.token_urlsafe(32)
        self._passages[token] = passage
        return f"http://{_USER}:{token}@127.0.0.1:{self.server_port}"

    def close(self, address: str) -> None:
        """Let nobody through who comes with that address from now on."""
        self._passages.pop(urlsplit(address).password or "", None)

    def find(self, authorization: str) -> Passage | None:
        """The passage of a `Proxy-Authorization`."""
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, token = b64decode(encoded, validate=True).decode("ascii").partition(":")
        except ValueError:
            return None
        return self._passages.get(token) if user == _USER else None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of clients that hang up."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def shared_proxy() -> EgressProxy:
    """The proxy of this process. A process that was forked has one of its own: threads do not survive a fork."""
    return _proxy_of(os.getpid())


@cache
def _proxy_of(_: int) -> EgressProxy:
    return EgressProxy()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _HEAD_SECONDS
    server: EgressProxy

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: requests carry signatures."""

    def finish(self) -> None:
        """Wait until the client has heard the answer: closing before its request was read would take that away from it."""
        deadline = monotonic() + _LINGER_SECONDS
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_SECONDS)
            while monotonic() < deadline and self.connection.recv(_PIECE_BYTES):
                pass
        super().finish()

    def do_CONNECT(self) -> None:
        """Connect and pass bytes on in both directions."""
        with self._passing(f"https://{self.path}") as passing:
            if passing is None:
                return
            passage, upstream = passing
            self.send_response_only(200)
            self.end_headers()
            _Tunnel(self.connection, upstream, passage).run()

    def do_GET(self) -> None:
        """Pass one request on, and the answer to it."""
        with self._passing(self.path) as passing:
            if passing is None:
                return
            passage, upstream = passing
            upstream.settimeout(_SILENT_SECONDS)
            self.connection.settimeout(_SILENT_SECONDS)
            connection = HTTPConnection("unused")
            connection.auto_open = 0
            connection.sock = upstream
            try:
                self._send_request(connection)
                response = connection.getresponse()
            except (OSError, HTTPException):
                self._fail(502)
            else:
                with response:
                    self._send_response(response, passage)

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815  the names that the library looks for

    @contextmanager
    def _passing(self, url: str) -> Iterator[tuple[Passage, socket.socket] | None]:
        """The passage and the connection that a request asks for; None if it was answered instead."""
        # One request for each connection: what is asked next may be for another store.
        self.close_connection = True
        passage = self.server.find(self.headers.get("Proxy-Authorization", ""))
        if passage is None or "Transfer-Encoding" in self.headers:
            self._fail(411 if passage else 407)
            yield None
            return
        try:
            upstream = passage.connect(_destination(url))
        except (OSError, StorageError, InvalidLocationError, ValueError) as error:
            self._fail(_status(error))
            yield None
        else:
            with upstream:
                yield passage, upstream

    def _fail(self, status: int) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def _send_request(self, connection: HTTPConnection) -> None:
        parts = urlsplit(self.path)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in _OF_ONE_CONNECTION:
                connection.putheader(name, value)
        connection.putheader("Connection", "close")
        # A server that has heard enough may hang up early, and its answer says why.
        with suppress(ConnectionError):
            connection.endheaders()
            for piece in self._body():
                connection.send(piece)

    def _body(self) -> Iterator[bytes]:
        left = int(self.headers.get("Content-Length", "0"))
        while left > 0:
            piece = self.rfile.read1(min(left, _PIECE_BYTES))
            if not piece:
                raise IncompleteRead(b"", left)
            left -= len(piece)
            yield piece

    def _send_response(self, response: HTTPResponse, passage: Passage) -> None:
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _OF_ONE_CONNECTION:
                self.send_header(name, value)
        if response.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        # If the answer is cut, ours is: the connection ends before what was announced.
        with suppress(OSError, HTTPException, StorageError):
            while piece := response.read1(_PIECE_BYTES):
                passage.receive(len(piece))
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if response.chunked else piece)
            if response.chunked:
                self.wfile.write(b"0\r\n\r\n")


def _status(error: Exception) -> int:
    if isinstance(error, StorageError):
        return 403
    return 502 if isinstance(error, OSError) else 400


def _destination(url: str) -> Destination:
    parts = urlsplit(url)
    return Destination.of(parts.scheme, parts.hostname or "", parts.port)


class _Tunnel:
    """Two connections of which each gets what the other sends."""

    def __init__(self, client: socket.socket, upstream: socket.socket, passage: Passage) -> None:
        self._client = client
        self._upstream = upstream
        self._passage = passage
        self._last_sign_of_life = monotonic()

    def run(self) -> None:
        """Pass bytes on until both sides have ended, one of them fails, or neither says anything for long."""
        for connection in (self._client, self._upstream):
            connection.settimeout(_SILENT_SECONDS)
        back = Thread(target=self._pump, args=(self._upstream, self._client), daemon=True)
        back.start()
        self._pump(self._client, self._upstream)
        back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while piece := self._received(source):
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except (OSError, StorageError):
            # The other direction waits in a call of its own; only this wakes it.
            for connection in (self._client, self._upstream):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _received(self, source: socket.socket) -> bytes:
        while True:
            try:
                piece = source.recv(_PIECE_BYTES)
            except TimeoutError:
                if monotonic() - self._last_sign_of_life > _SILENT_SECONDS:
                    raise
                continue
            self._last_sign_of_life = monotonic()
            if source is self._upstream:
                self._passage.receive(len(piece))
            return piece
