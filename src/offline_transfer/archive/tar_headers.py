"""The 512 bytes before each member of a tar: ustar, GNU's dialect of it, and the extensions for long names and large files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from offline_transfer.archive.errors import DamagedObjectError, UnsafeMemberError, shown

BLOCK = 512
END = bytes(2 * BLOCK)

REGULAR = b"0"
OLD_REGULAR = b"\0"
DIRECTORY = b"5"
GNU_LONG_NAME = b"L"
PAX = b"x"
PAX_GLOBAL = b"g"

_NAME_BYTES = 100
_LARGEST_OCTAL = 8**11 - 1
_CHECKSUM = slice(148, 156)
_OCTAL = re.compile(rb" *([0-7]{1,12})[ \0]*")
_POSIX_MAGIC = b"ustar\x0000"
_GNU_MAGIC = b"ustar  \x00"
_LONG_NAME = b"././@LongLink"
_PAX_RECORD = re.compile(rb"([1-9][0-9]{0,6}) ")

_REFUSED = {
    b"1": "it is a hard link",
    b"2": "it is a symbolic link",
    b"3": "it is a character device",
    b"4": "it is a block device",
    b"6": "it is a named pipe",
    b"K": "it is a link with a long target",
    b"S": "it is a sparse file",
}


class PaxKey(StrEnum):
    """The pax records that mean something for a regular file here."""

    PATH = "path"
    SIZE = "size"


_IGNORED_PAX = frozenset({"atime", "mtime", "ctime", "uid", "gid", "uname", "gname", "comment"})
_IGNORED_PAX_FAMILIES = ("SCHILY.", "LIBARCHIVE.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What one header says: the name as bytes, the size of what follows, and the type as the byte that stands there."""

    name: bytes
    size: int
    type: bytes

    @property
    def is_regular(self) -> bool:
        return self.type in (REGULAR, OLD_REGULAR)


def write_header(name: bytes, size: int, type_flag: bytes = REGULAR) -> bytes:
    """A header that depends on name and size alone: GNU's dialect, mode 0644, owner 0, time 0. Long names get a block before it."""
    if len(name) > _NAME_BYTES:
        return (
            write_header(_LONG_NAME, len(name) + 1, GNU_LONG_NAME)
            + padded(name + b"\0")
            + write_header(name[:_NAME_BYTES], size)
        )
    fields = b"".join(
        (
            name.ljust(_NAME_BYTES, b"\0"),
            b"0000644\x00" + b"0000000\x00" + b"0000000\x00",
            _size_field(size),
            b"00000000000\x00",
            b"        ",
            type_flag,
            bytes(100),
            _GNU_MAGIC,
        )
    ).ljust(BLOCK, b"\0")
    return fields[:148] + b"%06o\x00 " % sum(fields) + fields[156:]


def _size_field(size: int) -> bytes:
    return b"%011o\x00" % size if size <= _LARGEST_OCTAL else b"\x80" + size.to_bytes(11, "big")


def padded(data: bytes) -> bytes:
    """Data filled up with zeros to whole blocks."""
    return data + bytes(padding(len(data)))


def padding(size: int) -> int:
    """How many zeros follow a member of this size."""
    return -size % BLOCK


def read_header(block: bytes, name: str) -> Header:
    """Read one header of the tar `name`; raises `DamagedObjectError`."""
    magic = block[257:265]
    if magic not in (_POSIX_MAGIC, _GNU_MAGIC):
        raise DamagedObjectError(name=name, reason="a header of its tar is not one of ustar or GNU tar")
    checksum = sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" ")
    if _number(block[_CHECKSUM], name) != checksum:
        raise DamagedObjectError(name=name, reason="the checksum of a header of its tar is wrong")
    path = _text(block[:_NAME_BYTES])
    # In GNU's dialect these bytes hold times and sparse maps instead.
    prefix = _text(block[345:500]) if magic == _POSIX_MAGIC else b""
    return Header(
        name=prefix + b"/" + path if prefix else path, size=_number(block[124:136], name), type=block[156:157]
    )


def refuse_type(header: Header, name: str) -> None:
    """Raise `UnsafeMemberError` unless the header stands before a regular file or a directory."""
    if header.is_regular or header.type == DIRECTORY:
        return
    reason = _REFUSED.get(header.type, f"its type {shown(header.type.decode('latin-1'))!r} is unknown")
    raise UnsafeMemberError(name=name, member=shown(header.name.decode("utf-8", "backslashreplace")), reason=reason)


def read_pax(data: bytes, name: str) -> Mapping[PaxKey, bytes]:
    """The pax records that matter; raises `DamagedObjectError`, and `UnsafeMemberError` for records that nobody needs here."""
    found: dict[PaxKey, bytes] = {}
    start = 0
    while start < len(data):
        match = _PAX_RECORD.match(data, start)
        end = start + (int(match[1]) if match else 0)
        if match is None or end > len(data) or end <= match.end() or data[end - 1 : end] != b"\n":
            raise DamagedObjectError(name=name, reason="a pax header of its tar cannot be read")
        key, equals, value = data[match.end() : end - 1].partition(b"=")
        if not equals:
            raise DamagedObjectError(name=name, reason="a pax header of its tar cannot be read")
        keyword = key.decode("utf-8", "backslashreplace")
        if keyword in tuple(PaxKey):
            found[PaxKey(keyword)] = value
        elif keyword not in _IGNORED_PAX and not keyword.startswith(_IGNORED_PAX_FAMILIES):
            raise UnsafeMemberError(
                name=name, member="pax header", reason=f"its record {shown(keyword)} is not allowed"
            )
        start = end
    return found


def pax_size(value: bytes, name: str) -> int:
    """The size that a pax record gives, in decimal."""
    if not value.isdigit() or len(value) > 19:
        raise DamagedObjectError(name=name, reason="a pax header of its tar gives a size that is no number")
    return int(value)


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes, name: str) -> int:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    match = _OCTAL.fullmatch(field)
    if match is None:
        raise DamagedObjectError(name=name, reason="a number in a header of its tar cannot be read")
    return int(match[1], 8)
