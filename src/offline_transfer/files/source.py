"""A file-based export as what an import reads from: one more extractor behind the same protocol as the archive on storage."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from offline_transfer.archive import ndjson
from offline_transfer.archive.limits import Limits
from offline_transfer.files import layout
from offline_transfer.files.folder import Folder
from offline_transfer.files.layout import Part
from offline_transfer.files.shims import current_name, former_names
from offline_transfer.importing.source import FileMember, SourceObject
from offline_transfer.relations.loader import tree
from offline_transfer.types import JsonObject, PortableKind

# A relation without a record is an empty file, or `null` where it is not a collection.
_LONGEST_EMPTY: Final = 16
_EMPTY: Final = frozenset({b"", b"null"})


class RelationFile:
    """One file of a relation: a line for each record, or the one object of a relation that is not a collection."""

    def __init__(self, folder: Folder, path: str, *, number: int, limits: Limits) -> None:
        self.number: Final = number
        self.where: Final = path
        self._folder: Final = folder
        self._limits: Final = limits

    @cached_property
    def records(self) -> int:
        """Its lines, counted without looking into them."""
        return count_lines(self._folder.blocks(self.where))

    @property
    def nested(self) -> Mapping[str, int]:
        """Nothing is announced of what is nested."""
        return {}

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """Its records, one JSON text each."""
        yield ndjson.lines(self._folder.blocks(self.where), self._limits, self.where)

    @contextmanager
    def members(self) -> Iterator[Iterator[FileMember]]:
        """A relation of records has no files."""
        yield iter(())


@dataclass(frozen=True, slots=True)
class FileSet:
    """The files of a file relation; each has the name that it has in an archive on storage, and its path in the export."""

    folder: Folder
    where: str
    files: Sequence[tuple[str, str]] = ()
    below: tuple[str, Part] | None = None
    """A directory, and which of its files belong to it. It is walked when it is read, since it may be large."""
    number: int = 1

    @property
    def records(self) -> int | None:
        """Nobody announces how many files there are."""
        return None

    @property
    def nested(self) -> Mapping[str, int]:
        """Files have nothing nested in them."""
        return {}

    @contextmanager
    def lines(self) -> Iterator[Iterator[bytes]]:
        """A file relation has no records."""
        yield iter(())

    @contextmanager
    def members(self) -> Iterator[Iterator[FileMember]]:
        """Its files, by name within each directory."""
        yield (self._member(name, path) for name, path in self._paths())

    def _paths(self) -> Iterator[tuple[str, str]]:
        yield from self.files
        if self.below is not None:
            directory, part = self.below
            for path in self.folder.files(directory):
                found = layout.place(path)
                if found is not None and found.part is part:
                    yield found.name, path

    def _member(self, name: str, path: str) -> FileMember:
        return FileMember(name, self.folder.size(path) or 0, self.folder.blocks(path))


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files of one export lie: the tree, which was perhaps made from one document, and all others."""

    tree: Folder
    others: Folder
    limits: Limits


class ProjectFiles:
    """The project of a file-based export."""

    kind: Final = PortableKind.PROJECT

    def __init__(self, places: Places, relations: frozenset[str], full_path: str) -> None:
        self.full_path: Final = full_path
        self._places: Final = places
        self._relations: Final = relations

    @property
    def source_id(self) -> int | None:
        """Its id at the source, which only some older exports say."""
        said = self.root().get("id")
        return said if type(said) is int and said > 0 else None

    def root(self) -> JsonObject:
        """Its own attributes; none where `tree/project.json` is absent."""
        return _document(self._places.tree, layout.ROOT_FILE, self._places.limits)

    def max_iids(self) -> JsonObject:
        """The highest iids; exports before GitLab 19 do not say."""
        return _document(self._places.others, layout.MAX_IIDS_FILE, self._places.limits)

    def objects(self, relation: str) -> Sequence[SourceObject]:
        """The files of a relation. An absent file means an empty relation here: GitLab's exports do not write empty ones."""
        others = self._places.others
        if relation in layout.BUNDLES:
            return _bundle(others, relation, layout.BUNDLES[relation])
        match relation:
            case "snippets_repository":
                return _directory(others, (layout.SNIPPETS, Part.SNIPPET_REPOSITORY))
            case "uploads":
                avatars = [(path, path) for path in others.files(layout.AVATAR)]
                return _directory(others, (layout.UPLOADS, Part.UPLOAD), avatars)
            case "lfs_objects":
                types = [("lfs_objects.json", layout.LFS_TYPES_FILE)] if others.has(layout.LFS_TYPES_FILE) else []
                return _directory(others, (layout.LFS_OBJECTS, Part.LFS_OBJECT), types)
        paths = {name: layout.relation_file(name) for name in self._relations}
        return _relation_files(self._places, self.kind, relation, paths)

    def strangers(self) -> Sequence[tuple[str, int]]:
        """Relations of the export that no tree knows."""
        paths = {name: layout.relation_file(name) for name in self._relations}
        return _strangers(self._places.tree, self.kind, paths)


class GroupFiles:
    """One group of a file-based export, without the groups in it."""

    kind: Final = PortableKind.GROUP

    def __init__(self, places: Places, relations: frozenset[str], *, group_id: int, full_path: str) -> None:
        self.full_path: Final = full_path
        self.group_id: Final = group_id
        self.source_id: Final = group_id
        self._places: Final = places
        self._relations: Final = relations

    def root(self) -> JsonObject:
        """Its own attributes."""
        return _document(self._places.tree, layout.group_file(self.group_id), self._places.limits)

    def max_iids(self) -> JsonObject:
        """The highest iids, where the export is one of ours."""
        return _document(self._places.others, layout.group_max_iids(self.group_id), self._places.limits)

    def objects(self, relation: str) -> Sequence[SourceObject]:
        """The files of a relation; an absent file means an empty relation."""
        if relation == "uploads":
            return _directory(self._places.others, (layout.group_uploads(self.group_id), Part.GROUP_UPLOAD))
        if relation == "wiki":
            return _bundle(self._places.others, relation, layout.group_wiki(self.group_id))
        return _relation_files(self._places, self.kind, relation, self._paths())

    def strangers(self) -> Sequence[tuple[str, int]]:
        """Relations of the group that no tree knows."""
        return _strangers(self._places.tree, self.kind, self._paths())

    def _paths(self) -> dict[str, str]:
        return {name: layout.group_relation_file(self.group_id, name) for name in self._relations}


def count_lines(blocks: Iterator[bytes]) -> int:
    """How many lines have more than white space on them. The memory is one block, however long the lines are."""
    count, is_filled = 0, False
    for block in blocks:
        first, *others = block.split(b"\n")
        is_filled = is_filled or bool(first.strip())
        for piece in others:
            count += is_filled
            is_filled = bool(piece.strip())
    return count + is_filled


def _document(folder: Folder, path: str, limits: Limits) -> JsonObject:
    return ndjson.document(folder.blocks(path), limits, path) if folder.has(path) else {}


def _relation_files(places: Places, kind: PortableKind, relation: str, paths: dict[str, str]) -> Sequence[SourceObject]:
    found = [paths[name] for name in (relation, *former_names(kind, relation)) if name in paths]
    filled = [path for path in found if not _is_empty(places.tree, path)]
    return [
        RelationFile(places.tree, path, number=number, limits=places.limits) for number, path in enumerate(filled, 1)
    ]


def _is_empty(folder: Folder, path: str) -> bool:
    return (folder.size(path) or 0) <= _LONGEST_EMPTY and b"".join(folder.blocks(path)).strip() in _EMPTY


def _strangers(folder: Folder, kind: PortableKind, paths: dict[str, str]) -> Sequence[tuple[str, int]]:
    known = {node.name for node in tree(kind).relations}
    return [
        (name, 0 if _is_empty(folder, path) else count_lines(folder.blocks(path)))
        for name, path in sorted(paths.items())
        if current_name(kind, name) not in known
    ]


def _bundle(folder: Folder, relation: str, path: str) -> Sequence[SourceObject]:
    if folder.has(path):
        return [FileSet(folder, path, [(f"{relation}.bundle", path)])]
    # A project always has a repository: without a bundle it is an empty one, which is not the same as none.
    return [FileSet(folder, path)] if relation == "repository" else []


def _directory(
    folder: Folder, below: tuple[str, Part], files: Sequence[tuple[str, str]] = ()
) -> Sequence[SourceObject]:
    directory, _ = below
    if not files and next(folder.files(directory), None) is None:
        return []
    return [FileSet(folder, directory, files, below)]
