"""Signatures of archives: Ed25519 over the bytes of `SHA256SUMS`, which holds the hash of everything else.

The signature is 64 bytes and keys are PEM, so other programs can make and check them: `openssl pkeyutl -verify -rawin`. A signature
does not say whose it is; whoever checks it knows whom to expect.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO, Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from offline_transfer.archive.errors import InvalidPublicKeyError, InvalidSigningKeyError

SIGNATURE_BYTES: Final = 64

_NOT_PEM: Final = "it is not PEM, or was cut off"
_OTHER_KIND: Final = "it is another kind of key"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks signatures."""

    _key: Ed25519PublicKey = field(repr=False)
    name: str
    """What people call it: the file that it came from."""

    @classmethod
    def read(cls, pem: bytes, name: str) -> Self:
        """Read SubjectPublicKeyInfo in PEM. Raises `InvalidPublicKeyError`."""
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            raise InvalidPublicKeyError(name=name, reason=_NOT_PEM) from None
        if not isinstance(key, Ed25519PublicKey):
            raise InvalidPublicKeyError(name=name, reason=_OTHER_KIND)
        return cls(key, name)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the key in DER: what people compare over the telephone."""
        encoded = self._key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return f"sha256:{sha256(encoded).hexdigest()}"

    def to_pem(self) -> bytes:
        """SubjectPublicKeyInfo in PEM."""
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def has_signed(self, file: IO[bytes], signature: bytes) -> bool:
        """Whether the signature over a whole file is of this key's owner."""
        with _contents(file) as contents:
            try:
                self._key.verify(signature, contents)
            except InvalidSignature:
                return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs."""

    _key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new one."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, pem: bytes, name: str) -> Self:
        """Read PKCS8 in PEM. Raises `InvalidSigningKeyError`, which tells nothing of the key."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except TypeError:
            reason = "it is encrypted, and nobody is there to ask when an export ends"
            raise InvalidSigningKeyError(name=name, reason=reason) from None
        except (ValueError, UnsupportedAlgorithm):
            raise InvalidSigningKeyError(name=name, reason=_NOT_PEM) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise InvalidSigningKeyError(name=name, reason=_OTHER_KIND)
        return cls(key)

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Read a file of ours. Raises `InvalidSigningKeyError`."""
        try:
            return cls.read(path.read_bytes(), str(path))
        except OSError as error:
            raise InvalidSigningKeyError(name=str(path), reason=error.strerror or "it cannot be read") from None

    @property
    def fingerprint(self) -> str:
        """That of its public key."""
        return self.public_key("").fingerprint

    def public_key(self, name: str) -> PublicKey:
        """The key that checks what this one signs."""
        return PublicKey(self._key.public_key(), name)

    def to_pem(self) -> bytes:
        """PKCS8 in PEM, not encrypted."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, file: IO[bytes]) -> bytes:
        """The signature over a whole file."""
        with _contents(file) as contents:
            return self._key.sign(contents)


@contextmanager
def _contents(file: IO[bytes]) -> Iterator[memoryview]:
    """The file as one piece, since Ed25519 goes over it twice: mapped, so that it need not fit into memory."""
    file.flush()
    if not file.seek(0, 2):
        yield memoryview(b"")
        return
    with mmap(file.fileno(), 0, access=ACCESS_READ) as mapped, memoryview(mapped) as contents:
        yield contents
