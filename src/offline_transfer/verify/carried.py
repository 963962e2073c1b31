"""What can be checked of an encrypted archive that nobody here can open: that it is what was signed.

It needs `SHA256SUMS` and no key. Whoever carries an encrypted archive can do that, with `sha256sum --check`, too.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from offline_transfer.archive.checksums import Measured
from offline_transfer.archive.keys import (
    CHECKSUMS_KEY,
    ENCRYPTED_SUFFIX,
    MANIFEST_KEY,
    METADATA_KEY,
    SIGNATURE_KEY,
    ExportPrefix,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.signature import PublicKey
from offline_transfer.errors import BadInputError, OfflineTransferError
from offline_transfer.storage.errors import ObjectNotFoundError
from offline_transfer.storage.store import Store, exists
from offline_transfer.verify.errors import ArchiveNotFoundError, UntrustedArchiveError
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.index import ObjectIndex
from offline_transfer.verify.sums import Signature, SignaturePolicy, SignatureState, Sums, judge

_METADATA: Final = f"{METADATA_KEY}{ENCRYPTED_SUFFIX}"
_MANIFEST: Final = f"{MANIFEST_KEY}{ENCRYPTED_SUFFIX}"
_NOT_SUMMED: Final = frozenset({_METADATA, CHECKSUMS_KEY, SIGNATURE_KEY})


class Carried:
    """An encrypted archive as its carrier sees it. Close it, or use it as a context manager. Raises `ArchiveNotFoundError`."""

    def __init__(self, store: Store, prefix: ExportPrefix, limits: Limits | None = None) -> None:
        self._store = store
        self._prefix = prefix
        self.limits = limits or Limits()
        self._where = f"{store.describe()}/{prefix}"
        if not exists(store, prefix.key(_METADATA)):
            raise ArchiveNotFoundError(where=self._where)
        self._index = ObjectIndex()
        self.sums: Sums | None = None
        try:
            self.sums = Sums.read(store, prefix, self.limits)
        except ObjectNotFoundError:
            pass
        except BaseException:
            self._index.close()
            raise

    def __enter__(self) -> "Carried":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what was copied and looked up."""
        self._index.close()
        if self.sums is not None:
            self.sums.close()

    def signature(self, keys: Iterable[PublicKey]) -> Signature:
        """Whose signature it has, among the owners of these keys."""
        return Signature(SignatureState.UNSIGNED) if self.sums is None else self.sums.signed_by(keys)

    def require_signature(self, keys: Sequence[PublicKey]) -> None:
        """Raise UntrustedArchiveError unless one of the keys has signed its `SHA256SUMS`."""
        for finding in judge(self.signature(keys), SignaturePolicy(keys, is_required=True)):
            raise UntrustedArchiveError(where=self._where, reason=finding.said)

    def findings(
        self, signatures: SignaturePolicy, *, progress: Callable[[str], None] | None = None
    ) -> Iterator[Finding]:
        """Everything that is wrong with it, as far as it can be seen from outside. Raises errors that another attempt can help."""
        reason = "without a key to the archive its manifest, its metadata and what is in its objects were not checked"
        yield Finding(kind=FindingKind.UNCHECKED, where=_MANIFEST, reason=reason)
        yield from judge(self.signature(signatures.keys), signatures)
        if self.sums is None:
            yield Finding(kind=FindingKind.CHECKSUMS_DIFFER, where=CHECKSUMS_KEY, reason="it is not in the store")
            return
        try:
            self._index.sum(self.sums.pairs())
            start = len(str(self._prefix)) + 1
            self._index.list((item.key[start:], item.size) for item in self._store.list(str(self._prefix)))
        except OfflineTransferError as error:
            if error.retryable:
                raise
            kind = FindingKind.CHECKSUMS_DIFFER if isinstance(error, BadInputError) else FindingKind.UNREADABLE
            yield Finding(kind=kind, where=CHECKSUMS_KEY, reason=error.message)
            return
        yield from self._structure()
        for key, sha256 in self._index.sums():
            if progress is not None:
                progress(key)
            yield from self._check(key, sha256)

    def _structure(self) -> Iterator[Finding]:
        if self._index.sum_of(_MANIFEST) is None:
            yield Finding(kind=FindingKind.CHECKSUMS_DIFFER, where=_MANIFEST, reason="it has no line in SHA256SUMS")
        for key in self._index.unsummed():
            if key not in _NOT_SUMMED:
                reason = "SHA256SUMS does not name it"
                yield Finding(kind=FindingKind.UNEXPECTED_OBJECT, where=key, reason=reason)

    def _check(self, key: str, sha256: str) -> Iterator[Finding]:
        if self._index.listed_size(key) is None:
            yield Finding(kind=FindingKind.MISSING_OBJECT, where=key, reason="it is not in the store")
            return
        measured = Measured(self._store.blocks(self._prefix.key(key)))
        try:
            for _ in measured:
                pass
        except OfflineTransferError as error:
            if error.retryable:
                raise
            yield Finding(kind=FindingKind.UNREADABLE, where=key, reason=error.message)
            return
        if measured.sha256 != sha256:
            reason = "its SHA-256 is not the one in SHA256SUMS"
            yield Finding(kind=FindingKind.WRONG_HASH, where=key, reason=reason)
