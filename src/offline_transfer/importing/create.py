"""Takes an import on: everything that can be refused is refused here, before a row of it is written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.orm import Session

from offline_transfer import queue
from offline_transfer.archive.errors import shown
from offline_transfer.archive.keys import EntityPrefix, ExportPrefix
from offline_transfer.forge import application_settings
from offline_transfer.importing import checks, destinations, names, origin, places, portables
from offline_transfer.importing.archive_source import SPECIAL, known_relations
from offline_transfer.importing.below import add_rows_below, entity_row
from offline_transfer.importing.errors import (
    NothingToImportError,
    NothingWantedError,
    PlainArchiveError,
    ProjectAtRootError,
    SourceEntityNotFoundError,
    SourceKindError,
)
from offline_transfer.importing.origin import Origin
from offline_transfer.importing.places import Reaching
from offline_transfer.importing.request import Choice, Everything, ImportRequest, Wanted
from offline_transfer.transfers.errors import UnknownSkippedRelationError
from offline_transfer.transfers.models import BulkImport, OfflineConfiguration
from offline_transfer.transfers.places import require_allowed
from offline_transfer.transfers.states import SourceType
from offline_transfer.types import PortableKind
from offline_transfer.verify.reader import Archive

__all__ = ["Wanted", "all_top_level", "create_checked_import", "create_import", "entity_row", "resolved"]

KNOWN_SHOWN: Final = 10
MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Chosen:
    """An entity of the archive that was asked for, by its path there."""

    wanted: Wanted
    prefix: EntityPrefix


@dataclass(frozen=True, slots=True)
class Examined:
    """The open archive of a request, whose it is, and what of it shall be imported."""

    archive: Archive
    origin: Origin
    chosen: Sequence[Chosen]


def create_import(context: Reaching, request: ImportRequest) -> int:
    """Check archive and destinations, then write the rows of an import and defer its job. Gives the import's id.

    Of the objects only presence and size are looked at; their hashes are compared by the job. Raises AdministratorsOnlyError,
    InvalidExportPrefixError, what `places.open_given`, `destinations.require_all`, `resolved` and `checks.require_complete` raise,
    InvalidDestinationError, UntrustedArchiveError, PlainArchiveError, and what `origin` raises.
    """
    with _examined(context, request) as found:
        return _take_on(context, request, found, checked_at=None)


def create_checked_import(context: Reaching, request: ImportRequest, watch: Callable[[], None] = lambda: None) -> int:
    """The same after all objects were read and compared with the manifest, which takes its time. May raise DamagedArchiveError.

    `watch` is called for each block, and before the first row is written; whatever it raises ends it.
    """
    with _examined(context, request) as found:
        chosen = checks.covered(found.archive, [item.prefix for item in found.chosen])
        checks.require_unchanged(found.archive, chosen, watch)
        watch()
        return _take_on(context, request, found, checked_at=datetime.now(UTC))


def all_top_level(archive: Archive, everything: Everything) -> list[Wanted]:
    """Every group and project of the archive that lies in no group of it. Raises NothingToImportError when there is none."""
    mapping = archive.metadata.entities_mapping
    tops = [
        path
        for path, prefix in mapping.items()
        if mapping.keys().isdisjoint(_above(path))
        and (everything.migrate_projects or prefix.kind is PortableKind.GROUP)
    ]
    if not tops:
        raise NothingToImportError(where=archive.where)
    return [
        Wanted(
            path,
            everything.destination_namespace,
            migrate_projects=everything.migrate_projects,
            migrate_memberships=everything.migrate_memberships,
            skip_relations=everything.skip_relations,
        )
        for path in tops
    ]


def resolved(archive: Archive, wanted: Sequence[Wanted] | Everything) -> list[Chosen]:
    """What was asked for, as the archive has it; paths are taken in any case.

    Raises NothingToImportError, NothingWantedError, SourceEntityNotFoundError, SourceKindError, UnknownSkippedRelationError,
    ProjectAtRootError, naming everything to which they apply.
    """
    asked = all_top_level(archive, wanted) if isinstance(wanted, Everything) else wanted
    if not asked:
        raise NothingWantedError
    known = {path.lower(): (path, prefix) for path, prefix in archive.metadata.entities_mapping.items()}
    absent = [item.source_full_path for item in asked if item.source_full_path.lower() not in known]
    if absent:
        raise SourceEntityNotFoundError(
            path="`, `".join(shown(path) for path in absent[:MOST_NAMED]), known=_some_of(list(known.values()))
        )
    chosen = []
    for item in asked:
        path, prefix = known[item.source_full_path.lower()]
        _require_known_relations(path, item.skip_relations)
        chosen.append(Chosen(replace(item, source_full_path=path), prefix))
    _require_kinds(chosen)
    _require_groups_at_root(chosen)
    return chosen


@contextmanager
def _examined(context: Reaching, request: ImportRequest) -> Iterator[Examined]:
    """What a request names, if nothing is wrong with it but perhaps a hash."""
    require_allowed(request.storage, request.actor)
    prefix = ExportPrefix.parse(request.export_prefix)
    asked = request.wanted
    with context.database.session() as session:
        said = application_settings.read(session, context.settings)
        destinations.require_all(session, request.actor, destinations.named_in(asked))
    with places.open_given(context, request.storage, prefix, request.decryption) as archive:
        if request.decryption and not archive.is_encrypted:
            raise PlainArchiveError(where=archive.where)
        if request.signers:
            archive.require_signature(request.signers)
        with context.database.session() as session:
            found = origin.origin_of(session, archive, request.signers)
        origin.require(said.offline_transfer_signature_policy, found)
        chosen = resolved(archive, asked)
        for item in chosen:
            _check_destination(item)
        _check_choices(archive, request.choices)
        checks.require_complete(archive, checks.covered(archive, [item.prefix for item in chosen]))
        yield Examined(archive, found, chosen)


def _take_on(context: Reaching, request: ImportRequest, found: Examined, *, checked_at: datetime | None) -> int:
    archive, metadata = found.archive, found.archive.metadata
    with context.database.session() as session:
        # The store was asked meanwhile, which may have taken long.
        destinations.require_all(session, request.actor, [item.wanted.destination_namespace for item in found.chosen])
        bulk_import = BulkImport(
            user_id=request.actor.id,
            source_type=SourceType.offline_export,
            source_version=metadata.instance_version,
            source_enterprise=metadata.instance_enterprise,
            source_hostname=metadata.source_hostname,
            source_ghost_user_id=metadata.source_ghost_user_id,
            unchecked=[finding.to_json() for finding in checks.unchecked(archive)],
            checked_at=checked_at,
        )
        origin.note(bulk_import, archive, found.origin)
        session.add(bulk_import)
        session.flush()
        _keep_place(context, session, bulk_import, request, archive)
        named = [entity_row(bulk_import.id, item.wanted, item.prefix, parent_id=None) for item in found.chosen]
        session.add_all(named)
        session.flush()
        add_rows_below(session, named, metadata.entities_mapping, request.choices)
        queue.defer(session, names.IMPORT, bulk_import_id=bulk_import.id)
        return bulk_import.id


def _keep_place(
    context: Reaching, session: Session, bulk_import: BulkImport, request: ImportRequest, archive: Archive
) -> None:
    row = OfflineConfiguration(
        bulk_import_id=bulk_import.id,
        export_prefix=request.export_prefix,
        source_hostname=archive.metadata.source_hostname,
        limits=None if request.limits is None else asdict(request.limits),
    )
    places.keep(session, context.vault, row, request.storage, archive)


def _check_destination(chosen: Chosen) -> None:
    wanted = chosen.wanted
    portables.checked_slug(wanted.destination_slug or wanted.source_full_path.rsplit("/", 1)[-1])


def _require_kinds(chosen: Sequence[Chosen]) -> None:
    wrong = [item for item in chosen if item.wanted.kind not in (None, item.prefix.kind)]
    for actual in PortableKind:
        if paths := [item.wanted.source_full_path for item in wrong if item.prefix.kind is actual]:
            raise SourceKindError(path="`, `".join(paths[:MOST_NAMED]), actual=actual)


def _require_groups_at_root(chosen: Sequence[Chosen]) -> None:
    wrong = [
        f"`{shown(item.wanted.source_full_path)}`"
        for item in chosen
        if item.prefix.kind is PortableKind.PROJECT and item.wanted.destination_namespace == ""
    ]
    if wrong:
        more = f" and {len(wrong) - MOST_NAMED:,} more" if len(wrong) > MOST_NAMED else ""
        raise ProjectAtRootError(paths=", ".join(wrong[:MOST_NAMED]) + more)


def _check_choices(archive: Archive, choices: Mapping[str, Choice]) -> None:
    mapping = archive.metadata.entities_mapping
    for path, choice in choices.items():
        if path not in mapping:
            raise SourceEntityNotFoundError(path=shown(path), known=_some_of(list(mapping.items())))
        if not choice.skip:
            portables.checked_slug(choice.slug or path.rsplit("/", 1)[-1])
            _require_known_relations(path, choice.skip_relations)


def _require_known_relations(path: str, skipped: Sequence[str]) -> None:
    # One list may be for several entities, and what lies in a group has relations that groups have not.
    known = frozenset[str]().union(*map(known_relations, PortableKind)) - SPECIAL
    if unknown := sorted(set(skipped) - known):
        named = ", ".join(f"`{shown(name)}`" for name in unknown[:MOST_NAMED])
        raise UnknownSkippedRelationError(relations=named, path=path, known=", ".join(sorted(known)))


def _above(path: str) -> Iterator[str]:
    """The paths of all groups around something, the nearest first."""
    while path := path.rpartition("/")[0]:
        yield path


def _some_of(entities: Sequence[tuple[str, EntityPrefix]]) -> str:
    return ", ".join(path for path, _ in entities[:KNOWN_SHOWN]) + (" and more" if len(entities) > KNOWN_SHOWN else "")
