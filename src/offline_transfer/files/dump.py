"""Writes a group or project as a file-based export: the reverse of `load`, in the form that GitLab's own importer accepts."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from offline_transfer import __version__
from offline_transfer.archive import gzip, tarball
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.metadata import INSTANCE_VERSION
from offline_transfer.archive.tar_names import MemberNames
from offline_transfer.archive.tarball import Member
from offline_transfer.exporting.errors import PortablesNotFoundError
from offline_transfer.exporting.portables import Portable
from offline_transfer.exporting.reading import reading
from offline_transfer.files import dump_files, dump_records, layout
from offline_transfer.files.dump_records import Dumping, Gap
from offline_transfer.files.instance import Instance
from offline_transfer.files.layout import Part
from offline_transfer.files.output import replacing
from offline_transfer.forge.attempts import SPOOL, Attempts
from offline_transfer.forge.routes import Route
from offline_transfer.storage.sources import from_bytes
from offline_transfer.transfers.progress import Progress, silent
from offline_transfer.types import JsonObject, PortableKind


@dataclass(frozen=True, slots=True)
class DumpedRow:
    """How many records a group or project has on one path; of repositories refs are counted, of other files the files."""

    entity: str
    path: str
    records: int

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {"entity": self.entity, "path": self.path, "records": self.records}


@dataclass(frozen=True, slots=True)
class Dumped:
    """What `dump` wrote."""

    output: Path
    kind: PortableKind
    rows: tuple[DumpedRow, ...]
    gaps: tuple[Gap, ...]
    """Files that should be in the export and are not."""
    left_out: tuple[str, ...]
    """Projects of a group: an export of a group holds none, each has to be dumped by itself."""

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "relations": [row.to_json() for row in self.rows],
            "gaps": [gap.to_json() for gap in self.gaps],
            "left_out": list(self.left_out),
        }


def dump(
    instance: Instance, full_path: str, output: Path, *, limits: Limits | None = None, progress: Progress = silent
) -> Dumped:
    """Write the project, or the group with the groups in it, to a `.tar.gz`; a file of that name is replaced at the end.

    The rows are those of one moment; of repositories and files, what is there when their turn comes. The same rows and files
    give the same bytes. Raises PortablesNotFoundError, NoRoomError.
    """
    limits = limits or Limits()
    with instance.database.session() as session:
        portables = _portables(session, full_path.strip("/"))
        left_out = _projects_in(session, portables[0])
    with Attempts(instance.settings.data_dir / SPOOL).begin() as scratch:
        dumping = Dumping(instance, scratch, MemberNames(limits, output.name), progress)
        # Closed before anything that its steps use: an unfinished COPY would keep its connection waiting.
        with closing(_members(dumping, portables)) as members, replacing(output) as target:
            for block in gzip.compress(tarball.write(members, limits, output.name)):
                target.write(block)
    rows = tuple(
        DumpedRow(entity, path, records)
        for entity, counts in dumping.counts.items()
        for path, records in counts.items()
        if records
    )
    return Dumped(output, portables[0].kind, rows, tuple(dumping.gaps), left_out)


def _members(dumping: Dumping, portables: Sequence[Portable]) -> Generator[Member, None, None]:
    yield _text(Part.FORMAT_VERSION, layout.FORMAT_VERSION)
    yield _text(Part.GITLAB_VERSION, INSTANCE_VERSION)
    yield _text(Part.GITLAB_REVISION, f"offline-transfer {__version__}")
    if portables[0].kind is PortableKind.GROUP:
        yield _text(layout.GROUP_LIST_FILE, "".join(f"{group.id}\n" for group in portables))
    with reading(dumping.instance.database) as moment:
        for portable in portables:
            yield from dump_records.members(dumping, portable, moment)
    for portable in portables:
        yield from dump_files.members(dumping, portable)


def _text(name: str, text: str) -> Member:
    content = text.encode()
    return Member(name=str(name), size=len(content), open=from_bytes(content))


def _portables(session: Session, full_path: str) -> list[Portable]:
    """The project, or the group and all groups below it, parents first."""
    found = session.execute(
        select(Route.path, Route.project_id, Route.namespace_id).where(func.lower(Route.path) == full_path.lower())
    ).one_or_none()
    if found is None:
        raise PortablesNotFoundError(paths=f"`{ascii(full_path[:200])[1:-1]}`")
    path, project_id, group_id = found
    if project_id is not None:
        return [Portable(PortableKind.PROJECT, project_id, path)]
    below = session.execute(
        select(Route.path, Route.namespace_id).where(
            or_(Route.namespace_id == group_id, Route.path.startswith(f"{path}/", autoescape=True)),
            Route.namespace_id.is_not(None),
        )
    )
    groups = [Portable(PortableKind.GROUP, found_id, route) for route, found_id in below if found_id is not None]
    return sorted(groups, key=lambda group: group.path.split("/"))


def _projects_in(session: Session, root: Portable) -> tuple[str, ...]:
    if root.kind is PortableKind.PROJECT:
        return ()
    paths = session.scalars(
        select(Route.path)
        .where(Route.path.startswith(f"{root.path}/", autoescape=True), Route.project_id.is_not(None))
        .order_by(Route.path)
    )
    return tuple(paths)
