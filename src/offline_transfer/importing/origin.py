"""Whose an archive is: what its signature says of it, and whether that is enough for this instance.

The design documents want the ownership of a source hostname verified: an administrator of the destination binds the name of a
source to the public keys of those who run it. Users of a source are known here by its name, so whoever may use that name may write
for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.orm import Session

from offline_transfer.archive.signature import PublicKey
from offline_transfer.forge import trusted_keys
from offline_transfer.forge.application_settings import SignaturePolicy
from offline_transfer.importing.errors import (
    ArchiveExchangedError,
    SignatureWithoutContentsError,
    UnknownSignerError,
    UnsignedArchiveError,
)
from offline_transfer.transfers.models import BulkImport
from offline_transfer.verify.reader import Archive
from offline_transfer.verify.sums import SignatureState


class OriginState(StrEnum):
    """What a signature says. The values are kept in rows and shown in reports."""

    SIGNED_KNOWN = "signed_known"
    """Signed with a key that this instance knows as one of the source that the archive names."""
    SIGNED_UNKNOWN = "signed_unknown"
    """Signed with another key, of which nobody here can say whose it is."""
    UNSIGNED = "unsigned"
    """Not signed, or without the manifest through which everything hangs on a signature."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an archive says that it comes from, and what there is to that."""

    where: str
    """The archive, for messages."""
    hostname: str
    state: OriginState
    key: PublicKey | None = None
    """The key that has signed, if it is known as that of anybody."""

    @property
    def fingerprint(self) -> str | None:
        """That of the key."""
        return None if self.key is None else self.key.fingerprint


def origin_of(session: Session, archive: Archive, others: Sequence[PublicKey] = ()) -> Origin:
    """What the signature of an archive says. `others` are keys that somebody has named for this archive alone.

    A key of another source gives `signed_unknown` too, with its fingerprint. Raises SignatureWithoutContentsError when the
    checksums that were signed are not those of the objects.
    """
    hostname = archive.metadata.source_hostname
    if not archive.has_manifest:
        return Origin(archive.where, hostname, OriginState.UNSIGNED)
    own = trusted_keys.of_source(session, hostname)
    strangers = [*others, *(key.read() for key in trusted_keys.listed(session))]
    signature = archive.signature([*own, *strangers])
    if signature.state is SignatureState.UNSIGNED:
        return Origin(archive.where, hostname, OriginState.UNSIGNED)
    for finding in archive.check_sums():
        raise SignatureWithoutContentsError(where=archive.where, reason=finding.said)
    is_known = signature.key is not None and signature.key.fingerprint in {key.fingerprint for key in own}
    state = OriginState.SIGNED_KNOWN if is_known else OriginState.SIGNED_UNKNOWN
    return Origin(archive.where, hostname, state, signature.key)


def require(policy: SignaturePolicy, origin: Origin) -> None:
    """Raise UnsignedArchiveError or UnknownSignerError unless `offline_transfer_signature_policy` allows this archive."""
    if policy is SignaturePolicy.ANY:
        return
    if origin.state is OriginState.UNSIGNED:
        raise UnsignedArchiveError(where=origin.where)
    if policy is SignaturePolicy.KNOWN and origin.state is not OriginState.SIGNED_KNOWN:
        raise UnknownSignerError(where=origin.where, hostname=origin.hostname, reason=_stranger(origin))


def note(bulk_import: BulkImport, archive: Archive, origin: Origin) -> None:
    """Keep in the row of an import what was found when it was taken on."""
    bulk_import.origin = origin.state
    bulk_import.signed_by = origin.fingerprint
    bulk_import.manifest_sha256 = archive.manifest_sha256


def require_unchanged(bulk_import: BulkImport, archive: Archive) -> None:
    """Raise ArchiveExchangedError when an archive that is opened again is another than the one that was taken on.

    Everything in it hangs on its manifest. One without a manifest cannot be told from another.
    """
    if bulk_import.manifest_sha256 != archive.manifest_sha256:
        raise ArchiveExchangedError(where=archive.where, id=bulk_import.id)


def _stranger(origin: Origin) -> str:
    if origin.key is None:
        return "none of the keys that this instance knows has signed it"
    return f"it is signed with {origin.key.fingerprint}, which is no key of that source ({origin.key.name})"
