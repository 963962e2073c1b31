"""What a plan says of the signature of an archive."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from offline_transfer.archive.signature import PublicKey
from offline_transfer.errors import OfflineTransferError
from offline_transfer.forge.application_settings import SignaturePolicy
from offline_transfer.importing.errors import SignatureWithoutContentsError
from offline_transfer.importing.origin import Origin, OriginState, origin_of, require
from offline_transfer.importing.planning.problems import Problem, ProblemKind
from offline_transfer.verify.reader import Archive

_REMARKS: Final = {
    OriginState.UNSIGNED: "the archive is not signed: nobody can say who wrote it",
    OriginState.SIGNED_UNKNOWN: "the archive is signed, and not with a key that is known as that of its source",
}


def looked_at(
    session: Session, archive: Archive, signers: Sequence[PublicKey], policy: SignaturePolicy
) -> tuple[Origin | None, list[Problem]]:
    """Where the archive comes from and what is to be said of that; no origin where the signature is for other contents."""
    try:
        origin = origin_of(session, archive, signers)
    except SignatureWithoutContentsError as error:
        return None, [Problem(kind=ProblemKind.SIGNATURE_REFUSED, message=error.message)]
    try:
        require(policy, origin)
    except OfflineTransferError as error:
        return origin, [Problem(kind=ProblemKind.SIGNATURE_REFUSED, message=error.message)]
    remark = _REMARKS.get(origin.state)
    return origin, [] if remark is None else [Problem(kind=ProblemKind.UNSIGNED, message=remark)]
