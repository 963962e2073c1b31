"""Encryption of archives in the age format, so that any `age` program opens what was written.

Each object is one age file of its own. A passphrase is slow on purpose, so it opens one identity that was made for the archive
(`identity.age`), and that opens the objects.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Final, Protocol

import pyrage
from pyrage.x25519 import Identity, Recipient

from offline_transfer.archive import age_stream
from offline_transfer.archive.errors import (
    DamagedObjectError,
    InvalidIdentityError,
    InvalidRecipientError,
    LimitExceededError,
    WeakPassphraseError,
    WrongPassphraseError,
    shown,
)
from offline_transfer.archive.keys import ENCRYPTED_SUFFIX, IDENTITY_KEY
from offline_transfer.archive.limits import Limits
from offline_transfer.types import JsonObject

MOST_RECIPIENTS: Final = 100
SHORTEST_PASSPHRASE: Final = 12
IDENTITY_BYTES: Final = 64 * 1024

_SECRET_KEY: Final = "AGE-SECRET-KEY-"  # noqa: S105 - how all of them begin
# A passphrase takes half a GiB of memory and two seconds: one after the other.
_one_passphrase_at_a_time = Lock()


class Envelope(Protocol):
    """What an object is put into between its compression and the store."""

    @property
    def suffix(self) -> str:
        """What the key of an object has at its end because of it."""

    @property
    def beside(self) -> Mapping[str, str]:
        """What lies beside the objects because of it: keys relative to the export prefix, and hashes."""

    def seal(self, blocks: Iterable[bytes]) -> Iterable[bytes]:
        """The object as it is stored."""


@dataclass(frozen=True, slots=True)
class Plain:
    """No envelope."""

    @property
    def suffix(self) -> str:
        """See `Envelope.suffix`."""
        return ""

    @property
    def beside(self) -> Mapping[str, str]:
        """See `Envelope.beside`."""
        return {}

    def seal(self, blocks: Iterable[bytes]) -> Iterable[bytes]:
        """See `Envelope.seal`."""
        return blocks


PLAIN: Final = Plain()


@dataclass(frozen=True, slots=True)
class Encryption:
    """An age file for each object, which any of the recipients can open. It holds no secret, so it may be kept."""

    recipients: tuple[str, ...]
    identity_sha256: str | None = None
    """The hash of the stored `identity.age`; None where there is no passphrase."""

    @property
    def suffix(self) -> str:
        """See `Envelope.suffix`."""
        return ENCRYPTED_SUFFIX

    @property
    def beside(self) -> Mapping[str, str]:
        """See `Envelope.beside`."""
        return {} if self.identity_sha256 is None else {IDENTITY_KEY: self.identity_sha256}

    def seal(self, blocks: Iterable[bytes]) -> Generator[bytes, None, None]:
        """See `Envelope.seal`. The bytes differ each time."""
        return age_stream.encrypt(blocks, [Recipient.from_str(recipient) for recipient in self.recipients])

    def to_json(self) -> JsonObject:
        """For the row of an export."""
        return {"recipients": list(self.recipients), "identity_sha256": self.identity_sha256}

    @classmethod
    def from_json(cls, values: JsonObject) -> "Encryption":
        """What `to_json` gave."""
        recipients, identity = values["recipients"], values["identity_sha256"]
        assert isinstance(recipients, list)
        assert identity is None or isinstance(identity, str)
        return cls(recipients_of([str(recipient) for recipient in recipients]), identity)


@dataclass(frozen=True, slots=True)
class PreparedEncryption:
    """An encryption, and the object that has to be stored as `identity.age` before the others, if there is one."""

    encryption: Encryption
    identity: bytes | None = None


@dataclass(frozen=True, slots=True)
class EncryptionRequest:
    """What somebody asks for: recipients, a passphrase, or both. Raises `InvalidRecipientError` and `WeakPassphraseError`."""

    recipients: tuple[str, ...] = ()
    passphrase: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipients", recipients_of(self.recipients))
        if self.passphrase is not None and len(self.passphrase) < SHORTEST_PASSPHRASE:
            raise WeakPassphraseError(length=len(self.passphrase), minimum=SHORTEST_PASSPHRASE)
        if not self.recipients and self.passphrase is None:
            raise InvalidRecipientError(given="", reason="somebody has to be able to read the archive")

    def prepare(self) -> PreparedEncryption:
        """Make the identity of the archive, if there is a passphrase, which is not needed after that. It takes some seconds."""
        if self.passphrase is None:
            return PreparedEncryption(Encryption(self.recipients))
        identity = Identity.generate()
        with _one_passphrase_at_a_time:
            stored = pyrage.passphrase.encrypt(f"{identity}\n".encode(), self.passphrase)
        recipients = (*self.recipients, str(identity.to_public()))
        return PreparedEncryption(Encryption(recipients, sha256(stored).hexdigest()), stored)


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens encrypted archives: identities, and a passphrase for the identity that an archive brings."""

    identities: tuple[Identity, ...] = field(default=(), repr=False)
    passphrase: str | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return bool(self.identities) or self.passphrase is not None

    def open(self, blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
        """The object as it was before it was encrypted; see `age_stream.decrypt` for errors."""
        return age_stream.decrypt(blocks, self.identities, name)

    def with_identity_of(self, blocks: Iterable[bytes], limits: Limits) -> "Keys":
        """These keys and the identity in an archive's `identity.age`, which the passphrase opens; that takes some seconds.

        Raises `WrongPassphraseError`, `DamagedObjectError`, and `LimitExceededError` where it would take too much.
        """
        assert self.passphrase is not None
        stored = _identity_object(blocks, limits)
        try:
            with _one_passphrase_at_a_time:
                text = pyrage.passphrase.decrypt(stored, self.passphrase).decode()
        except (pyrage.DecryptError, OSError, UnicodeDecodeError):
            text = ""
        if not text:
            raise WrongPassphraseError(name=IDENTITY_KEY)
        try:
            return Keys((*self.identities, *identities_of(text, IDENTITY_KEY)), self.passphrase)
        except InvalidIdentityError:
            raise DamagedObjectError(name=IDENTITY_KEY, reason="what the passphrase opens is no identity") from None


def recipients_of(given: Sequence[str]) -> tuple[str, ...]:
    """Recipients in one spelling, each once. Raises `InvalidRecipientError`."""
    if len(given) > MOST_RECIPIENTS:
        reason = f"no more than {MOST_RECIPIENTS} recipients can be named, for each makes every object larger"
        raise InvalidRecipientError(given=shown(given[MOST_RECIPIENTS]), reason=reason)
    return tuple(dict.fromkeys(_recipient(text) for text in given))


def identities_of(text: str, name: str) -> tuple[Identity, ...]:
    """The identities in a file like those of `age-keygen`: one a line, `#` begins a comment. Raises `InvalidIdentityError`."""
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise InvalidIdentityError(name=name, reason="it is empty")
    if not all(line.startswith(_SECRET_KEY) for line in found):
        raise InvalidIdentityError(name=name, reason="one of its lines is neither a comment nor an identity")
    try:
        return tuple(map(Identity.from_str, found))
    except pyrage.IdentityError:
        # Without the cause, which may tell of the secret.
        raise InvalidIdentityError(name=name, reason="an identity in it was cut off or changed") from None


def new_identity_file(made_at: str) -> tuple[str, str]:
    """A new identity in the form of `age-keygen`, and its recipient."""
    identity = Identity.generate()
    recipient = str(identity.to_public())
    return f"# created: {made_at}\n# public key: {recipient}\n{identity}\n", recipient


def _recipient(text: str) -> str:
    if text.upper().startswith(_SECRET_KEY):
        raise InvalidRecipientError(given=f"{_SECRET_KEY}...", reason="it is an identity, and has to be kept secret")
    try:
        return str(Recipient.from_str(text))
    except pyrage.RecipientError:
        raise InvalidRecipientError(given=shown(text), reason="it is not of the form, or was cut off") from None


def _identity_object(blocks: Iterable[bytes], limits: Limits) -> bytes:
    """The whole `identity.age`, if a passphrase for it does not cost more than is allowed."""
    stored = b""
    for block in blocks:
        stored += block
        if len(stored) > IDENTITY_BYTES:
            raise DamagedObjectError(name=IDENTITY_KEY, reason=f"it has more than {IDENTITY_BYTES} bytes")
    header = age_stream.read_header(iter((stored,)), IDENTITY_KEY)
    stanza = header.removeprefix(age_stream.MAGIC).split(b"\n", 1)[0].split(b" ")
    if len(stanza) != 4 or stanza[:2] != [b"->", b"scrypt"] or not stanza[3].isdigit() or len(stanza[3]) > 2:
        raise DamagedObjectError(name=IDENTITY_KEY, reason="it was not encrypted with a passphrase")
    if int(stanza[3]) > limits.identity_work:
        raise LimitExceededError(
            name=IDENTITY_KEY,
            limit=limits.identity_work,
            unit="doublings of work for its passphrase",
            setting="identity_work",
        )
    return stored
