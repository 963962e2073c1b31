"""Writes what makes an archive of the objects: the manifest, the checksums and, last of all, the metadata."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sqlalchemy import ColumnElement, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from offline_transfer.archive.encryption import Envelope
from offline_transfer.archive.keys import MANIFEST_KEY, METADATA_KEY, SELF_RELATION, EntityPrefix, ObjectKey
from offline_transfer.archive.manifest import FailedRelation, ManifestEntry, SkippedRelation, write_manifest
from offline_transfer.archive.metadata import Metadata
from offline_transfer.archive.objects import Measurement
from offline_transfer.archive.signature import SigningKey
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.errors import SigningKeyAbsentError
from offline_transfer.exporting.places import configuration_of
from offline_transfer.exporting.portables import Portable, as_portable, owner_of, relations_of
from offline_transfer.exporting.writing import Destination
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.routes import Route
from offline_transfer.forge.users import User
from offline_transfer.transfers.models import ExportObject, OfflineExport, RelationExport
from offline_transfer.transfers.states import RelationState
from offline_transfer.types import Edition, PortableKind

ROWS_AT_ONCE: Final = 1000
NAMED_GAPS: Final = 5


def write_all_but_metadata(
    context: ExportContext, session: Session, export: OfflineExport, destination: Destination
) -> Metadata:
    """Write the manifest, the checksums and perhaps their signature; gives what the metadata have to be."""
    signing_key = _signing_key(context, export)
    edition = context.settings.edition
    metadata = _metadata(context, session, export.id, destination)
    manifest = write_manifest(
        metadata, _failed(session, export.id), _entries(session, export.id), _skipped(session, export.id, edition)
    )
    measurement = destination.put_content(MANIFEST_KEY, manifest).measurement
    destination.put_sums(_sums(session, export.id, destination.envelope, measurement), signing_key)
    return metadata


def write_metadata(destination: Destination, metadata: Metadata) -> None:
    """The mark that the archive is whole."""
    destination.put_content(METADATA_KEY, [metadata.to_json()])


def has_failures(session: Session, offline_export_id: int) -> bool:
    """Whether a relation is missing or not whole."""
    return session.scalar(select(exists().where(*_of_failed(offline_export_id)))) is True


def _of_failed(offline_export_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    failed = or_(RelationExport.status == RelationState.failed, func.jsonb_array_length(RelationExport.gaps) > 0)
    return RelationExport.offline_export_id == offline_export_id, failed


def _failed_relations(session: Session, offline_export_id: int) -> Iterable[RelationExport]:
    """The relations that are missing or not whole."""
    return session.scalars(
        select(RelationExport)
        .where(*_of_failed(offline_export_id))
        .order_by(RelationExport.group_id.nulls_last(), RelationExport.project_id, RelationExport.id)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )


def _signing_key(context: ExportContext, export: OfflineExport) -> SigningKey | None:
    """The key of this process. Raises SigningKeyAbsentError when whoever asked for the export wanted another, and has to get it."""
    file = context.settings.signing_key_file
    key = None if file is None else SigningKey.of_file(file)
    wanted = (export.encryption or {}).get("signed_by")
    if wanted is not None and (key is None or key.fingerprint != wanted):
        raise SigningKeyAbsentError(fingerprint=wanted)
    return key


def _metadata(context: ExportContext, session: Session, offline_export_id: int, destination: Destination) -> Metadata:
    hostname = configuration_of(session, offline_export_id).source_hostname
    assert hostname is not None
    ghost = select(User.id).where(User.user_type == UserType.ghost).order_by(User.id).limit(1)
    return Metadata(
        export_prefix=destination.prefix,
        source_hostname=hostname,
        entities_mapping=_entities(session, offline_export_id),
        instance_enterprise=context.settings.edition is Edition.EE,
        source_ghost_user_id=session.scalar(ghost),
        batched=True,
    )


def _entities(session: Session, offline_export_id: int) -> Mapping[str, EntityPrefix]:
    """Full paths to prefixes, groups first, each sort by path."""
    mapping: dict[str, EntityPrefix] = {}
    taken: set[str] = set()
    for portable, _ in _portables(session, offline_export_id):
        # What was deleted while it was exported may have left its path to another one.
        is_free = portable.path.lower() not in taken
        path = portable.path if is_free else f"{portable.path}-{portable.prefix}"
        taken.add(path.lower())
        mapping[path] = portable.prefix
    return mapping


def _portables(session: Session, offline_export_id: int) -> list[tuple[Portable, list[str]]]:
    """The groups and projects of which something was written, and what was left out of each on purpose; those that exist first."""
    of_group, of_project = aliased(Route), aliased(Route)
    of_export = RelationExport.offline_export_id == offline_export_id
    written = select(*owner_of(RelationExport)).where(of_export, RelationExport.status == RelationState.finished)
    own = aliased(RelationExport)
    rows = session.execute(
        select(own.group_id, own.project_id, own.full_path, own.skip_relations, of_group.path, of_project.path)
        .outerjoin(of_group, of_group.namespace_id == own.group_id)
        .outerjoin(of_project, of_project.project_id == own.project_id)
        .where(own.offline_export_id == offline_export_id, own.relation == SELF_RELATION)
        .where(tuple_(*owner_of(own)).in_(written))
    )
    found = []
    for group_id, project_id, last_path, skipped, group_path, project_path in rows:
        path = group_path or project_path
        portable = as_portable(path or last_path or "", group_id, project_id)
        found.append((portable.kind is PortableKind.PROJECT, portable.path, path is None, portable, skipped))
    return [(portable, skipped) for _, _, _, portable, skipped in sorted(found, key=lambda item: item[:3])]


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


def _sums(
    session: Session, offline_export_id: int, envelope: Envelope, manifest: Measurement
) -> Iterator[tuple[str, str]]:
    yield from envelope.beside.items()
    for row in _objects(session, offline_export_id):
        yield f"{row.key}{envelope.suffix}", row.sha256
    yield f"{MANIFEST_KEY}{envelope.suffix}", manifest.sha256


def _objects(session: Session, offline_export_id: int) -> Iterable[ExportObject]:
    return session.scalars(
        select(ExportObject)
        .where(ExportObject.offline_export_id == offline_export_id)
        .order_by(ExportObject.key)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )


def _failed(session: Session, offline_export_id: int) -> Iterator[FailedRelation]:
    for row in _failed_relations(session, offline_export_id):
        entity = as_portable("", row.group_id, row.project_id).prefix
        yield FailedRelation(entity=entity, relation=row.relation, reason=row.error or _reason_of_gaps(row))


def _skipped(session: Session, offline_export_id: int, edition: Edition) -> Iterator[SkippedRelation]:
    portables = sorted(_portables(session, offline_export_id), key=lambda found: found[0].prefix)
    for portable, skipped in portables:
        for relation in relations_of(portable.kind, edition):
            if relation in skipped:
                yield SkippedRelation(entity=portable.prefix, relation=relation)


def _reason_of_gaps(row: RelationExport) -> str:
    named = [f"{gap['name']} ({gap['reason']})" for gap in row.gaps[:NAMED_GAPS]]
    more = sum(gap["count"] for gap in row.gaps[NAMED_GAPS:])
    return "; ".join(named) + (f"; and {more} more" if more else "")
