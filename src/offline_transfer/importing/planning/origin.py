"""What can be said of the signature of an archive, and whether this instance accepts that."""

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from offline_transfer.archive.signature import PublicKey
from offline_transfer.forge.application_settings import SignaturePolicy
from offline_transfer.forge.trusted_keys import TrustedKey
from offline_transfer.importing.planning.problems import Problem, ProblemKind
from offline_transfer.verify.reader import Archive
from offline_transfer.verify.sums import Signature, SignatureState

_UNSIGNED = "the archive is not signed: nobody can say who wrote it"
_UNKNOWN = "the archive is signed, and not with a key that is known as that of its source"


def known_keys(session: Session, source_hostname: str) -> tuple[PublicKey, ...]:
    """The keys that this instance takes for those of a source."""
    rows = session.scalars(
        select(TrustedKey.public_key)
        .where(func.lower(TrustedKey.source_hostname) == source_hostname.lower())
        .order_by(TrustedKey.id)
    )
    return tuple(PublicKey.read(pem.encode(), source_hostname) for pem in rows)


def signature_of(archive: Archive, keys: Sequence[PublicKey]) -> Signature:
    """Whose signature it has; without a manifest nothing hangs on one."""
    return archive.signature(keys) if archive.has_manifest else Signature(SignatureState.UNSIGNED)


def problems(signature: Signature, policy: SignaturePolicy) -> Iterator[Problem]:
    """What is to be said of it."""
    if signature.state is SignatureState.UNSIGNED:
        kind = ProblemKind.UNSIGNED if policy is SignaturePolicy.ANY else ProblemKind.SIGNATURE_REFUSED
        yield Problem(kind=kind, message=_UNSIGNED)
    elif signature.state is SignatureState.UNKNOWN:
        kind = ProblemKind.SIGNATURE_REFUSED if policy is SignaturePolicy.KNOWN else ProblemKind.UNSIGNED
        yield Problem(kind=kind, message=_UNKNOWN)
