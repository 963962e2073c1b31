"""New keys, and the files that they go into."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from offline_transfer.archive.encryption import new_identity_file
from offline_transfer.archive.signature import SigningKey
from offline_transfer.cli.errors import KeyFileExistsError
from offline_transfer.cli.keygen import PUBLIC_SUFFIX


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as text: all of it, and what others may know."""

    secret: str = field(repr=False)
    public: str
    has_public_file: bool
    """Whether the public half is a file of its own, because programs want it as one."""


def identity() -> NewKey:
    """An age identity, as `age-keygen` writes it."""
    text, recipient = new_identity_file(datetime.now(UTC).isoformat(timespec="seconds"))
    return NewKey(text, f"{recipient}\n", has_public_file=False)


def signing_key() -> NewKey:
    """An Ed25519 key: the secret text holds the public half as well."""
    key = SigningKey.generate()
    public = key.public_key("").to_pem().decode()
    return NewKey(f"{key.to_pem().decode()}{public}", public, has_public_file=True)


def write(key: NewKey, path: Path) -> None:
    """Write a new file that only we can read, and its public half beside it. Raises KeyFileExistsError."""
    public = path.with_name(f"{path.name}{PUBLIC_SUFFIX}")
    if key.has_public_file and public.exists():
        raise KeyFileExistsError(path=public)
    _write_new(path, key.secret, mode=0o600)
    if key.has_public_file:
        _write_new(public, key.public, mode=0o644)


def _write_new(path: Path, text: str, *, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except FileExistsError:
        raise KeyFileExistsError(path=path) from None
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
