"""Tar in one pass: written the same for the same members, read without ever touching a file system.

The headers are read here and not by `tarfile`. In stream mode that module reads extended headers of any announced size into memory,
takes a damaged header for the end of the archive, does not ask for the mark at the end, and knows many more kinds of member than
the two that an export holds. What is left after refusing all that is small enough to own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from offline_transfer.archive import tar_headers
from offline_transfer.archive.errors import (
    DamagedObjectError,
    LimitExceededError,
    MemberChangedError,
    TruncatedObjectError,
    UnsafeMemberError,
    shown,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.tar_headers import BLOCK, END, Header, PaxKey
from offline_transfer.archive.tar_names import MemberNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file to write: its path in the tar, its size in bytes, and a function that begins reading it."""

    name: str
    size: int
    open: Callable[[], Iterable[bytes]]


def write(members: Iterable[Member], limits: Limits, name: str) -> Iterator[bytes]:
    """A tar of the members in the order given; sort them if it is to be the same each time. `name` stands in errors.

    The names get GitLab's `./` in front and follow the rules for reading, so that nothing is written that would be refused later.
    Raises `UnsafeMemberError`, and `MemberChangedError` when a file has not the size announced: the object is lost then, because
    the size went out before the content.
    """
    names = MemberNames(limits, name)
    for member in members:
        names.count_header()
        path = names.take(member.name.encode("utf-8", "surrogateescape"))
        yield tar_headers.write_header(f"./{path}".encode(), member.size)
        yield from _whole(member, name)
        yield bytes(tar_headers.padding(member.size))
    yield END


def _whole(member: Member, name: str) -> Iterator[bytes]:
    written = 0
    for block in member.open():
        written += len(block)
        if written > member.size:
            break
        yield block
    if written != member.size:
        raise MemberChangedError(name=name, member=shown(member.name), expected=member.size, actual=written)


class _Source:
    """Takes exact numbers of bytes from a stream of blocks."""

    def __init__(self, blocks: Iterable[bytes], name: str) -> None:
        self._blocks = iter(blocks)
        self._block = b""
        self._at = 0
        self.name = name
        self.position = 0

    def pieces(self, count: int) -> Iterator[bytes]:
        """The next `count` bytes; raises `TruncatedObjectError` when there are fewer."""
        while count:
            if self._at == len(self._block):
                self._next_block()
            piece = self._block[self._at : self._at + count]
            self._at += len(piece)
            self.position += len(piece)
            count -= len(piece)
            yield piece

    def take(self, count: int) -> bytes:
        """The next `count` bytes at once: for headers."""
        return b"".join(self.pieces(count))

    def rest(self) -> Iterator[bytes]:
        """Whatever follows."""
        yield self._block[self._at :]
        yield from self._blocks

    def _next_block(self) -> None:
        self._at = 0
        self._block = b""
        while not self._block:
            try:
                self._block = next(self._blocks)
            except StopIteration:
                reason = "its tar ends in the middle, or without the mark at its end"
                raise TruncatedObjectError(name=self.name, reason=reason) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TarMember:
    """A regular file in a tar that is being read: its path, without `./`, and its size in bytes."""

    name: str
    size: int
    _source: _Source = field(repr=False)
    _start: int = field(repr=False)

    def blocks(self) -> Iterator[bytes]:
        """The content, once, and before the next member is asked for. What is not read is passed over."""
        position = self._start
        pieces = self._source.pieces(self.size)
        while self._source.position == position:
            piece = next(pieces, None)
            if piece is None:
                return
            position += len(piece)
            yield piece
        raise RuntimeError("members of a tar are read once and in order")


def members(blocks: Iterable[bytes], limits: Limits, name: str) -> Iterator[TarMember]:
    """The regular files of a tar, in its order. Directories are passed over, any other kind is refused.

    `name` is the object, for errors. The tar is whole only when the iterator has ended.

    Raises `UnsafeMemberError`, `DamagedObjectError`, `TruncatedObjectError` and `LimitExceededError`, and lets nothing of a
    refused member out.
    """
    source = _Source(blocks, name)
    names = MemberNames(limits, name)
    while (header := _next_member(source, names, limits)) is not None:
        start = source.position
        path = _path(header, names)
        if header.size > limits.decompressed_bytes:
            raise LimitExceededError(
                name=name, limit=limits.decompressed_bytes, unit="decompressed bytes", setting="decompressed_bytes"
            )
        if header.is_regular:
            yield TarMember(name=path, size=header.size, _source=source, _start=start)
        read = source.position - start
        for _ in source.pieces(header.size - read + tar_headers.padding(header.size)):
            pass
    for piece in source.rest():
        if piece.strip(b"\0"):
            raise DamagedObjectError(name=name, reason="something follows the end of its tar")


def _path(header: Header, names: MemberNames) -> str:
    if header.is_regular:
        return names.take(header.name)
    bare = header.name.removesuffix(b"/")
    return "" if bare == b"." else names.take(bare)


def _next_member(source: _Source, names: MemberNames, limits: Limits) -> Header | None:
    """The next header with what the extension headers before it say, or None at the mark of the end."""
    path: bytes | None = None
    size: int | None = None
    while True:
        block = source.take(BLOCK)
        if block == END[:BLOCK]:
            if source.take(BLOCK) != END[:BLOCK]:
                raise DamagedObjectError(name=source.name, reason="its tar goes on after half a mark of the end")
            if path is not None or size is not None:
                raise DamagedObjectError(name=source.name, reason="its tar ends after an extension header")
            return None
        header = tar_headers.read_header(block, source.name)
        names.count_header()
        if header.type == tar_headers.GNU_LONG_NAME:
            path = _long_name(source, header, limits)
        elif header.type == tar_headers.PAX:
            records = _pax_records(source, header, limits)
            path = records.get(PaxKey.PATH, path)
            if PaxKey.SIZE in records:
                size = tar_headers.pax_size(records[PaxKey.SIZE], source.name)
        elif header.type == tar_headers.PAX_GLOBAL:
            _refuse_global_records(_pax_records(source, header, limits), source.name)
        else:
            tar_headers.refuse_type(header, source.name)
            return Header(
                name=header.name if path is None else path, size=header.size if size is None else size, type=header.type
            )


def _long_name(source: _Source, header: Header, limits: Limits) -> bytes:
    # One byte more for the NUL at its end.
    limit = limits.member_name_bytes
    if header.size > limit + 1:
        unit = "bytes in the name of a member"
        raise LimitExceededError(name=source.name, limit=limit, unit=unit, setting="member_name_bytes")
    return _content_at_once(source, header).removesuffix(b"\0")


def _pax_records(source: _Source, header: Header, limits: Limits) -> Mapping[PaxKey, bytes]:
    limit = limits.tar_extension_bytes
    if header.size > limit:
        unit = "bytes in one pax header of its tar"
        raise LimitExceededError(name=source.name, limit=limit, unit=unit, setting="tar_extension_bytes")
    return tar_headers.read_pax(_content_at_once(source, header), source.name)


def _content_at_once(source: _Source, header: Header) -> bytes:
    data = source.take(header.size)
    source.take(tar_headers.padding(header.size))
    return data


def _refuse_global_records(records: Mapping[PaxKey, bytes], name: str) -> None:
    """A global header may hold a comment, as `git archive` writes; a path or size for all members is an attack."""
    if records:
        raise UnsafeMemberError(name=name, member="pax global header", reason="it sets a path or size for all members")
