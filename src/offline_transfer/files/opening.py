"""A path that somebody names, opened as an export: unpacked if need be, its versions checked, its groups sorted.

What an archive brings is unpacked into a private directory that ends with the block; an unpacked directory is read where it is.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offline_transfer.archive.errors import shown
from offline_transfer.archive.limits import Limits
from offline_transfer.files import containers, document, hierarchy, inventory, layout, unpacking
from offline_transfer.files.containers import Form
from offline_transfer.files.errors import ExportFormatError, NotAnExportError, SourceVersionError
from offline_transfer.files.folder import Folder
from offline_transfer.files.hierarchy import GroupEntity, GroupFailure, Hierarchy
from offline_transfer.files.inventory import Inventory, Strangers
from offline_transfer.files.layout import Part
from offline_transfer.files.slugs import slug_of, slug_of_file
from offline_transfer.files.source import Places, ProjectFiles
from offline_transfer.forge.attempts import Attempts
from offline_transfer.types import PortableKind

OLDEST_SOURCE: Final = (13, 5)
NEWEST_SOURCE: Final = 19

_GITLAB_VERSION: Final = re.compile(rb"(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?(?:-[0-9A-Za-z.+-]{1,64})?")
_LONGEST_VERSION: Final = 200
_DOCUMENTS: Final = {PortableKind.PROJECT: "project.json", PortableKind.GROUP: "group.json"}


@dataclass(frozen=True, slots=True)
class OpenedExport:
    """A file-based export: one project, or groups with parents before their children."""

    path: Path
    kind: PortableKind
    source_version: str | None
    """What `GITLAB_VERSION` says; None where it is absent."""
    project: ProjectFiles | None
    groups: tuple[GroupEntity, ...]
    failures: tuple[GroupFailure, ...]
    strangers: Strangers
    """Files that belong to no relation."""
    notes: tuple[str, ...]
    """What could not be checked, for people."""


@contextmanager
def opened(path: Path, *, spool: Path, limits: Limits | None = None) -> Iterator[OpenedExport]:
    """The export at a path: a `.tar.gz`, an unpacked directory, or one `project.json` or `group.json`.

    Archives are unpacked below `spool`. Raises ExportNotFoundError, NotAnExportError, ExportFormatError, SourceVersionError,
    LinkInExportError, DamagedTreeError, NoRoomError, and for archives what `archive.tarball` and `archive.gzip` raise.
    """
    limits = limits or Limits()
    form = containers.form_of(path, limits)
    with Attempts(spool).begin() as private:
        if form is Form.DOCUMENT:
            kind = containers.kind_of_document(path, limits)
            document.to_tree(containers.content(path, limits), private, kind, limits, path.name)
            yield _describe(path, Places(Folder(private), Folder(private), limits), Strangers())
        elif form is Form.TAR:
            files = private / "files"
            files.mkdir(mode=0o700)
            strangers = unpacking.unpack(containers.content(path, limits), files, limits, path.name)
            yield _open_directory(path, Folder(files), private, strangers, limits)
        else:
            yield _open_directory(path, Folder(path), private, Strangers(), limits)


def _open_directory(path: Path, folder: Folder, private: Path, strangers: Strangers, limits: Limits) -> OpenedExport:
    """Where there is no tree but one document, the tree is made from it."""
    has_tree = next(folder.files("tree"), None) is not None
    documents = [kind for kind, name in _DOCUMENTS.items() if folder.has(name)]
    if has_tree or not documents:
        for kind in documents:
            strangers.add(_DOCUMENTS[kind])
        return _describe(path, Places(folder, folder, limits), strangers)
    if len(documents) > 1:
        raise NotAnExportError(path=path, reason="it holds both a `project.json` and a `group.json`")
    name = _DOCUMENTS[documents[0]]
    made = private / "made"
    made.mkdir(mode=0o700)
    document.to_tree(folder.blocks(name), made, documents[0], limits, name)
    return _describe(path, Places(Folder(made), folder, limits), strangers)


def _describe(path: Path, places: Places, strangers: Strangers) -> OpenedExport:
    # A directory by mistake may be somebody's home: it is not walked to the end to find that out.
    if next(places.tree.files("tree"), None) is None:
        raise NotAnExportError(path=path, reason="it has no `tree`, no `project.json` and no `group.json`")
    found = inventory.take(places.tree, strangers, places.limits)
    if places.others is not places.tree:
        found.parts |= inventory.take(places.others, strangers, places.limits).parts
    kinds = found.kinds
    if len(kinds) != 1:
        reason = "it holds both a project and groups" if kinds else "its `tree` holds no project and no group"
        raise NotAnExportError(path=path, reason=reason)
    notes: list[str] = []
    _check_format(path, places.others, notes)
    version = _source_version(path, places.others, notes)
    kind = kinds.pop()
    project = _project(path, places, found, notes) if kind is PortableKind.PROJECT else None
    groups = _groups(places, found, strangers, notes) if kind is PortableKind.GROUP else Hierarchy((), (), frozenset())
    return OpenedExport(path, kind, version, project, groups.groups, groups.failures, strangers, tuple(notes))


def _project(path: Path, places: Places, found: Inventory, notes: list[str]) -> ProjectFiles:
    relations = frozenset(found.relations.get(0, ()))
    if Part.PROJECT not in found.parts:
        notes.append(f"`{layout.ROOT_FILE}` is absent: the project gets the attributes of a new one")
    root = ProjectFiles(places, relations, "").root()
    name = slug_of(root.get("path")) or slug_of_file(path.resolve().name) or slug_of(root.get("name")) or "project"
    return ProjectFiles(places, relations, name)


def _groups(places: Places, found: Inventory, strangers: Strangers, notes: list[str]) -> Hierarchy:
    groups = hierarchy.read(places, found)
    if Part.GROUP_LIST not in found.parts:
        notes.append(f"`{layout.GROUP_LIST_FILE}` is absent: the groups are taken from the files that there are")
    for group_id in sorted(groups.unlisted):
        strangers.add(layout.group_file(group_id))
    return groups


def _check_format(path: Path, folder: Folder, notes: list[str]) -> None:
    line = _first_line(folder, Part.FORMAT_VERSION)
    if line is None:
        notes.append("`VERSION` is absent: the format of the export could not be checked")
    elif line != layout.FORMAT_VERSION.encode():
        version = shown(line.decode("utf-8", "replace")) or "(none)"
        raise ExportFormatError(path=path, version=version, supported=layout.FORMAT_VERSION)


def _source_version(path: Path, folder: Folder, notes: list[str]) -> str | None:
    line = _first_line(folder, Part.GITLAB_VERSION)
    if line is None:
        notes.append("`GITLAB_VERSION` is absent: the version of the source could not be checked")
        return None
    version = shown(line.decode("utf-8", "replace"))
    numbers = _GITLAB_VERSION.fullmatch(line)
    if numbers is None:
        remedy = "Put the version of the source into `GITLAB_VERSION`, or remove the file."
    elif (int(numbers[1]), int(numbers[2])) < OLDEST_SOURCE:
        remedy = "Upgrade the source and export again."
    elif int(numbers[1]) > NEWEST_SOURCE:
        remedy = "Load it with a newer release of offline-transfer."
    else:
        return version
    oldest = ".".join(map(str, OLDEST_SOURCE))
    raise SourceVersionError(path=path, version=version, oldest=oldest, newest=f"{NEWEST_SOURCE}.x", remedy=remedy)


def _first_line(folder: Folder, part: Part) -> bytes | None:
    if not folder.has(part.value):
        return None
    start = b""
    for block in folder.blocks(part.value):
        start += block
        if len(start) > _LONGEST_VERSION:
            break
    return start[:_LONGEST_VERSION].partition(b"\n")[0].strip()
