"""`SHA256SUMS` and its signature: what can be checked without a key to what is encrypted."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import IO, Self

from offline_transfer.archive.checksums import read_checksums
from offline_transfer.archive.errors import LimitExceededError
from offline_transfer.archive.keys import CHECKSUMS_KEY, SIGNATURE_KEY, ExportPrefix
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.signature import SIGNATURE_BYTES, PublicKey
from offline_transfer.storage.errors import ObjectNotFoundError
from offline_transfer.storage.store import BLOCK_BYTES, Store
from offline_transfer.verify.findings import Finding, FindingKind


class SignatureState(StrEnum):
    """Whose an archive is. The values are part of the output of `--json`."""

    KNOWN = "known"
    """One of the public keys that were given has signed it."""
    UNKNOWN = "unknown"
    """It is signed, by whom nobody can say: with another key, or with one of these and changed since."""
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """Whose signatures are known, and whether an archive must have one of them."""

    keys: Sequence[PublicKey] = ()
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """What can be said of the signature of an archive."""

    state: SignatureState
    key: PublicKey | None = None
    """The key that has signed, where it is known."""


class Sums:
    """A private copy of the `SHA256SUMS` of an archive: what is checked by its signature is what is compared with the objects."""

    def __init__(self, file: IO[bytes], signature: bytes | None, limits: Limits) -> None:
        self.file = file
        self.signature = signature
        self._limits = limits

    @classmethod
    def read(cls, store: Store, prefix: ExportPrefix, limits: Limits) -> Self:
        """Copy it, and the signature if there is one. Raises ObjectNotFoundError and `LimitExceededError`."""
        with ExitStack() as stack:
            file = stack.enter_context(tempfile.TemporaryFile(prefix="offline-transfer-"))
            copied = 0
            for block in store.blocks(prefix.key(CHECKSUMS_KEY)):
                copied += len(block)
                if copied > limits.checksums_bytes:
                    limit = limits.checksums_bytes
                    raise LimitExceededError(name=CHECKSUMS_KEY, limit=limit, unit="bytes", setting="checksums_bytes")
                file.write(block)
            sums = cls(file, _signature(store, prefix), limits)
            stack.pop_all()
        return sums

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the copy."""
        self.file.close()

    def blocks(self) -> Iterator[bytes]:
        """The file as it is stored."""
        self.file.seek(0)
        return iter(partial(self.file.read, BLOCK_BYTES), b"")

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Key and hash of every line. Raises `InvalidChecksumsError`."""
        return read_checksums(self.blocks(), self._limits, CHECKSUMS_KEY)

    def signed_by(self, keys: Iterable[PublicKey]) -> Signature:
        """Whose signature it has, among the owners of these keys."""
        if self.signature is None:
            return Signature(SignatureState.UNSIGNED)
        for key in keys:
            if key.has_signed(self.file, self.signature):
                return Signature(SignatureState.KNOWN, key)
        return Signature(SignatureState.UNKNOWN)


def judge(signature: Signature, policy: SignaturePolicy) -> Iterator[Finding]:
    """What is wrong with a signature, for somebody who has named public keys or asks for one."""
    if signature.state is SignatureState.UNSIGNED and (policy.keys or policy.is_required):
        kind = FindingKind.MISSING_SIGNATURE if policy.is_required else FindingKind.UNSIGNED
        yield Finding(kind=kind, where=SIGNATURE_KEY, reason="the archive is not signed: nobody can say who wrote it")
    elif signature.state is SignatureState.UNKNOWN and (policy.keys or policy.is_required):
        reason = (
            "none of the given public keys belongs to it: somebody else has signed, or SHA256SUMS was changed since"
        )
        yield Finding(kind=FindingKind.WRONG_SIGNATURE, where=SIGNATURE_KEY, reason=reason)


def _signature(store: Store, prefix: ExportPrefix) -> bytes | None:
    signature = b""
    try:
        for block in store.blocks(prefix.key(SIGNATURE_KEY)):
            signature += block
            if len(signature) > SIGNATURE_BYTES:
                break
    except ObjectNotFoundError:
        return None
    # One byte more than a signature has is enough to be none.
    return signature[: SIGNATURE_BYTES + 1]
