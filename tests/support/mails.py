"""Mails as those read them who get them."""

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from offline_transfer import mail
from offline_transfer.settings import Settings


def kept(settings: Settings) -> EmailMessage:
    """The one mail that was kept in the data directory."""
    (path,) = sorted((settings.data_dir / mail.DIRECTORY).iterdir())
    return BytesParser(EmailMessage, policy=policy.default).parsebytes(path.read_bytes())


def text_of(message: EmailMessage) -> str:
    """What programs without HTML show."""
    return _part(message, "plain")


def html_of(message: EmailMessage) -> str:
    """What the others show."""
    return _part(message, "html")


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())
