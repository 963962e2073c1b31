"""As much of Azure Blob Storage as our operations need, for want of a real one that runs here.

Shapes follow the reference of its REST API: Put Blob, Put Block, Put Block List, Get Blob, Get Blob Properties, Delete Blob in a
Blob Batch, List Blobs. The key must sign the request, or the request carry a shared access signature, but neither is checked.
"""

import re
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Lock, Thread
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4
from xml.sax.saxutils import escape

import pytest

from offline_transfer.storage.buckets import AzureContainer, Connection
from tests.support.certificates import Certificates

ACCOUNT: Final = "testaccount"
KEY: Final = b64encode(b"azure-secret-of-the-tests").decode()
_DATE: Final = formatdate(0, usegmt=True)
_PAGE: Final = 500
_BATCH_DELETE: Final = re.compile(rb"Content-ID: (\d+)\s.*?DELETE (\S+) HTTP", re.DOTALL)


class AzureServer(ThreadingHTTPServer):
    """The server, with its containers in memory."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = Lock()
        self.containers: dict[str, dict[str, bytes]] = {}
        self.blocks: dict[tuple[str, str, str], bytes] = {}

    def encrypt(self, certificates: Certificates) -> None:
        """Speak https from now on."""
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server, certificates.key)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of clients that hang up, which is what some tests are about."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def new_container(self) -> AzureContainer:
        """A new empty container."""
        name = f"test-{uuid4().hex}"
        self.containers[name] = {}
        return self.container(name)

    def container(self, name: str) -> AzureContainer:
        """How to reach the container of that name, whether it exists or not."""
        return AzureContainer(
            container=name,
            account_name=ACCOUNT,
            account_key=KEY,
            endpoint=f"http://127.0.0.1:{self.server_port}",
            connection=Connection(allow_http=True),
        )


@pytest.fixture(scope="session")
def azure_server() -> Iterator[AzureServer]:
    """A server that speaks Azure's protocol."""
    with AzureServer() as server, _serving(server):
        yield server


@pytest.fixture(scope="session")
def tls_azure_server(certificates: Certificates) -> Iterator[AzureServer]:
    """The same over https."""
    with AzureServer() as server:
        server.encrypt(certificates)
        with _serving(server):
            yield server


@contextmanager
def _serving(server: AzureServer) -> Iterator[None]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield
    server.shutdown()
    thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: AzureServer

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_PUT(self) -> None:
        """Put Blob, Put Block, Put Block List."""
        body = self._body()
        container, blob, query = self._target()
        with self.server.lock:
            blobs = self._container(container)
            if blobs is None:
                return
            operation = query.get("comp", [""])[0]
            if operation == "block":
                self.server.blocks[container, blob, query["blockid"][0]] = body
            elif operation == "blocklist":
                ids = re.findall(r"<(?:Latest|Uncommitted)>([^<]+)<", body.decode())
                blobs[blob] = b"".join(self.server.blocks.pop((container, blob, block)) for block in ids)
            else:
                assert self.headers["x-ms-blob-type"] == "BlockBlob"
                blobs[blob] = body
        self._answer(HTTPStatus.CREATED)

    def do_GET(self) -> None:
        """Get Blob and List Blobs."""
        container, blob, query = self._target()
        blobs = self._container(container)
        if blobs is None:
            return
        if not blob:
            self._list(blobs, query)
        elif blob not in blobs:
            self._fail(HTTPStatus.NOT_FOUND, "BlobNotFound")
        else:
            self._send_blob(blobs[blob])

    def do_HEAD(self) -> None:
        """Get Blob Properties."""
        container, blob, _ = self._target()
        found = self.server.containers.get(container, {}).get(blob)
        self.send_response(HTTPStatus.NOT_FOUND if found is None else HTTPStatus.OK)
        self.send_header("Content-Length", str(len(found or b"")))
        self._finish_headers()

    def do_POST(self) -> None:
        """Blob Batch, of deletions."""
        body = self._body()
        container, _, query = self._target()
        assert query["comp"] == ["batch"]
        blobs = self._container(container)
        if blobs is None:
            return
        answers = [self._deleted(number, target, blobs) for number, target in _BATCH_DELETE.findall(body)]
        boundary = b"batchresponse"
        parts = b"".join(b"--" + boundary + b"\r\n" + answer for answer in answers) + b"--" + boundary + b"--\r\n"
        self._answer(HTTPStatus.ACCEPTED, parts, f"multipart/mixed; boundary={boundary.decode()}")

    def _deleted(self, number: bytes, target: bytes, blobs: dict[str, bytes]) -> bytes:
        _, _, blob = unquote(urlsplit(target.decode()).path).lstrip("/").partition("/")
        found = blobs.pop(blob, None)
        status = (
            b"HTTP/1.1 202 Accepted"
            if found is not None
            else b"HTTP/1.1 404 Not Found\r\nx-ms-error-code: BlobNotFound"
        )
        return b"Content-Type: application/http\r\nContent-ID: " + number + b"\r\n\r\n" + status + b"\r\n\r\n"

    def _list(self, blobs: dict[str, bytes], query: dict[str, list[str]]) -> None:
        prefix = query.get("prefix", [""])[0]
        marker = query.get("marker", [""])[0]
        names = sorted(name for name in blobs if name.startswith(prefix) and name > marker)
        entries = "".join(
            f"<Blob><Name>{escape(name)}</Name><Properties><Last-Modified>{_DATE}</Last-Modified><Etag>1</Etag>"
            f"<Content-Length>{len(blobs[name])}</Content-Length><Content-Type>a/b</Content-Type></Properties></Blob>"
            for name in names[:_PAGE]
        )
        following = escape(names[_PAGE - 1]) if len(names) > _PAGE else ""
        page = f"<EnumerationResults><Blobs>{entries}</Blobs><NextMarker>{following}</NextMarker></EnumerationResults>"
        self._answer(HTTPStatus.OK, page.encode(), "application/xml")

    def _send_blob(self, contents: bytes) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", self.headers.get("x-ms-range", "")))
        if wanted is None:
            self._answer(HTTPStatus.OK, contents)
            return
        start = int(wanted[1])
        if start >= len(contents):
            self._fail(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "InvalidRange")
            return
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Range", f"bytes {start}-{len(contents) - 1}/{len(contents)}")
        self.send_header("Content-Length", str(len(contents) - start))
        self._finish_headers()
        self.wfile.write(memoryview(contents)[start:])

    def _target(self) -> tuple[str, str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        assert "sig" in query or self.headers["Authorization"].startswith(f"SharedKey {ACCOUNT}:")
        container, _, blob = unquote(parts.path).lstrip("/").partition("/")
        return container, blob, query

    def _container(self, name: str) -> dict[str, bytes] | None:
        blobs = self.server.containers.get(name)
        if blobs is None:
            self._fail(HTTPStatus.NOT_FOUND, "ContainerNotFound")
        return blobs

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _fail(self, status: HTTPStatus, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code></Error>".encode(), "application/xml")

    def _answer(self, status: HTTPStatus, body: bytes = b"", content_type: str = "application/octet-stream") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", content_type)
        self._finish_headers()
        self.wfile.write(body)

    def _finish_headers(self) -> None:
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", _DATE)
        self.send_header("x-ms-blob-type", "BlockBlob")
        self.end_headers()
