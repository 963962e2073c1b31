"""Takes an import on: everything that can be refused is refused here, before a row of it is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.db import Database
from offline_transfer.importing import portables
from offline_transfer.importing.archive_source import known_relations
from offline_transfer.importing.errors import (
    DamagedArchiveError,
    NothingToImportError,
    ProjectAtRootError,
    SourceEntityNotFoundError,
    UnexpectedObjectError,
    UnknownRelationInArchiveError,
)
from offline_transfer.transfers.models import BulkImport, ImportEntity, OfflineConfiguration
from offline_transfer.transfers.states import SourceType
from offline_transfer.types import PortableKind
from offline_transfer.verify.findings import FindingKind
from offline_transfer.verify.index import StoredObject
from offline_transfer.verify.reader import Archive

KNOWN_SHOWN = 10
BULK_IMPORT_JOB = "bulk_import"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entity that the user asks for: from which path, into which group, under which name (the source's when None)."""

    source_full_path: str
    destination_namespace: str
    destination_slug: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """Where the archive lies, as it is kept in the row of the import."""

    location: str
    endpoint: str | None


def create_import(
    database: Database, archive: Archive, location: Location, *, wanted: Sequence[Wanted], user_id: int | None
) -> int:
    """Checks archive and destinations, then writes the rows of the import and defers its job. Gives the import's id.

    Raises SourceEntityNotFoundError, DestinationNotFoundError, InvalidDestinationError, ProjectAtRootError, DamagedArchiveError,
    UnexpectedObjectError, UnknownRelationInArchiveError.
    """
    entities = [_resolve(archive, item) for item in wanted]
    with database.session() as session:
        for item, prefix in entities:
            _check_destination(session, item, prefix)
    _check_archive(archive, [prefix for _, prefix in entities])
    metadata = archive.metadata
    with database.session() as session:
        bulk_import = BulkImport(
            user_id=user_id,
            source_type=SourceType.offline_export,
            source_version=metadata.instance_version,
            source_enterprise=metadata.instance_enterprise,
            source_hostname=metadata.source_hostname,
            source_ghost_user_id=metadata.source_ghost_user_id,
        )
        session.add(bulk_import)
        session.flush()
        session.add(
            OfflineConfiguration(
                bulk_import_id=bulk_import.id,
                location=location.location,
                endpoint=location.endpoint,
                export_prefix=str(archive.prefix),
                source_hostname=metadata.source_hostname,
            )
        )
        for item, prefix in entities:
            session.add(entity_row(bulk_import.id, item, prefix, parent_id=None))
        queue.defer(session, BULK_IMPORT_JOB, bulk_import_id=bulk_import.id)
        return bulk_import.id


def all_top_level(archive: Archive, destination_namespace: str) -> list[Wanted]:
    """Every top-level group of the archive. Raises NothingToImportError when there is none."""
    mapping = archive.metadata.entities_mapping
    tops = [
        path
        for path, prefix in mapping.items()
        if prefix.kind is PortableKind.GROUP and not any(path.startswith(f"{other}/") for other in mapping)
    ]
    if not tops:
        raise NothingToImportError(where=archive.where)
    return [Wanted(path, destination_namespace) for path in tops]


def entity_row(bulk_import_id: int, wanted: Wanted, prefix: EntityPrefix, *, parent_id: int | None) -> ImportEntity:
    """The row of an entity that is to be imported."""
    return ImportEntity(
        bulk_import_id=bulk_import_id,
        parent_id=parent_id,
        source_type=0 if prefix.kind is PortableKind.GROUP else 1,
        source_full_path=wanted.source_full_path,
        source_prefix=str(prefix),
        destination_name=wanted.destination_slug or wanted.source_full_path.rsplit("/", 1)[-1],
        destination_namespace=wanted.destination_namespace,
    )


def covered(archive: Archive, prefixes: Iterable[EntityPrefix]) -> set[EntityPrefix]:
    """The entities themselves and, for groups, everything of the archive below them."""
    chosen = set(prefixes)
    mapping = archive.metadata.entities_mapping
    roots = [path for path, prefix in mapping.items() if prefix in chosen]
    return {
        prefix
        for path, prefix in mapping.items()
        if prefix in chosen or any(path.startswith(f"{root}/") for root in roots)
    }


def _resolve(archive: Archive, wanted: Wanted) -> tuple[Wanted, EntityPrefix]:
    mapping = archive.metadata.entities_mapping
    for path, prefix in mapping.items():
        if path.lower() == wanted.source_full_path.lower():
            return Wanted(path, wanted.destination_namespace, wanted.destination_slug), prefix
    known = ", ".join(list(mapping)[:KNOWN_SHOWN]) + (" and more" if len(mapping) > KNOWN_SHOWN else "")
    raise SourceEntityNotFoundError(path=ascii(wanted.source_full_path[:200])[1:-1], known=known)


def _check_destination(session: Session, wanted: Wanted, prefix: EntityPrefix) -> None:
    namespace = portables.namespace_by_path(session, wanted.destination_namespace)
    if namespace is None and prefix.kind is PortableKind.PROJECT:
        raise ProjectAtRootError(path=ascii(wanted.source_full_path)[1:-1])
    portables.checked_slug(wanted.destination_slug or wanted.source_full_path.rsplit("/", 1)[-1])


def _check_archive(archive: Archive, prefixes: Sequence[EntityPrefix]) -> None:
    """Presence, size and hash of everything that will be read; one fault refuses the import."""
    for finding in archive.check_structure():
        if finding.kind is FindingKind.UNEXPECTED_OBJECT:
            raise UnexpectedObjectError(where=archive.where, key=finding.where, reason=finding.reason)
        if finding.is_fault:
            raise DamagedArchiveError(where=archive.where, problem=f"{finding.where}: {finding.reason}")
    chosen = covered(archive, prefixes)
    _refuse_unknown_relations(archive, chosen)
    for finding in archive.check_objects(_objects_of(archive, chosen)):
        if finding.is_fault:
            raise DamagedArchiveError(where=archive.where, problem=f"{finding.where}: {finding.reason}")


def _refuse_unknown_relations(archive: Archive, prefixes: set[EntityPrefix]) -> None:
    if not archive.has_manifest:
        return
    for prefix in sorted(prefixes):
        for relation in archive.relations(prefix):
            if relation not in known_relations(prefix.kind):
                raise UnknownRelationInArchiveError(where=archive.where, key=f"{prefix}/{relation}")


def _objects_of(archive: Archive, prefixes: set[EntityPrefix]) -> Iterable[StoredObject]:
    return (stored for stored in archive.all_objects() if stored.key.entity in prefixes)
