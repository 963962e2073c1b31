"""The records of a group or project as files of a file-based export."""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import orjson

from offline_transfer.archive.keys import SELF_RELATION, USER_CONTRIBUTIONS_RELATION
from offline_transfer.archive.tar_names import MemberNames
from offline_transfer.archive.tarball import Member
from offline_transfer.exporting.errors import PortableGoneError
from offline_transfer.exporting.portables import Portable
from offline_transfer.exporting.reading import Reading, statements_of
from offline_transfer.files import layout
from offline_transfer.files.instance import Instance
from offline_transfer.files.unpacking import write_new
from offline_transfer.relations.compiler import Statements
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import Direction
from offline_transfer.storage.sources import from_bytes, from_file
from offline_transfer.transfers.progress import Progress, silent
from offline_transfer.types import JsonObject, PortableKind

USERS_AT_ONCE: Final = 1000

Lines: TypeAlias = Generator[bytes, None, None]


@dataclass(frozen=True, slots=True)
class Gap:
    """A file that should be in the export and is not."""

    entity: str
    relation: str
    name: str
    reason: str

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {"entity": self.entity, "relation": self.relation, "name": self.name, "reason": self.reason}


@dataclass(slots=True)
class Dumping:
    """One dump in progress: the instance, where its files are kept until they are in the archive, and what was counted."""

    instance: Instance
    scratch: Path
    names: MemberNames
    """The names of uploads and LFS objects: what the archive could not hold is a gap and does not end the dump."""
    progress: Progress = silent
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def count(self, portable: Portable, counts: Mapping[str, int]) -> None:
        """Add to the records of a group or project."""
        self.counts.setdefault(portable.path, Counter()).update(counts)


def members(dumping: Dumping, portable: Portable, moment: Reading) -> Iterator[Member]:
    """The attributes of a group or project and its relations, in the order of the tree; the users whom they name come last.

    Each file is gone when the next one is asked for.
    """
    yield _attributes(dumping, portable, moment)
    users: set[int] = set()
    for node in tree(portable.kind, dumping.instance.settings.edition).relations:
        if node.direction is Direction.BOTH and not node.is_contributions:
            yield from _relation(dumping, portable, moment, node.name, users)
    yield from _spooled(dumping, portable, USER_CONTRIBUTIONS_RELATION, _users(dumping, portable, moment, users))
    yield from _max_iids(portable, moment)


def _attributes(dumping: Dumping, portable: Portable, moment: Reading) -> Member:
    statements = _statements(dumping, portable, SELF_RELATION)
    records = moment.records(statements, [portable.id])
    line = b"".join(records).strip()
    if not line:
        raise PortableGoneError(portable=f"{portable.kind} {portable.path}")
    dumping.count(portable, records.counts)
    if portable.kind is PortableKind.PROJECT:
        return _bytes(layout.ROOT_FILE, line)
    row = moment.connection.execute("SELECT parent_id FROM namespaces WHERE id = %s", [portable.id]).fetchone()
    assert row is not None
    keys = orjson.dumps({"id": portable.id, "parent_id": row[0]})
    return _bytes(layout.group_file(portable.id), keys[:-1] + b"," + line[1:])


def _relation(
    dumping: Dumping, portable: Portable, moment: Reading, relation: str, users: set[int]
) -> Iterator[Member]:
    """A collection is a line for each record; a relation that is not one is its object without a line feed, or null."""
    statements = _statements(dumping, portable, relation)
    ids = moment.record_ids(statements, portable.id)
    if statements.node.is_single:
        found = b"".join(_lines(dumping, portable, moment, statements, ids[:1], users))
        yield _bytes(_file(portable, relation), found.rstrip(b"\n") or b"null")
    else:
        yield from _spooled(dumping, portable, relation, _lines(dumping, portable, moment, statements, ids, users))


def _lines(
    dumping: Dumping, portable: Portable, moment: Reading, statements: Statements, ids: list[int], users: set[int]
) -> Lines:
    size = dumping.instance.settings.batch_size
    dumping.count(portable, {statements.node.path: 0})
    for start in range(0, len(ids), size):
        batch = ids[start : start + size]
        length = 0
        with closing(moment.records(statements, batch)) as records:
            for line in records:
                length += len(line)
                yield line
        users.update(records.users)
        dumping.count(portable, records.counts)
        dumping.progress(portable.path, statements.node.path, records=records.counts[statements.node.path], size=length)


def _users(dumping: Dumping, portable: Portable, moment: Reading, users: set[int]) -> Lines:
    statements = _statements(dumping, portable, USER_CONTRIBUTIONS_RELATION)
    ids = sorted(users)
    for start in range(0, len(ids), USERS_AT_ONCE):
        for line in moment.records(statements, ids[start : start + USERS_AT_ONCE]):
            dumping.count(portable, {USER_CONTRIBUTIONS_RELATION: 1})
            yield line


def _max_iids(portable: Portable, moment: Reading) -> Iterator[Member]:
    """The highest number that each counter has given; nothing while none has."""
    highest = moment.max_iids(portable.kind, portable.id)
    if highest:
        is_project = portable.kind is PortableKind.PROJECT
        name = layout.MAX_IIDS_FILE if is_project else layout.group_max_iids(portable.id)
        yield _bytes(name, orjson.dumps(highest))


def _statements(dumping: Dumping, portable: Portable, relation: str) -> Statements:
    return statements_of(portable.kind, relation, dumping.instance.settings.edition)


def _file(portable: Portable, relation: str) -> str:
    if portable.kind is PortableKind.PROJECT:
        return layout.relation_file(relation)
    return layout.group_relation_file(portable.id, relation)


def _spooled(dumping: Dumping, portable: Portable, relation: str, lines: Lines) -> Iterator[Member]:
    """A tar says how large a file is before its first byte, so a relation is written aside first."""
    place = dumping.scratch / "relation"
    try:
        # Where the disk is full the lines are not read to the end, and an open COPY would keep its connection waiting.
        with closing(lines):
            write_new(place, lines, portable.path)
        yield Member(name=_file(portable, relation), size=place.stat().st_size, open=from_file(place))
    finally:
        place.unlink(missing_ok=True)


def _bytes(name: str, content: bytes) -> Member:
    return Member(name=name, size=len(content), open=from_bytes(content))
