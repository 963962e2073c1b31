"""The one way out for mails: a mail server, or `.eml` files in the data directory where none is named."""

import os
import re
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from offline_transfer.errors import OfflineTransferError
from offline_transfer.settings import Settings, SmtpEncryption

DIRECTORY: Final = "mail"
SENDER: Final = "offline-transfer"
SECONDS: Final = 30
PERMANENT: Final = 500
LONGEST_ADDRESS: Final = 254
PORTS: Final[Mapping[SmtpEncryption, int]] = {
    SmtpEncryption.NONE: 25,
    SmtpEncryption.STARTTLS: 587,
    SmtpEncryption.TLS: 465,
}

_USER_INFORMATION: Final = re.compile(r"://[^/\s@]*@")


class BadMailError(OfflineTransferError):
    """A mail cannot be written: {problem}."""


class MailServerUnreachableError(OfflineTransferError):
    """The mail server {server} did not take a mail: {reason}. It is tried again; check `smtp_host`, `smtp_port` and the network."""

    http_status = 502
    retryable = True


class MailRefusedError(OfflineTransferError):
    """The mail server {server} refuses a mail: {reason}. Check the settings that begin with `smtp_`, and `mail_from`."""

    http_status = 502


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail to one person, as text and as HTML. Mails with one `id` are one mail, however often it is sent."""

    id: str
    to: str
    name: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Words:
    """A mail's text and HTML."""

    text: str
    html: str


def send(settings: Settings, mail: Mail) -> str:
    """Give a mail to the server of the settings, or keep it as a file; gives where it went.

    Raises BadMailError, MailRefusedError, and MailServerUnreachableError when it may go through later.
    """
    message = _message(settings, mail)
    if settings.smtp_host is None:
        return str(_keep(settings.data_dir / DIRECTORY, mail.id, message))
    with _speaking(settings, settings.smtp_host) as server:
        server.send_message(message)
    return settings.smtp_host


def where_to(settings: Settings) -> str:
    """Where mails go, for people."""
    return settings.smtp_host or str(settings.data_dir / DIRECTORY)


def render(package: str, template: str, values: Mapping[str, object]) -> Words:
    """The words of a mail, from `templates/<template>.txt` and `.html` of a package.

    What is filled in stays on its line, cannot become markup, and loses the user information of a URL.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "templates"), PackageLoader("offline_transfer", "mail_templates")]),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text, html = (environment.get_template(f"{template}.{kind}").render(values) for kind in ("txt", "html"))
    return Words(text, html)


def harmless(value: object) -> object:
    """What a template may fill in: text on one line, without the user information of a URL. Markup comes from templates alone."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    masked = _USER_INFORMATION.sub("://*****@", value)
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in masked)


def moment(time: datetime) -> str:
    """A time as mails say it, in UTC."""
    return f"{time.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def is_address(text: str) -> bool:
    """Whether a mail can be sent there: one name, one `@`, one domain, and nothing around them."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, HeaderParseError):
        return False
    is_whole = address.addr_spec == text and address.username and address.domain
    return bool(is_whole) and text.isascii() and len(text) <= LONGEST_ADDRESS


def _message(settings: Settings, mail: Mail) -> EmailMessage:
    """The mail with its headers, none of which can begin another one."""
    host = urlsplit(settings.instance_url).hostname or "localhost"
    message = EmailMessage()
    sender = settings.mail_from or f"{SENDER}@{host}"
    for address in (sender, mail.to):
        if not is_address(address):
            raise BadMailError(problem=f"{address[:LONGEST_ADDRESS]!r} is no address")
    message["From"] = Address("Offline transfer", addr_spec=sender)
    message["To"] = Address(_on_one_line(mail.name), addr_spec=mail.to)
    message["Subject"] = _on_one_line(mail.subject)
    message["Message-ID"] = f"<{mail.id}@{host}>"
    message["Date"] = datetime.now(UTC)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def _on_one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text).strip()


@contextmanager
def _speaking(settings: Settings, host: str) -> Iterator[smtplib.SMTP]:
    """A mail server that lets us in. What it says is not passed on: some repeat what they were sent."""
    port = settings.smtp_port or PORTS[settings.smtp_encryption]
    where = f"{host}:{port}"
    try:
        with _connected(settings, host, port) as server:
            if settings.smtp_user is not None:
                password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
                server.login(settings.smtp_user, password)
            yield server
    except smtplib.SMTPResponseException as error:
        raise _refusal(where, error.smtp_code) from None
    except smtplib.SMTPRecipientsRefused as error:
        raise _refusal(where, max(code for code, _ in error.recipients.values())) from None
    except UnicodeEncodeError:
        raise MailRefusedError(server=where, reason="user and password may have ASCII characters alone") from None
    except smtplib.SMTPNotSupportedError:
        raise MailRefusedError(server=where, reason="it does not offer what the settings ask for") from None
    except ssl.SSLCertVerificationError as error:
        raise MailRefusedError(server=where, reason=f"its certificate is not trusted: {error.verify_message}") from None
    except (smtplib.SMTPException, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise MailServerUnreachableError(server=where, reason=reason) from None


def _connected(settings: Settings, host: str, port: int) -> smtplib.SMTP:
    us = urlsplit(settings.instance_url).hostname or "localhost"
    if settings.smtp_encryption is SmtpEncryption.TLS:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, local_hostname=us, timeout=SECONDS, context=context)
    server = smtplib.SMTP(host, port, local_hostname=us, timeout=SECONDS)
    if settings.smtp_encryption is SmtpEncryption.STARTTLS:
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _refusal(where: str, code: int) -> OfflineTransferError:
    if code >= PERMANENT:
        return MailRefusedError(server=where, reason=f"its answer was {code}")
    return MailServerUnreachableError(server=where, reason=f"its answer was {code}")


def _keep(directory: Path, name: str, message: EmailMessage) -> Path:
    """Write a mail into a directory that only its owner can open; sent again, it replaces itself."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{name}.eml"
    unfinished = directory / f".{name}.{os.getpid()}.partial"
    with open(unfinished, "wb", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    return path
