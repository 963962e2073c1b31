"""Runs the application on an address until the process is told to end."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from offline_transfer.api.errors import AddressRefusedError

BACKLOG: Final = 512
MOST_CONNECTIONS: Final = 256
GRACE_SECONDS: Final = 10
LARGEST_HEAD: Final = 64 * 1024


def listen(host: str, port: int) -> socket.socket:
    """A socket on which clients can knock from now on; port 0 is any that is free. Raises AddressRefusedError."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        # The library adds the address to the system's words, and names that cannot be resolved have no number of the system.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or "it is refused"
        raise AddressRefusedError(host=host, port=port, reason=reason.lower()) from None


def address_of(listening: socket.socket) -> str:
    """Where clients find a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_server(app: FastAPI) -> uvicorn.Server:
    """A server for the application. Its own log of requests is off: it would repeat what people put into addresses."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
    )


def run(app: FastAPI, listening: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C; requests that are being answered then get some seconds."""
    with _signals_end_nothing_else():
        make_server(app).run(sockets=[listening])


@contextmanager
def _signals_end_nothing_else() -> Iterator[None]:
    """uvicorn raises the signal that ended it once more; what stands around it has yet to end in order."""

    def passed_over(_number: int, _frame: FrameType | None) -> None:
        """The server has taken it."""

    before = {number: signal.signal(number, passed_over) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
