"""Holds an export against what its destination takes: a limit that is found after the carry is found too late."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from offline_transfer.archive.metadata import FORMAT_VERSION, INSTANCE_VERSION, is_older
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.create import batch_size_of
from offline_transfer.exporting.entities import choose, would_bring
from offline_transfer.exporting.portables import Portable, portable_of, relations_of
from offline_transfer.exporting.request import ExportRequest
from offline_transfer.forge import application_settings
from offline_transfer.forge.application_settings import SignaturePolicy
from offline_transfer.forge.repository_paths import RepositoryPath
from offline_transfer.transfers.models import ExportObject, OfflineExport, RelationExport
from offline_transfer.types import Edition, JsonObject, PortableKind
from offline_transfer.verify.profile import DestinationProfile


class ObjectionKind(StrEnum):
    """What the destination would say. The values are part of the output of `--json` and never change their meaning."""

    SOURCE_VERSION = "source_version"
    FORMAT_VERSION = "format_version"
    UNKNOWN_RELATION = "unknown_relation"
    NOT_SIGNED = "not_signed"
    OBJECT_TOO_LARGE = "object_too_large"
    CONTENT_TOO_LARGE = "content_too_large"
    PERHAPS_TOO_LARGE = "perhaps_too_large"
    SIGNER_UNKNOWN = "signer_unknown"
    EDITION = "edition"


DOUBTS: Final = frozenset({ObjectionKind.PERHAPS_TOO_LARGE, ObjectionKind.SIGNER_UNKNOWN, ObjectionKind.EDITION})
"""What need not keep the destination from importing everything, or not all of it."""


_NO_LIMIT: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One thing that the destination would refuse, or that may turn out so."""

    kind: ObjectionKind
    message: str
    entity: str | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether the destination would refuse the archive for it."""
        return self.kind not in DOUBTS

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {"kind": self.kind.value, "entity": self.entity, "message": self.message}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an export would bring, and how."""

    portables: list[Portable]
    skipped: frozenset[str]
    batch_size: int


def before(context: ExportContext, request: ExportRequest, profile: DestinationProfile) -> list[Objection]:
    """What can be known before anything is exported. Raises what `entities.choose` raises.

    How large records become nobody knows before they are written; of files their sizes are known, and of repositories the room
    that they take.
    """
    with context.database.session() as session:
        session.execute(text("SET TRANSACTION READ ONLY"))
        asked = _asked(session, context, request)
        found = [*_of_versions(profile), *_of_signature(context, request, profile)]
        found += _of_relations(context, asked, profile)
        found += _of_files(session, asked, profile)
    return [*found, *_of_repositories(context, asked, profile)]


def after(session: Session, offline_export_id: int, profile: DestinationProfile) -> Iterator[Objection]:
    """Which of the objects that were written the destination would refuse."""
    rows = session.execute(
        select(ExportObject, RelationExport)
        .join(RelationExport, RelationExport.id == ExportObject.export_id)
        .where(
            ExportObject.offline_export_id == offline_export_id,
            or_(
                ExportObject.bytes > (profile.largest_object or _NO_LIMIT),
                ExportObject.content_bytes > (profile.largest_content or _NO_LIMIT),
            ),
        )
        .order_by(ExportObject.key)
    )
    for written, relation in rows:
        path = portable_of(session, relation).path
        for kind, size, limit, what in (
            (ObjectionKind.OBJECT_TOO_LARGE, written.bytes, profile.largest_object, ""),
            (ObjectionKind.CONTENT_TOO_LARGE, written.content_bytes, profile.largest_content, " unpacked"),
        ):
            if limit is not None and size > limit:
                message = f"{written.key} has {size:,} bytes{what}, and the destination takes {limit:,}"
                yield Objection(kind=kind, entity=path, message=message)


_SUMS: Final = text(
    """
    SELECT kind, owner_id, relation, count(*), sum(size), max(size) FROM (
        SELECT CASE model_type WHEN 'Project' THEN 'project' ELSE 'group' END AS kind, model_id AS owner_id,
            'uploads' AS relation, size, (row_number() OVER (PARTITION BY model_type, model_id ORDER BY id) - 1) / :batch AS batch
        FROM uploads WHERE model_type = 'Project' AND model_id = ANY(:projects)
            OR model_type = 'Namespace' AND model_id = ANY(:groups)
        UNION ALL
        SELECT 'project', project_id, 'lfs_objects', size,
            (row_number() OVER (PARTITION BY project_id ORDER BY id) - 1) / :batch
        FROM lfs_objects JOIN (SELECT DISTINCT project_id, lfs_object_id FROM lfs_objects_projects
            WHERE project_id = ANY(:projects)) AS used ON used.lfs_object_id = lfs_objects.id
    ) AS files GROUP BY kind, owner_id, relation, batch HAVING sum(size) > :least ORDER BY 1, 2, 3, batch
    """
)


def _asked(session: Session, context: ExportContext, request: ExportRequest) -> _Asked:
    chosen = choose(session, request.entities, request.actor)
    brought = would_bring(session, OfflineExport(entities=[one.to_json() for one in chosen]))
    skipped = [frozenset(entity.skip_relations) for entity in request.entities]
    size = batch_size_of(context, request, application_settings.read(session, context.settings))
    return _Asked(brought, frozenset.intersection(*skipped), size)


def _of_versions(profile: DestinationProfile) -> Iterator[Objection]:
    if is_older(INSTANCE_VERSION, profile.minimum_source_version):
        message = (
            f"this is version {INSTANCE_VERSION}, and the destination imports from {profile.minimum_source_version} on"
        )
        yield Objection(kind=ObjectionKind.SOURCE_VERSION, message=message)
    if profile.format_version < FORMAT_VERSION:
        message = (
            f"archives have format version {FORMAT_VERSION}, and the destination reads up to {profile.format_version}"
        )
        yield Objection(kind=ObjectionKind.FORMAT_VERSION, message=message)


def _of_signature(context: ExportContext, request: ExportRequest, profile: DestinationProfile) -> Iterator[Objection]:
    if profile.signature_policy is SignaturePolicy.ANY:
        return
    if request.signed_by is None and context.settings.signing_key_file is None:
        message = "the destination takes signed archives alone: sign it with `--sign FILE`"
        yield Objection(kind=ObjectionKind.NOT_SIGNED, message=message)
    elif profile.signature_policy is SignaturePolicy.KNOWN:
        message = (
            "the destination takes known signatures alone: has its administrator added your key as that of this source?"
        )
        yield Objection(kind=ObjectionKind.SIGNER_UNKNOWN, message=message)


def _of_relations(context: ExportContext, asked: _Asked, profile: DestinationProfile) -> Iterator[Objection]:
    edition = context.settings.edition
    for kind in sorted({portable.kind for portable in asked.portables}):
        leaving = [name for name in relations_of(kind, edition) if name not in asked.skipped]
        unknown = [name for name in leaving if not profile.knows(kind, name)]
        for name in unknown:
            message = (
                f"the destination does not know the relation `{name}` of a {kind}: leave it out with `--skip {name}`"
            )
            yield Objection(kind=ObjectionKind.UNKNOWN_RELATION, message=message)
        if edition is Edition.EE and profile.edition is Edition.CE:
            there = relations_of(kind, Edition.CE)
            names = ", ".join(f"`{name}`" for name in leaving if name not in there and name not in unknown)
            message = f"the destination is of another edition and leaves out of a {kind}: {names}"
            yield Objection(kind=ObjectionKind.EDITION, message=message)


def _of_files(session: Session, asked: _Asked, profile: DestinationProfile) -> Iterator[Objection]:
    limits = [limit for limit in (profile.largest_object, profile.largest_content) if limit is not None]
    if not limits:
        return
    paths = {(portable.kind, portable.id): portable.path for portable in asked.portables}
    rows = session.execute(
        _SUMS,
        {
            "batch": asked.batch_size,
            "least": min(limits),
            "groups": [portable.id for portable in asked.portables if portable.kind is PortableKind.GROUP],
            "projects": [portable.id for portable in asked.portables if portable.kind is PortableKind.PROJECT],
        },
    )
    for kind, owner_id, relation, count, total, largest in rows:
        if relation in asked.skipped:
            continue
        # A tar is larger than what is in it. Packed it may be smaller, which files that people attach seldom are.
        is_sure = profile.largest_content is not None and total > profile.largest_content
        limit = profile.largest_content if is_sure else profile.largest_object
        if limit is None or total <= limit:
            continue
        remedy = "one of them alone is larger" if largest > limit else "try a smaller `--batch-size`"
        holds = f"an object of `{relation}` would hold {count:,} files of {total:,} bytes"
        message = f"{holds}, and the destination takes {limit:,}: {remedy}"
        yield Objection(
            kind=ObjectionKind.CONTENT_TOO_LARGE if is_sure else ObjectionKind.PERHAPS_TOO_LARGE,
            entity=paths[PortableKind(kind), owner_id],
            message=message,
        )


def _of_repositories(context: ExportContext, asked: _Asked, profile: DestinationProfile) -> Iterator[Objection]:
    limits = [limit for limit in (profile.largest_object, profile.largest_content) if limit is not None]
    for portable in asked.portables if limits else ():
        for relation in relations_of(portable.kind, context.settings.edition):
            repository = RepositoryPath.of_relation(relation, portable.kind, portable.id)
            if repository is None or relation in asked.skipped or not context.repositories.exists(repository):
                continue
            size = _bytes_below(context.repositories.place(repository))
            if size > min(limits):
                message = (
                    f"`{relation}` takes {size:,} bytes here, and the destination takes {min(limits):,} in one object"
                )
                yield Objection(kind=ObjectionKind.PERHAPS_TOO_LARGE, entity=portable.path, message=message)


def _bytes_below(directory: Path) -> int:
    return sum(path.lstat().st_size for path in directory.rglob("*") if path.is_file())
