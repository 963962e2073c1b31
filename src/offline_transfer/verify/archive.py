"""Whether an archive is what was exported: every object there and unchanged, nothing besides, everything as specified."""

from collections.abc import Callable, Iterator

from offline_transfer.archive.errors import ChecksumMismatchError
from offline_transfer.archive.keys import (
    MAX_IIDS_RELATION,
    SELF_RELATION,
    USER_CONTRIBUTIONS_RELATION,
    EntityPrefix,
)
from offline_transfer.errors import OfflineTransferError
from offline_transfer.relations.loader import tree
from offline_transfer.types import Edition
from offline_transfer.verify.contents import Contents
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.index import StoredObject
from offline_transfer.verify.reader import Archive
from offline_transfer.verify.sums import SignaturePolicy, judge

NOBODY_KNOWN = SignaturePolicy()
Progress = Callable[[str], None]
"""Called with the key of an object before it is read."""


def verify(
    archive: Archive, *, signatures: SignaturePolicy = NOBODY_KNOWN, progress: Progress | None = None
) -> Iterator[Finding]:
    """Everything that can be found out about an open archive; it is in order when no finding is a fault.

    Each object is read from the store once, and memory does not grow with the archive. What keeps an archive from being opened
    (no metadata, a manifest of another export) has been raised before. Raises errors of the store that another attempt can help.
    """
    yield from archive.unchecked()
    yield from archive.failures()
    try:
        yield from archive.check_structure()
    except OfflineTransferError as error:
        # A link or a name that no store can hold ends a listing.
        if error.retryable:
            raise
        yield Finding(kind=FindingKind.UNREADABLE, reason=error.message)
        return
    yield from judge(archive.signature(signatures.keys), signatures)
    yield from archive.check_sums()
    yield from _missing_relations(archive)
    paths = {prefix: path for path, prefix in archive.metadata.entities_mapping.items()}
    for stored in archive.all_objects():
        if progress is not None:
            progress(stored.where)
        yield from _check_object(archive, stored, paths.get(stored.key.entity))


def _check_object(archive: Archive, stored: StoredObject, entity: str | None) -> Iterator[Finding]:
    finding = archive.check_presence(stored)
    if finding is not None:
        yield finding
        return
    try:
        with archive.spool(stored) as spool:
            yield from Contents(spool, entity).findings()
    except ChecksumMismatchError:
        reason = "its SHA-256 is not the one in the manifest"
        yield Finding(kind=FindingKind.WRONG_HASH, where=stored.where, entity=entity, reason=reason)
    except OfflineTransferError as error:
        if error.retryable:
            raise
        yield Finding(kind=FindingKind.UNREADABLE, where=stored.where, entity=entity, reason=error.message)


def _missing_relations(archive: Archive) -> Iterator[Finding]:
    """Relations that neither have an object nor are said to be absent: an empty relation has an empty object."""
    if not archive.has_manifest:
        return
    edition = Edition.EE if archive.metadata.instance_enterprise else Edition.CE
    for path, prefix in archive.metadata.entities_mapping.items():
        failed = {found.relation for found in archive.failed_relations if found.entity == prefix}
        skipped = {found.relation for found in archive.skipped_relations if found.entity == prefix}
        there = {*archive.relations(prefix), *failed, *skipped}
        for relation in _expected(prefix, edition):
            if relation not in there:
                yield Finding(
                    kind=FindingKind.MISSING_RELATION,
                    entity=path,
                    path=relation,
                    reason="it is not in the archive, and nothing says why",
                )


def _expected(prefix: EntityPrefix, edition: Edition) -> Iterator[str]:
    portable = tree(prefix.kind, edition)
    yield from (SELF_RELATION, MAX_IIDS_RELATION)
    yield from (node.name for node in portable.relations if node.name != USER_CONTRIBUTIONS_RELATION)
    yield from (*portable.files, USER_CONTRIBUTIONS_RELATION)
