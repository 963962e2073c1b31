"""One JSON document, as GitLab wrote projects and groups before it wrote trees, taken apart into the files of a tree.

Everything streams: the memory is one record, and the attributes of the groups. Each value keeps its spelling.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from offline_transfer.archive.errors import LimitExceededError
from offline_transfer.archive.keys import RELATION_NAME
from offline_transfer.archive.limits import Limits
from offline_transfer.files import layout
from offline_transfer.files.errors import DamagedTreeError
from offline_transfer.files.json_text import JsonReader
from offline_transfer.files.shims import GIVEN_UP, RENAMED
from offline_transfer.files.unpacking import write_new
from offline_transfer.relations.loader import tree
from offline_transfer.types import PortableKind

CHILDREN: Final = b'"children"'
DEEPEST_GROUP: Final = 100


def kind_of(blocks: Iterable[bytes], limits: Limits, name: str) -> PortableKind | None:
    """Whether a document is a project or a group, by the first key that only one of them has; None when there is none."""
    words = {kind: _words(kind) for kind in PortableKind}
    reader = JsonReader(blocks, limits, name)
    for key in reader.members():
        text = orjson.loads(key)
        kinds = [kind for kind, known in words.items() if text in known]
        if len(kinds) == 1:
            return kinds[0]
        _pass(reader)
    return None


def to_tree(blocks: Iterable[bytes], directory: Path, kind: PortableKind, limits: Limits, name: str) -> None:
    """Write the tree of a document below a directory that is ours alone and has no tree yet; `name` stands in errors.

    A list of objects becomes a relation with a line for each. One object, and nothing (`[]` or null), is a relation under a name
    that the tree knows. Under other names it may be an attribute, so it counts as one unless it stands behind a relation.

    Raises DamagedTreeError, LimitExceededError, NoRoomError.
    """
    converter = _Converter(directory, kind, limits, name)
    reader = JsonReader(blocks, limits, name)
    if kind is PortableKind.PROJECT:
        attributes = converter.portable(reader, directory / "tree" / "project")
        write_new(directory / layout.ROOT_FILE, [attributes.text()], name)
    else:
        converter.group(reader, parent=None)
        converter.finish_groups()
    reader.end()


@dataclass(slots=True)
class _Attributes:
    """Keys and values of one portable, as texts."""

    values: dict[bytes, bytes] = field(default_factory=dict)

    def text(self) -> bytes:
        return b"{%b}" % b",".join(b"%b:%b" % pair for pair in self.values.items())


@dataclass(slots=True)
class _Group:
    """One group of a document: its attributes, which group is around it, and where its relations were put."""

    parent: int | None
    place: Path
    attributes: _Attributes = field(default_factory=_Attributes)
    id: int = 0


class _Converter:
    def __init__(self, directory: Path, kind: PortableKind, limits: Limits, name: str) -> None:
        self._directory: Final = directory
        self._kind: Final = kind
        self._limits: Final = limits
        self._name: Final = name
        self._known: Final = _present_relations(kind)
        self._former: Final = frozenset(relation.name for relation in GIVEN_UP[kind])
        self._held = 0
        self._groups: Final[list[_Group]] = []

    def portable(self, reader: JsonReader, place: Path, children: "Callable[[], None] | None" = None) -> _Attributes:
        """Write the relations of one project or group below a new directory, and give its attributes."""
        place.mkdir(mode=0o700, parents=True)
        attributes = _Attributes()
        for key in reader.members():
            if key == CHILDREN and children is not None and reader.peek() == b"[":
                for _ in reader.elements():
                    children()
                continue
            name = self._relation_name(key)
            begin = reader.peek()
            if name is not None and begin == b"[":
                self._list(reader, place, name, (key, attributes))
            elif name is not None and begin == b"{" and self._is_relation(place, name, begin):
                self._write(place, name, [reader.value()])
            else:
                value = reader.value()
                if name is not None and value == b"null" and self._is_relation(place, name, begin):
                    self._write(place, name, [value])
                else:
                    self._hold(attributes, key, value)
        return attributes

    def group(self, reader: JsonReader, parent: int | None, depth: int = 0) -> None:
        """Take one group with the groups in it. Their ids come with their attributes, so they get their names at the end."""
        if depth > DEEPEST_GROUP:
            raise LimitExceededError(
                name=self._name, limit=DEEPEST_GROUP, unit="groups in one another", setting="DEEPEST_GROUP"
            )
        number = len(self._groups)
        group = _Group(parent, self._directory / "tree" / "groups" / f"{number}.partial")
        self._groups.append(group)
        group.attributes = self.portable(reader, group.place, lambda: self.group(reader, number, depth + 1))

    def finish_groups(self) -> None:
        """Give every group its file and its directory, and write the list."""
        self._number_groups()
        for group in self._groups:
            parent = None if group.parent is None else self._groups[group.parent].id
            # Where a group stands in the document is what counts: older exports left the ids of parents out.
            if parent is not None:
                group.attributes.values[b'"parent_id"'] = b"%d" % parent
            write_new(self._directory / layout.group_file(group.id), [group.attributes.text()], self._name)
            if any(group.place.iterdir()):
                group.place.rename(group.place.with_name(str(group.id)))
            else:
                group.place.rmdir()
        listed = b"".join(b"%d\n" % group.id for group in self._groups)
        write_new(self._directory / layout.GROUP_LIST_FILE, [listed], self._name)

    def _number_groups(self) -> None:
        for group in self._groups:
            given = group.attributes.values.get(b'"id"', b"")
            group.id = int(given) if given.isdigit() and len(given) < len(str(2**63)) else 0
        taken = {group.id for group in self._groups if group.id}
        if len(taken) < sum(1 for group in self._groups if group.id):
            raise DamagedTreeError(name=self._name, reason="two of its groups have the same id")
        free = (number for number in range(1, 2 * len(self._groups) + 1) if number not in taken)
        for group in self._groups:
            if not group.id:
                group.id = next(free)
                group.attributes.values[b'"id"'] = b"%d" % group.id

    def _relation_name(self, key: bytes) -> str | None:
        text = orjson.loads(key)
        return text if RELATION_NAME.fullmatch(text) else None

    def _list(self, reader: JsonReader, place: Path, name: str, attribute: tuple[bytes, _Attributes]) -> None:
        """A list is a relation when its first element is an object, or when it is empty and named as one."""
        elements = self._elements(reader)
        first = next(elements, None)
        if first.startswith(b"{") if first is not None else self._is_relation(place, name, b"["):
            self._write(place, name, _lines(first, elements))
        else:
            key, attributes = attribute
            rest: Sequence[bytes] = [] if first is None else [first, *self._bounded(elements)]
            self._hold(attributes, key, b"[%b]" % b",".join(rest))

    def _is_relation(self, place: Path, name: str, begin: bytes) -> bool:
        """Whether one object or nothing is a relation. Attributes stand before relations, and some had the name of one."""
        return name in self._known or ((name in self._former or begin == b"{") and any(place.iterdir()))

    def _elements(self, reader: JsonReader) -> Iterator[bytes]:
        for _ in reader.elements():
            yield reader.value()

    def _bounded(self, elements: Iterator[bytes]) -> Iterator[bytes]:
        length = 0
        for element in elements:
            length += len(element) + 1
            self._check_held(length)
            yield element

    def _hold(self, attributes: _Attributes, key: bytes, value: bytes) -> None:
        self._held += len(key) + len(value) + 2
        self._check_held(0)
        attributes.values[key] = value

    def _check_held(self, more: int) -> None:
        if self._held + more > self._limits.line_bytes:
            raise LimitExceededError(
                name=self._name, limit=self._limits.line_bytes, unit="bytes of attributes", setting="line_bytes"
            )

    def _write(self, place: Path, name: str, pieces: Iterable[bytes]) -> None:
        write_new(place / f"{name}.ndjson", pieces, self._name)


def _present_relations(kind: PortableKind) -> frozenset[str]:
    return frozenset([node.name for node in tree(kind).relations] + [shim.former for shim in RENAMED[kind]])


def _lines(first: bytes | None, others: Iterator[bytes]) -> Iterator[bytes]:
    if first is not None:
        yield first + b"\n"
    for line in others:
        yield line + b"\n"


def _words(kind: PortableKind) -> frozenset[str]:
    # Projects had a `path` once, too.
    own = {attribute.name for attribute in tree(kind).root.attributes} - {"path"}
    groups = {"children", "parent_id"} if kind is PortableKind.GROUP else set()
    return _present_relations(kind) | {relation.name for relation in GIVEN_UP[kind]} | own | groups


def _pass(reader: JsonReader) -> None:
    if reader.peek() == b"[":
        for _ in reader.elements():
            reader.value()
    else:
        reader.value()
