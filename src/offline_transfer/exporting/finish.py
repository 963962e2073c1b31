"""Ends an export: the manifest, the checksums and, last of all, the metadata that make an archive of the objects."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from offline_transfer.archive.checksums import write_checksums
from offline_transfer.archive.keys import (
    CHECKSUMS_KEY,
    MANIFEST_KEY,
    METADATA_KEY,
    SELF_RELATION,
    EntityPrefix,
    ObjectKey,
)
from offline_transfer.archive.manifest import FailedRelation, ManifestEntry, write_manifest
from offline_transfer.archive.metadata import Metadata
from offline_transfer.archive.objects import Measurement
from offline_transfer.exporting import outcomes
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.errors import ObjectsGoneError
from offline_transfer.exporting.portables import portable_of
from offline_transfer.exporting.work import destination_of
from offline_transfer.exporting.writing import Destination
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.users import User
from offline_transfer.transfers import states
from offline_transfer.transfers.models import ExportObject, OfflineExport, RelationExport
from offline_transfer.transfers.states import ExportState, RelationState, step
from offline_transfer.types import Edition, PortableKind

LISTED_AT_ONCE: Final = 1000
NAMED_GAPS: Final = 5

T = TypeVar("T")


def finish(context: ExportContext, offline_export_id: int) -> None:
    """End an export none of whose relations is open; it failed only when every relation did.

    May run again until it has succeeded: it writes the same objects.
    """
    with context.database.session() as session:
        export = session.get_one(OfflineExport, offline_export_id, with_for_update=True)
        if export.status is not ExportState.started or _count(session, export.id, *states.OPEN_RELATION):
            return
        if not _count(session, export.id, RelationState.finished):
            export.error = _first_error(session, export.id)
            export.has_failures = True
            export.status = step(export.status, ExportState.failed)
            return
        try:
            _write_description(context, session, export)
        except outcomes.KNOWN_FAILURES as error:
            export.error = outcomes.message_of(error)
            export.has_failures = True
            export.status = step(export.status, ExportState.failed)
            return
        export.has_failures = any(True for _ in _failed(session, export.id))
        export.status = step(export.status, ExportState.finished)


def _write_description(context: ExportContext, session: Session, export: OfflineExport) -> None:
    destination = destination_of(context, session, export.id)
    _settle_objects(session, export.id, destination)
    metadata = _metadata(context, session, export.id, destination)
    manifest = write_manifest(metadata, _failed(session, export.id), _entries(session, export.id))
    measurement = destination.put_content(MANIFEST_KEY, manifest)
    destination.put_plain(CHECKSUMS_KEY, write_checksums(_sums(session, export.id, measurement)))
    destination.put_content(METADATA_KEY, [metadata.to_json()])


def _metadata(context: ExportContext, session: Session, offline_export_id: int, destination: Destination) -> Metadata:
    address = urlsplit(context.settings.instance_url)
    ghost = select(User.id).where(User.user_type == UserType.ghost).order_by(User.id).limit(1)
    return Metadata(
        export_prefix=destination.prefix,
        source_hostname=f"{address.scheme}://{address.netloc}",
        entities_mapping=_entities(session, offline_export_id),
        instance_enterprise=context.settings.edition is Edition.EE,
        source_ghost_user_id=session.scalar(ghost),
        batched=True,
    )


def _entities(session: Session, offline_export_id: int) -> Mapping[str, EntityPrefix]:
    """Full paths to prefixes, groups first, each sort by path."""
    rows = session.scalars(
        select(RelationExport).where(
            RelationExport.offline_export_id == offline_export_id, RelationExport.relation == SELF_RELATION
        )
    )
    portables = [portable_of(session, row) for row in rows]
    portables.sort(key=lambda portable: (portable.kind is PortableKind.PROJECT, portable.path))
    return {portable.path: portable.prefix for portable in portables if portable.path}


def _entries(session: Session, offline_export_id: int) -> Iterator[ManifestEntry]:
    for row in _objects(session, offline_export_id):
        yield ManifestEntry(
            key=ObjectKey.parse(row.key),
            measurement=Measurement(
                stored_bytes=row.bytes,
                sha256=row.sha256,
                content_bytes=row.content_bytes,
                content_sha256=row.content_sha256,
            ),
            records=row.records,
            read_at=row.read_at,
        )


def _sums(session: Session, offline_export_id: int, manifest: Measurement) -> Iterator[tuple[str, str]]:
    for row in _objects(session, offline_export_id):
        yield row.key, row.sha256
    yield MANIFEST_KEY, manifest.sha256


def _objects(session: Session, offline_export_id: int) -> Iterable[ExportObject]:
    # Bytewise, as the manifest orders keys, whatever the collation of the database is.
    return session.scalars(
        select(ExportObject)
        .join(RelationExport, RelationExport.id == ExportObject.export_id)
        .where(RelationExport.offline_export_id == offline_export_id)
        .order_by(ExportObject.key.collate("C"))
        .execution_options(yield_per=LISTED_AT_ONCE)
    )


def _failed(session: Session, offline_export_id: int) -> Iterator[FailedRelation]:
    """The relations that are missing or not whole."""
    rows = session.scalars(
        select(RelationExport)
        .where(
            RelationExport.offline_export_id == offline_export_id,
            (RelationExport.status == RelationState.failed) | (func.jsonb_array_length(RelationExport.gaps) > 0),
        )
        .order_by(RelationExport.group_id.nulls_last(), RelationExport.project_id, RelationExport.id)
    )
    for row in rows:
        yield FailedRelation(
            entity=portable_of(session, row).prefix, relation=row.relation, reason=row.error or _reason_of_gaps(row)
        )


def _reason_of_gaps(row: RelationExport) -> str:
    named = [f"{gap['name']} ({gap['reason']})" for gap in row.gaps[:NAMED_GAPS]]
    more = len(row.gaps) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")


def _settle_objects(session: Session, offline_export_id: int, destination: Destination) -> None:
    """Compare what lies below the prefix with what was written.

    What dead attempts left is removed: a reader refuses objects that the manifest does not name. What is gone or has another size
    raises ObjectsGoneError.
    """
    store = destination.place.store
    relations = select(RelationExport.id).where(RelationExport.offline_export_id == offline_export_id)
    of_export = ExportObject.export_id.in_(relations)
    there = 0
    for infos in _slices(store.list(destination.top), LISTED_AT_ONCE):
        sizes = {destination.relative(info.key): info.size for info in infos}
        written = select(ExportObject.key, ExportObject.bytes).where(of_export, ExportObject.key.in_(sizes))
        known = dict(session.execute(written).all())
        there += sum(sizes[key] == size for key, size in known.items())
        for stranger in sizes.keys() - known.keys():
            store.delete(destination.key(stranger))
    count = session.scalar(select(func.count()).select_from(ExportObject).where(of_export)) or 0
    if there < count:
        raise ObjectsGoneError(count=count - there, where=destination.place.describe())


def _slices(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def _count(session: Session, offline_export_id: int, *states: RelationState) -> int:
    of_export = RelationExport.offline_export_id == offline_export_id, RelationExport.status.in_(states)
    return session.scalar(select(func.count()).where(*of_export)) or 0


def _first_error(session: Session, offline_export_id: int) -> str | None:
    return session.scalar(
        select(RelationExport.error)
        .where(RelationExport.offline_export_id == offline_export_id, RelationExport.error.is_not(None))
        .order_by(RelationExport.id)
        .limit(1)
    )
