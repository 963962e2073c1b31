"""Servers that answer every request with the same bytes, whatever a real one would say."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import create_server
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Final
from xml.sax.saxutils import escape

from offline_transfer.storage.buckets import Connection, S3Bucket

SECRET: Final = "hostile-secret-of-the-tests"
KEY_ID: Final = "AKIATESTHOSTILE"
_HEADERS: Final = b'Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\nETag: "1"\r\nConnection: close\r\n'


class _Server(ThreadingTCPServer):
    daemon_threads = True
    answer: bytes
    requests: list[bytes]


class _Handler(BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Read one request, answer and hang up."""
        received = b""
        while b"\r\n\r\n" not in received:
            block = self.request.recv(65536)
            if not block:
                return
            received += block
        self.server.requests.append(received)
        # Closing while a part of the request is unread would take the answer away from the client.
        head, _, body = received.partition(b"\r\n\r\n")
        announced = re.search(rb"^content-length: *(\d+)", head, re.IGNORECASE | re.MULTILINE)
        left = int(announced[1]) - len(body) if announced else 0
        # A client that has heard enough hangs up.
        with suppress(ConnectionError):
            while left > 0 and (block := self.request.recv(65536)):
                left -= len(block)
            self.request.sendall(self.server.answer)


def response(status: str, body: bytes = b"", *, announced: int | None = None) -> bytes:
    """An HTTP response whose announced length may differ from that of its body."""
    length = len(body) if announced is None else announced
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n" % (status.encode(), _HEADERS, length) + body


def listing(*objects: tuple[str, int]) -> bytes:
    """The response of S3 to a request for a list of objects, of key and size."""
    entries = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{size}</Size><LastModified>2015-10-21T07:28:00Z</LastModified></Contents>"
        for key, size in objects
    )
    return response("200 OK", f"<ListBucketResult>{entries}</ListBucketResult>".encode())


@contextmanager
def answering(answer: bytes, requests: list[bytes] | None = None) -> Iterator[S3Bucket]:
    """A bucket of a server that answers so to everything; the heads of the requests are collected in the list."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.answer = answer
        server.requests = [] if requests is None else requests
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield bucket_at(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def closed_port() -> int:
    """A port of 127.0.0.1 at which nobody listens."""
    with create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def bucket_at(port: int, *, connection: Connection | None = None) -> S3Bucket:
    """A bucket behind a port of 127.0.0.1."""
    return S3Bucket(
        bucket="bucket",
        region="us-east-1",
        access_key_id=KEY_ID,
        secret_access_key=SECRET,
        endpoint=f"http://127.0.0.1:{port}",
        connection=connection or Connection(allow_http=True),
    )
