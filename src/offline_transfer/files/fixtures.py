"""The two forms of a tree: GitLab's one document, which people read and edit, and the NDJSON tree, which is loaded.

Both directions stream, and going there and back gives the same files, byte for byte, once the document has been laid out here.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from offline_transfer.archive import ndjson
from offline_transfer.archive.limits import Limits
from offline_transfer.files import containers, document, inventory, layout
from offline_transfer.files.errors import DamagedTreeError, ExportNotFoundError, NotAnExportError, TargetExistsError
from offline_transfer.files.folder import Folder
from offline_transfer.files.hierarchy import GroupEntity, read
from offline_transfer.files.inventory import Inventory, Strangers
from offline_transfer.files.json_text import INDENT, JsonReader, check, pretty
from offline_transfer.files.output import Output, replacing
from offline_transfer.files.source import Places
from offline_transfer.relations.loader import tree
from offline_transfer.types import PortableKind


def to_tree(json_file: Path, directory: Path, *, limits: Limits | None = None) -> None:
    """Write the tree of `project.json` or `group.json` into a directory that has none yet, all of it or nothing.

    Raises NotAnExportError, DamagedTreeError, TargetExistsError.
    """
    limits = limits or Limits()
    if (directory / "tree").exists():
        raise TargetExistsError(path=directory / "tree")
    kind = containers.kind_of_document(json_file, limits)
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".partial-") as aside:
        document.to_tree(containers.content(json_file, limits), Path(aside), kind, limits, json_file.name)
        (Path(aside) / "tree").rename(directory / "tree")


def to_json(directory: Path, json_file: Path, *, limits: Limits | None = None) -> None:
    """Write the tree in a directory as one document, laid out for people; replaces a file of that name.

    Raises ExportNotFoundError, NotAnExportError, DamagedTreeError for what is no JSON, and for groups whose parents are missing.
    """
    limits = limits or Limits()
    if not directory.is_dir():
        raise ExportNotFoundError(path=directory)
    folder = Folder(directory)
    found = inventory.take(folder, Strangers(), limits)
    if len(found.kinds) != 1 or not (directory / "tree").is_dir():
        raise NotAnExportError(path=directory, reason="it has no `tree/project.json` and no `tree/groups`")
    with replacing(json_file) as stream:
        writer = _DocumentWriter(stream, folder, found, limits)
        if found.kinds == {PortableKind.PROJECT}:
            writer.project()
        else:
            writer.groups(Places(folder, folder, limits))
        stream.write(b"\n")


class _DocumentWriter:
    def __init__(self, stream: Output, folder: Folder, found: Inventory, limits: Limits) -> None:
        self._stream: Final = stream
        self._folder: Final = folder
        self._inventory: Final = found
        self._limits: Final = limits

    def project(self) -> None:
        """The project as one object."""
        paths = {name: layout.relation_file(name) for name in self._inventory.relations.get(0, ())}
        with self._object(0) as members:
            self._portable(PortableKind.PROJECT, layout.ROOT_FILE, paths, members)

    def groups(self, places: Places) -> None:
        """The root group as one object, with the groups in it under `children`."""
        hierarchy = read(places, self._inventory)
        if hierarchy.failures:
            failure = hierarchy.failures[0]
            raise DamagedTreeError(name=layout.group_file(failure.source.group_id), reason=failure.reason)
        root, *others = hierarchy.groups
        children: dict[int, list[GroupEntity]] = {}
        for group in others:
            assert group.parent_id is not None
            children.setdefault(group.parent_id, []).append(group)
        self._group(root, children, 0)

    def _group(self, group: GroupEntity, children: dict[int, list[GroupEntity]], depth: int) -> None:
        group_id = group.source.group_id
        names = self._inventory.relations.get(group_id, ())
        paths = {name: layout.group_relation_file(group_id, name) for name in names}
        with self._object(depth) as members:
            self._portable(PortableKind.GROUP, layout.group_file(group_id), paths, members)
            if below := children.get(group_id):
                members.key(document.CHILDREN)
                with _Container(self._stream, b"[]", depth + 1) as elements:
                    for child in below:
                        elements.item()
                        self._group(child, children, depth + 2)

    def _portable(self, kind: PortableKind, root: str, paths: dict[str, str], members: "_Container") -> None:
        """Attributes as they stand, then relations in the order of the tree, then the ones that no tree knows."""
        if self._folder.has(root):
            reader = JsonReader(self._folder.blocks(root), self._limits, root)
            for key in reader.members():
                members.key(key)
                members.value(reader.value())
            reader.end()
        order = {node.name: position for position, node in enumerate(tree(kind).relations)}
        for name in sorted(paths, key=lambda name: (order.get(name, len(order)), name)):
            members.key(b'"%b"' % name.encode())
            self._relation(kind, name, paths[name], members)

    def _relation(self, kind: PortableKind, name: str, path: str, members: "_Container") -> None:
        if self._is_single(kind, name, path):
            members.value(b"".join(self._lines(path)) or b"null")
            return
        with _Container(self._stream, b"[]", members.depth) as elements:
            for line in self._lines(path):
                elements.item()
                elements.value(line)

    def _is_single(self, kind: PortableKind, name: str, path: str) -> bool:
        """One object without a line feed after it, or null; a collection of one record may lack it, too."""
        lines = self._lines(path)
        first, second = next(lines, b""), next(lines, b"")
        if second or not first or first == b"null":
            return first == b"null" and not second
        if any(node.name == name and not node.is_single for node in tree(kind).relations):
            return False
        last = b""
        for block in self._folder.blocks(path):
            last = block[-1:]
        return last != b"\n"

    def _lines(self, path: str) -> Iterator[bytes]:
        for line in ndjson.lines(self._folder.blocks(path), self._limits, path):
            if text := line.strip():
                check(text, self._limits, path)
                yield text

    def _object(self, depth: int) -> "_Container":
        return _Container(self._stream, b"{}", depth)


class _Container:
    """An object or a list that is being written, at a depth; its members stand one level deeper."""

    def __init__(self, stream: Output, brackets: bytes, depth: int) -> None:
        self.depth: Final = depth + 1
        self._stream: Final = stream
        self._opening, self._closing = brackets[:1], brackets[1:]
        self._is_empty = True

    def __enter__(self) -> "_Container":
        self._stream.write(self._opening)
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_empty:
            self._stream.write(b"\n" + INDENT * (self.depth - 1))
        self._stream.write(self._closing)

    def item(self) -> None:
        """Begin a member."""
        self._stream.write((b"\n" if self._is_empty else b",\n") + INDENT * self.depth)
        self._is_empty = False

    def key(self, key: bytes) -> None:
        """Begin a member of an object with its key."""
        self.item()
        self._stream.write(key + b": ")

    def value(self, text: bytes) -> None:
        """Write a member's value."""
        self._stream.write(pretty(text, self.depth))
