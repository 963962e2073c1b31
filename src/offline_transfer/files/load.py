"""Brings a file-based export into this instance, in the foreground: the namespace is made when absent, then entity after entity."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from offline_transfer.archive.limits import Limits
from offline_transfer.files.errors import NamespaceNeededError
from offline_transfer.files.hierarchy import GroupFailure
from offline_transfer.files.instance import Instance
from offline_transfer.files.inventory import Strangers
from offline_transfer.files.opening import OpenedExport, opened
from offline_transfer.forge.attempts import SPOOL
from offline_transfer.forge.enums import Visibility
from offline_transfer.forge.routes import Route
from offline_transfer.importing import entity as engine
from offline_transfer.importing import lost, portables, process
from offline_transfer.importing.context import ImportContext, Report, no_report
from offline_transfer.importing.errors import DestinationTakenError
from offline_transfer.importing.ids import SequenceIds
from offline_transfer.importing.source import EntitySource
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.models import ERROR_CHARACTERS, BulkImport, ImportEntity
from offline_transfer.transfers.states import EntityState, ImportState, SourceType, step
from offline_transfer.types import Edition, PortableKind


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` did. The counts are in the rows of the import, where `importing.result` reads them."""

    bulk_import_id: int
    kind: PortableKind
    source_version: str | None
    strangers: Strangers
    """Files of the export that belong to no relation."""
    notes: tuple[str, ...]
    """What could not be checked, for people."""


def load(
    instance: Instance,
    path: Path,
    *,
    namespace: str,
    slug: str | None = None,
    source_hostname: str = "",
    limits: Limits | None = None,
    report: Report = no_report,
) -> Loaded:
    """Load the export at a path into the group `namespace`, which is made when it does not exist; "" is the root, for groups.

    `slug` is the name of the new project or group in paths, the export's own by default; where it is taken, a number follows it.
    Exports do not say which instance they come from. Users with the same id are one person as long as `source_hostname` is the same
    within one top-level group. Nothing is written when the export cannot be opened; see `opening.opened` for errors. What fails
    afterwards is in the rows of the import.
    """
    limits = limits or Limits()
    with opened(path, spool=instance.settings.data_dir / SPOOL, limits=limits) as export:
        wanted = portables.checked_slug(slug or _own_slug(export))
        if export.kind is PortableKind.PROJECT and not namespace.strip("/"):
            raise NamespaceNeededError()
        with instance.database.session() as session:
            place = _namespace(session, SequenceIds(instance.database), namespace.strip("/"))
            bulk_import = BulkImport(
                source_type=SourceType.file_export,
                source_version=export.source_version,
                source_hostname=source_hostname,
                status=ImportState.started,
            )
            session.add(bulk_import)
            session.flush()
            bulk_import_id = bulk_import.id
        loading = _Loading(instance, limits, report, bulk_import_id)
        if export.project is not None:
            loading.entity(export.project, "project_1", place, wanted, parent=None)
        else:
            loading.groups(export, place, wanted)
        process.finish(loading.context(), bulk_import_id)
        return Loaded(bulk_import_id, export.kind, export.source_version, export.strangers, export.notes)


@dataclass(frozen=True, slots=True)
class _Imported:
    """An entity that was taken on: its row, and its full path here; None when it failed."""

    entity_id: int
    full_path: str | None


@dataclass(frozen=True, slots=True)
class _Loading:
    """One load in progress."""

    instance: Instance
    limits: Limits
    report: Report
    bulk_import_id: int

    def context(self, source: EntitySource | None = None) -> ImportContext:
        """The engine's context, for which there is this one source."""

        @contextmanager
        def open_source(_bulk_import: BulkImport, _entity: ImportEntity) -> Iterator[EntitySource]:
            assert source is not None
            yield source

        instance = self.instance
        return ImportContext(
            instance.database,
            instance.settings,
            instance.repositories,
            instance.files,
            open_source,
            limits=self.limits,
            report=self.report,
        )

    def groups(self, export: OpenedExport, place: str, slug: str) -> None:
        """Groups one after another, each below what its parent became; a group whose parent failed fails, too."""
        done: dict[int, _Imported] = {}
        for group in export.groups:
            prefix = f"group_{group.source.group_id}"
            parent = done.get(group.parent_id) if done and group.parent_id is not None else None
            if parent is None:
                done[group.source.group_id] = self.entity(group.source, prefix, place, slug, parent=None)
            elif parent.full_path is None:
                failure = GroupFailure(group.source, process.PARENT_FAILED, Fail.PARENT_FAILED)
                done[group.source.group_id] = self.failed(failure, place, around=parent)
            else:
                imported = self.entity(group.source, prefix, parent.full_path, group.slug, parent=parent.entity_id)
                done[group.source.group_id] = imported
        # Nobody knows where in it such a group belongs, but it is missing from the whole.
        top = next(iter(done.values()), None)
        for failure in export.failures:
            self.failed(failure, place, around=top)

    def entity(self, source: EntitySource, prefix: str, place: str, slug: str, *, parent: int | None) -> _Imported:
        """One entity through the engine."""
        entity_id = self._row(source, prefix, place, slug, parent=parent)
        engine.run(self.context(source), entity_id)
        with self.instance.database.session() as session:
            row = session.get_one(ImportEntity, entity_id)
            if row.status is not EntityState.finished:
                self._account(session, entity_id, source, Fail.INVALID_VALUE)
                return _Imported(entity_id, None)
            route = Route.project_id if source.kind is PortableKind.PROJECT else Route.namespace_id
            made = row.project_id if source.kind is PortableKind.PROJECT else row.namespace_id
            return _Imported(entity_id, session.scalars(select(Route.path).where(route == made)).one())

    def failed(self, failure: GroupFailure, place: str, *, around: _Imported | None) -> _Imported:
        """A group that cannot be imported: a failed row, and all its records accounted for."""
        source, name = failure.source, f"group_{failure.source.group_id}"
        parent = None if around is None else around.entity_id
        place = place if around is None else around.full_path or place
        entity_id = self._row(source, name, place, name, parent=parent)
        self._fail(entity_id, failure.reason)
        with self.instance.database.session() as session:
            self._account(session, entity_id, source, failure.fail)
        return _Imported(entity_id, None)

    def _row(self, source: EntitySource, prefix: str, place: str, slug: str, *, parent: int | None) -> int:
        with self.instance.database.session() as session:
            row = ImportEntity(
                bulk_import_id=self.bulk_import_id,
                parent_id=parent,
                source_type=0 if source.kind is PortableKind.GROUP else 1,
                source_full_path=source.full_path,
                source_prefix=prefix,
                destination_name=slug,
                destination_namespace=place,
            )
            session.add(row)
            session.flush()
            return row.id

    def _account(self, session: Session, entity_id: int, source: EntitySource, own: Fail) -> None:
        edition = self.instance.settings.edition
        lost.account(session, entity_id, source, own=own, edition=edition, limits=self.limits)

    def _fail(self, entity_id: int, message: str) -> None:
        with self.instance.database.session() as session:
            row = session.get_one(ImportEntity, entity_id)
            row.status = step(row.status, EntityState.failed)
            row.has_failures = True
            row.error = message[:ERROR_CHARACTERS]


def _own_slug(export: OpenedExport) -> str:
    return export.project.full_path if export.project is not None else export.groups[0].slug


def _namespace(session: Session, ids: SequenceIds, full_path: str) -> str:
    """The full path of the group as it is here; it and the groups around it are made, private, when they do not exist."""
    if not full_path:
        return ""
    found = session.scalar(
        select(Route.path).where(func.lower(Route.path) == full_path.lower(), Route.namespace_id.is_not(None))
    )
    if found is not None:
        return found
    if session.scalar(select(Route.id).where(func.lower(Route.path) == full_path.lower())) is not None:
        raise DestinationTakenError(path=full_path)
    above, _, name = full_path.rpartition("/")
    parent = _namespace(session, ids, above)
    made = portables.make_group(
        session,
        ids.next("namespaces"),
        parent=portables.namespace_by_path(session, parent),
        slug=portables.checked_slug(name),
        attributes={"name": name, "visibility_level": Visibility.private.value},
        edition=Edition.EE,
    )
    return made.full_path
