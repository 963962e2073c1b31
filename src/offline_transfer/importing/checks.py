"""What is looked at in an archive before the first row of an import: one fault refuses everything."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from sqlalchemy import select

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.archive.limits import Limits
from offline_transfer.importing.archive_source import known_relations
from offline_transfer.importing.errors import (
    ArchiveTooLargeError,
    DamagedArchiveError,
    UnexpectedObjectError,
    UnknownRelationInArchiveError,
)
from offline_transfer.importing.places import Reaching
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.index import StoredObject
from offline_transfer.verify.reader import Archive

MOST_NAMED: Final = 20
MOST_NOTED: Final = 100


def covered(archive: Archive, prefixes: Iterable[EntityPrefix]) -> set[EntityPrefix]:
    """The entities themselves and, for groups, everything of the archive below them."""
    chosen = set(prefixes)
    mapping = archive.metadata.entities_mapping
    roots = {path for path, prefix in mapping.items() if prefix in chosen}
    return {prefix for path, prefix in mapping.items() if any(above in roots for above in _itself_and_above(path))}


def require_complete(archive: Archive, prefixes: set[EntityPrefix]) -> None:
    """Everything that will be read is there in its size, nothing else is, and none of it is too large; hashes are not
    looked at.

    Raises UnexpectedObjectError, DamagedArchiveError, UnknownRelationInArchiveError, ArchiveTooLargeError, naming the first
    faults.
    """
    faults = [finding for finding in structure(archive) if finding.is_fault]
    faults += (found for item in _objects(archive, prefixes) if (found := archive.check_presence(item)))
    faults += _out_of_reach(archive, prefixes)
    _refuse(archive, faults)
    _refuse_unknown_relations(archive, prefixes)
    _refuse_too_large(archive, prefixes)


def structure(archive: Archive) -> Iterator[Finding]:
    """What is wrong with the objects as a whole.

    Where a listing is all there is, as with GitLab's own exports, nobody announced anything: what is not the archive's is passed
    over, a batch that is missing between others is a gap, and both are notes.
    """
    if archive.has_manifest:
        yield from archive.check_structure()
        return
    yield from archive.crowded()
    for finding in archive.strays():
        yield replace(finding, kind=FindingKind.UNCHECKED, reason=f"{finding.reason}, and it is passed over")
    for finding in archive.missing_batches():
        yield replace(finding, kind=FindingKind.UNCHECKED, reason=f"{finding.reason}, and the others are imported")


def unchecked(archive: Archive) -> Iterator[Finding]:
    """What could not be checked of an archive that is imported, as notes; of very many some."""
    yield from archive.unchecked()
    notes = (finding for finding in structure(archive) if not finding.is_fault)
    yield from islice(notes, MOST_NOTED)
    if more := sum(1 for _ in notes):
        yield Finding(kind=FindingKind.UNCHECKED, reason=f"there are {more:,} objects more that are passed over")


def require_unchanged(archive: Archive, prefixes: set[EntityPrefix], watch: Callable[[], None] = lambda: None) -> None:
    """Everything that will be read has the hash that the manifest says: all of it is read. Raises DamagedArchiveError.

    `watch` is called for each block, and may end it.
    """
    _refuse(archive, archive.check_objects(_objects(archive, prefixes), watch))


def before_first_row(
    context: Reaching, archive: Archive, bulk_import_id: int, watch: Callable[[], None] = lambda: None
) -> None:
    """What could take long, and so was not done before the import was taken on; once it was done it is not done again.

    Raises DamagedArchiveError: then nothing may be imported. `watch` is called for each block, and may end it.
    """
    with context.database.session() as session:
        if session.get_one(BulkImport, bulk_import_id).checked_at is not None:
            return
        chosen = session.scalars(
            select(ImportEntity.source_prefix).where(ImportEntity.bulk_import_id == bulk_import_id)
        )
        prefixes = {EntityPrefix.parse(prefix) for prefix in chosen}
    require_unchanged(archive, covered(archive, prefixes), watch)
    with context.database.session() as session:
        session.get_one(BulkImport, bulk_import_id).checked_at = datetime.now(UTC)


def _itself_and_above(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _out_of_reach(archive: Archive, prefixes: set[EntityPrefix]) -> Iterator[Finding]:
    """What lies in a group that is not in the archive, below one that is: nobody would come to it, and it would be lost in
    silence.
    """
    mapping = archive.metadata.entities_mapping
    paths = {path for path, prefix in mapping.items() if prefix in prefixes}
    for path in sorted(paths):
        around, *above = [*_itself_and_above(path)][1:] or [""]
        if around and around not in mapping and not paths.isdisjoint(above):
            reason = f"`{path}` is in it, and the group around that is not"
            yield Finding(kind=FindingKind.MISSING_OBJECT, where=around, reason=reason)


def _objects(archive: Archive, prefixes: set[EntityPrefix]) -> Iterator[StoredObject]:
    return (stored for stored in archive.all_objects() if stored.key.entity in prefixes)


def _refuse(archive: Archive, findings: Iterable[Finding]) -> None:
    faults = list(islice((finding for finding in findings if finding.is_fault), MOST_NAMED + 1))
    if not faults:
        return
    more = " and more" if len(faults) > MOST_NAMED else ""
    named = faults[:MOST_NAMED]
    if all(finding.kind is FindingKind.UNEXPECTED_OBJECT for finding in named):
        keys = ", ".join(str(finding.where) for finding in named) + more
        reasons = "; ".join(dict.fromkeys(finding.reason for finding in named))
        raise UnexpectedObjectError(where=archive.where, key=keys, reason=reasons)
    problem = "; ".join(finding.said for finding in named) + more
    raise DamagedArchiveError(where=archive.where, problem=problem)


def _refuse_unknown_relations(archive: Archive, prefixes: set[EntityPrefix]) -> None:
    if not archive.has_manifest:
        return
    unknown = [
        f"{prefix}/{relation}"
        for prefix in sorted(prefixes)
        for relation in archive.relations(prefix)
        if relation not in known_relations(prefix.kind)
    ]
    if unknown:
        raise UnknownRelationInArchiveError(where=archive.where, key=_listed(unknown))


def _refuse_too_large(archive: Archive, prefixes: set[EntityPrefix]) -> None:
    too_large = [
        f"{stored.where} has {size:,} bytes, and the limit is {limit:,}"
        for stored in _objects(archive, prefixes)
        for size, limit in _sizes(stored, archive.limits)
        if size > limit
    ]
    if too_large:
        raise ArchiveTooLargeError(where=archive.where, problem=_listed(too_large, "; "))


def _sizes(stored: StoredObject, limits: Limits) -> Iterator[tuple[int, int]]:
    yield stored.size, limits.object_bytes
    if stored.entry is not None:
        yield stored.entry.measurement.content_bytes, limits.decompressed_bytes


def _listed(names: list[str], between: str = ", ") -> str:
    return between.join(names[:MOST_NAMED]) + (" and more" if len(names) > MOST_NAMED else "")
