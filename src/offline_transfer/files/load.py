"""Brings a file-based export into this instance, in the foreground: the namespace is made when absent, then entity after entity."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from offline_transfer.archive.limits import Limits
from offline_transfer.files.errors import NamespaceNeededError
from offline_transfer.files.instance import Instance
from offline_transfer.files.inventory import Strangers
from offline_transfer.files.opening import OpenedExport, opened
from offline_transfer.files.source import GroupFiles
from offline_transfer.forge.attempts import SPOOL
from offline_transfer.forge.enums import Visibility
from offline_transfer.forge.routes import Route
from offline_transfer.importing import foreground, portables
from offline_transfer.importing.context import ImportContext, Inside, OpenSource, Report, no_report
from offline_transfer.importing.errors import DestinationTakenError
from offline_transfer.importing.ids import SequenceIds
from offline_transfer.importing.source import EntitySource
from offline_transfer.transfers.models import BulkImport, ImportEntity
from offline_transfer.transfers.states import SourceType
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
            )
            session.add(bulk_import)
            session.flush()
            session.add(_top(export, bulk_import.id, place, wanted))
        context = ImportContext(
            database=instance.database,
            settings=instance.settings,
            repositories=instance.repositories,
            files=instance.files,
            open_source=_only(_ExportSource(export)),
            limits=limits,
            report=report,
        )
        foreground.carry_out(context, bulk_import.id)
        return Loaded(bulk_import.id, export.kind, export.source_version, export.strangers, export.notes)


@dataclass(frozen=True, slots=True)
class _ExportSource:
    """An export as an import reads it."""

    export: OpenedExport

    def check(self, _context: ImportContext, _bulk_import_id: int, _watch: Callable[[], None]) -> None:
        """Nothing is looked at before."""

    def entity(self, row: ImportEntity) -> AbstractContextManager[EntitySource]:
        """The project, or one of the groups, also of those that cannot be imported."""
        if self.export.project is not None:
            return nullcontext(self.export.project)
        sources = [group.source for group in self.export.groups] + [failure.source for failure in self.export.failures]
        return nullcontext(next(source for source in sources if _prefix(source) == row.source_prefix))

    def inside(self, row: ImportEntity) -> Sequence[Inside]:
        """The groups below a group; with the topmost those that cannot be used, since nobody knows where they belong."""
        if self.export.project is not None:
            return ()
        root, *others = self.export.groups
        below = [
            Inside(group.source.full_path, _prefix(group.source), group.slug)
            for group in others
            if f"group_{group.parent_id}" == row.source_prefix
        ]
        if row.source_prefix != _prefix(root.source):
            return below
        lost = [
            Inside(
                failure.source.full_path, _prefix(failure.source), _prefix(failure.source), failure.reason, failure.fail
            )
            for failure in self.export.failures
        ]
        return [*below, *lost]


def _only(source: _ExportSource) -> OpenSource:
    @contextmanager
    def open_source(_context: ImportContext, _bulk_import_id: int) -> Iterator[_ExportSource]:
        yield source

    return open_source


def _prefix(source: GroupFiles) -> str:
    return f"group_{source.group_id}"


def _top(export: OpenedExport, bulk_import_id: int, place: str, slug: str) -> ImportEntity:
    """The row of the project, or of the topmost group."""
    source = export.project or export.groups[0].source
    return ImportEntity(
        bulk_import_id=bulk_import_id,
        source_type=0 if source.kind is PortableKind.GROUP else 1,
        source_full_path=source.full_path,
        source_prefix="project_1" if export.project is not None else _prefix(export.groups[0].source),
        destination_name=slug,
        destination_namespace=place,
    )


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
