"""Files with keys and passphrases, as they are named on a command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pyrage.x25519 import Identity

from offline_transfer.archive.encryption import EncryptionRequest, Keys, identities_of
from offline_transfer.archive.errors import InvalidIdentityError, InvalidPublicKeyError
from offline_transfer.archive.signature import PublicKey
from offline_transfer.cli.errors import PassphraseFileError

_LARGEST_FILE: Final = 64 * 1024


def keys_of(identities: Sequence[Path] | None, passphrase_file: Path | None) -> Keys:
    """What opens encrypted archives. Raises `InvalidIdentityError` and `PassphraseFileError`."""
    found = [identity for path in identities or () for identity in _identities(path)]
    return Keys(tuple(found), None if passphrase_file is None else passphrase_of(passphrase_file))


def public_keys_of(paths: Sequence[Path] | None) -> tuple[PublicKey, ...]:
    """What checks signatures. Raises `InvalidPublicKeyError`."""
    return tuple(map(_public_key, paths or ()))


def encryption_of(recipients: Sequence[str] | None, passphrase_file: Path | None) -> EncryptionRequest | None:
    """How an archive that is written shall be encrypted, if at all. Raises `InvalidRecipientError`, `WeakPassphraseError`."""
    if not recipients and passphrase_file is None:
        return None
    passphrase = None if passphrase_file is None else passphrase_of(passphrase_file)
    return EncryptionRequest(tuple(recipients or ()), passphrase)


def passphrase_of(path: Path) -> str:
    """The first line of a file. Raises `PassphraseFileError`."""
    try:
        lines = _read(path).decode().splitlines()
    except OSError as error:
        raise PassphraseFileError(path=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise PassphraseFileError(path=path, reason="it is not text in UTF-8") from None
    if not lines or not lines[0]:
        raise PassphraseFileError(path=path, reason="its first line is empty")
    return lines[0]


def _identities(path: Path) -> Sequence[Identity]:
    try:
        return identities_of(_read(path).decode(), str(path))
    except OSError as error:
        raise InvalidIdentityError(name=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise InvalidIdentityError(
            name=path, reason="it is not text; one that a passphrase protects has to be opened first"
        ) from None


def _public_key(path: Path) -> PublicKey:
    try:
        return PublicKey.read(_read(path), str(path))
    except OSError as error:
        raise InvalidPublicKeyError(name=path, reason=error.strerror) from None


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST_FILE)
