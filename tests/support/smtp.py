"""A real mail server for tests: it keeps what it is given, or answers as it is told."""

import socket
import ssl
from asyncio import AbstractServer
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST: Final = "127.0.0.1"
ACCEPTED: Final = "250 OK"


@dataclass(slots=True)
class MailServer:
    """What a server was given, and what it answers to a recipient and to a message."""

    port: int
    user: str = ""
    password: str = ""
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    answers_to_recipient: list[str] = field(default_factory=list)
    answers_to_message: list[str] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the name of the hook
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Takes a recipient, or gives the next answer that was prepared."""
        answer = self.answers_to_recipient.pop(0) if self.answers_to_recipient else ACCEPTED
        if answer == ACCEPTED:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the name of the hook
        """Takes a message, or gives the next answer that was prepared."""
        answer = self.answers_to_message.pop(0) if self.answers_to_message else ACCEPTED
        if answer == ACCEPTED:
            assert isinstance(envelope.content, bytes)
            self.messages.append(BytesParser(EmailMessage, policy=policy.SMTP).parsebytes(envelope.content))
            self.recipients += envelope.rcpt_tos
            self.senders.append(envelope.mail_from or "")
            self.encrypted.append(session.ssl is not None)
        return answer

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        """Lets in who knows user and password."""
        assert isinstance(data, LoginPassword)
        known = (data.login, data.password) == (self.user.encode(), self.password.encode())
        return AuthResult(success=known, handled=False)


class _Controller(Controller):
    """Listens on a socket that is bound already, so that nobody else takes its port."""

    def __init__(self, handler: MailServer, listening: socket.socket, **options: Any) -> None:
        super().__init__(handler, hostname=HOST, port=handler.port, **options)
        self._listening = listening

    def _create_server(self) -> Awaitable[AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listening, ssl=self.ssl_context)


@contextmanager
def mail_server(*, user: str = "", password: str = "", **options: Any) -> Iterator[MailServer]:
    """A server on a free port; with a user it lets in nobody else, over TLS. `options` are those of aiosmtpd."""
    with socket.create_server((HOST, 0)) as listening:
        server = MailServer(listening.getsockname()[1], user, password)
        if user:
            options |= {"authenticator": server.authenticate, "auth_required": True}
        controller = _Controller(server, listening, **options)
        controller.start()
        try:
            yield server
        finally:
            controller.stop()


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate for 127.0.0.1 that signs itself."""

    file: Path
    context: ssl.SSLContext


def make_certificate(directory: Path, *, address: str = HOST) -> Certificate:
    """A certificate and its key, in a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail server of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = directory / "certificate.pem", directory / "key.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key_file)
    return Certificate(file, context)
