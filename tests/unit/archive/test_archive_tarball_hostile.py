"""Tars that no honest export writes: each is refused, by name, before a byte of the member at fault comes out."""

from collections.abc import Iterator

import pytest

from offline_transfer.archive.errors import (
    DamagedObjectError,
    LimitExceededError,
    TruncatedObjectError,
    UnsafeMemberError,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.tarball import Member, members, write
from tests.unit.archive.raw_tar import END, entry, long_name, pax

LIMITS = Limits()
NAME = "project_1/uploads/batch_1.tar.gz"


def unpacked(data: bytes, limits: Limits = LIMITS, size: int = 1000) -> list[tuple[str, bytes]]:
    blocks = (data[start : start + size] for start in range(0, len(data), size))
    return [(member.name, b"".join(member.blocks())) for member in members(blocks, limits, NAME)]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (b"1", "it is a hard link"),
        (b"2", "it is a symbolic link"),
        (b"3", "it is a character device"),
        (b"4", "it is a block device"),
        (b"6", "it is a named pipe"),
        (b"7", "its type '7' is unknown"),
        (b"K", "it is a link with a long target"),
        (b"S", "it is a sparse file"),
        (b"V", "its type 'V' is unknown"),
        (b"D", "its type 'D' is unknown"),
        (b"\xff", "its type '\\\\xff' is unknown"),
    ],
)
def test_only_regular_files_and_directories_are_let_in(kind: bytes, reason: str) -> None:
    with pytest.raises(UnsafeMemberError) as caught:
        unpacked(entry(b"first") + entry(b"./evil", kind=kind, target=b"/etc/passwd") + END)
    assert caught.value.details == {"name": NAME, "member": "./evil", "reason": reason}


UNCLEAN = "its path has empty parts, `.` or `..`"
CONTROL = "its name holds control characters"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "its path is absolute"),
        (".//etc/passwd", "its path is absolute"),
        ("../evil", UNCLEAN),
        ("a/../../evil", UNCLEAN),
        ("./../evil", UNCLEAN),
        ("a/..", UNCLEAN),
        ("..", UNCLEAN),
        ("a//b", UNCLEAN),
        ("a/./b", UNCLEAN),
        ("././a", UNCLEAN),
        ("a/", UNCLEAN),
        ("./", UNCLEAN),
        ("", UNCLEAN),
        ("..\\evil", "its name holds a backslash"),
        (".\nevil", CONTROL),
        ("a\x1b[2Jb", CONTROL),
        ("a\x7fb", CONTROL),
        ("a\u0085b", CONTROL),
        ("a\u2028b", CONTROL),
        ("a\x00b", CONTROL),
        ("x" * 256, "a part of its path is longer than 255 bytes"),
        ("é" * 128, "a part of its path is longer than 255 bytes"),
    ],
)
def test_a_name_that_is_no_clean_path_is_refused_in_reading_and_in_writing(name: str, reason: str) -> None:
    raw = name.encode()
    tars = [long_name(raw) + entry(b"short"), pax((b"path", raw)) + entry(b"short")]
    if len(raw) <= 100 and "\x00" not in name:
        tars.append(entry(raw))
    for data in tars:
        with pytest.raises(UnsafeMemberError) as caught:
            unpacked(data + END)
        assert caught.value.details["reason"] == reason
        assert str(caught.value).isprintable()
    with pytest.raises(UnsafeMemberError) as refused:
        list(write([Member(name=name, size=0, open=lambda: [])], LIMITS, NAME))
    assert refused.value.details["reason"] == reason


@pytest.mark.parametrize("name", [b"../evil/", b"/evil/", b"a//", b"../", b"a\nb/", b"/"])
def test_directories_are_held_to_the_same_rules(name: bytes) -> None:
    with pytest.raises(UnsafeMemberError):
        unpacked(entry(name, kind=b"5") + END)


@pytest.mark.parametrize("name", [b"\xff", b"a\xed\xa0\x80", b"\xc0\xae\xc0\xae/evil"])
def test_a_name_that_is_not_utf8_is_refused(name: bytes) -> None:
    with pytest.raises(UnsafeMemberError, match="its name is not UTF-8"):
        unpacked(entry(name) + END)


def test_a_name_longer_than_the_limit_is_refused() -> None:
    limits = Limits(member_name_bytes=120)
    assert unpacked(long_name(b"x" * 120) + entry(b"short") + END, limits) == [("x" * 120, b"")]
    with pytest.raises(UnsafeMemberError, match="its name is longer than 120 bytes"):
        unpacked(pax((b"path", b"x" * 121)) + entry(b"short") + END, limits)
    with pytest.raises(LimitExceededError, match="raise the limit `member_name_bytes`"):
        unpacked(long_name(b"x" * 121) + entry(b"short") + END, limits)


@pytest.mark.parametrize(
    ("one", "other"),
    [("a", "a"), ("a", "./a"), ("Logo.png", "logo.PNG"), ("é", "e\u0301"), ("straße", "STRASSE"), ("\u212a", "k")],
)
def test_two_names_that_some_file_system_takes_for_one_are_refused(one: str, other: str) -> None:
    with pytest.raises(UnsafeMemberError, match="its name occurs twice"):
        unpacked(entry(one.encode()) + entry(other.encode()) + END)
    with pytest.raises(UnsafeMemberError, match="its name occurs twice"):
        list(write((Member(name=name, size=0, open=lambda: []) for name in (one, other)), LIMITS, NAME))


def test_a_file_in_the_place_of_a_directory_is_refused() -> None:
    with pytest.raises(UnsafeMemberError, match="its name occurs twice"):
        unpacked(entry(b"a/", kind=b"5") + entry(b"a") + END)


@pytest.mark.parametrize("size", [1, 512, 4096])
def test_a_tar_is_refused_at_every_length_that_cuts_it(size: int) -> None:
    data = entry(b"a", b"x" * 600) + long_name(b"n" * 120) + entry(b"short", b"y") + END
    for length in [*range(0, len(data), 97), len(data) - 512, len(data) - 1]:
        with pytest.raises(TruncatedObjectError, match="without the mark at its end"):
            unpacked(data[:length], size=size)


def test_half_a_mark_of_the_end_is_damage() -> None:
    with pytest.raises(DamagedObjectError, match="half a mark of the end"):
        unpacked(entry(b"a") + bytes(512) + entry(b"b") + END)


def test_zeros_may_follow_the_end_and_nothing_else() -> None:
    data = entry(b"a", b"x") + END
    assert unpacked(data + bytes(10240)) == [("a", b"x")]
    for after in (b"x", bytes(5000) + b"x", data):
        with pytest.raises(DamagedObjectError, match="something follows the end of its tar"):
            unpacked(data + after)


def test_every_damaged_byte_of_a_header_is_found() -> None:
    data = entry(b"./a", b"x" * 10)
    for position in range(512):
        damaged = bytearray(data + END)
        damaged[position] ^= 0x15
        with pytest.raises(DamagedObjectError):
            unpacked(bytes(damaged))


@pytest.mark.parametrize("data", [b"\x1f\x8b" + b"x" * 2000, b"x" * 512, b"070701" + b"0" * 1000])
def test_what_is_no_tar_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedObjectError, match="not one of ustar or GNU tar"):
        unpacked(data)


@pytest.mark.parametrize(
    "field", [b"-0000000001\x00", b"00000000009\x00", b" " * 12, b"\xff" * 12, b"0x0000000ff\x00", bytes(12)]
)
def test_a_size_that_is_no_number_is_damage(field: bytes) -> None:
    with pytest.raises(DamagedObjectError, match="a number in a header of its tar cannot be read"):
        unpacked(entry(b"a", size=field) + END)


@pytest.mark.parametrize("size", [b"\x80" + (2**80).to_bytes(11, "big"), b"7" * 12])
def test_a_size_beyond_the_limit_is_refused_at_its_header(size: bytes) -> None:
    with pytest.raises(LimitExceededError, match="raise the limit `decompressed_bytes`"):
        unpacked(entry(b"a", size=size) + END)


def test_the_number_of_members_is_bounded_and_extension_headers_count() -> None:
    limits = Limits(tar_members=4)
    assert len(unpacked(b"".join(entry(b"%d" % number) for number in range(4)) + END, limits)) == 4
    for data in (
        b"".join(entry(b"%d" % number) for number in range(5)),
        b"".join(entry(b"%d/" % number, kind=b"5") for number in range(5)),
        b"".join(long_name(b"%d" % number) + entry(b"short") for number in range(3)),
        pax((b"mtime", b"1")) * 5,
    ):
        with pytest.raises(LimitExceededError, match="raise the limit `tar_members`"):
            unpacked(data + END, limits)


@pytest.mark.parametrize("kind", [b"L", b"x", b"g"])
def test_an_extension_header_that_is_too_large_is_refused_before_it_is_read(kind: bytes) -> None:
    def bomb() -> Iterator[bytes]:
        yield entry(b"././@LongLink", kind=kind, size=b"77777777777\x00")
        raise AssertionError("more was asked for")

    with pytest.raises(LimitExceededError, match="raise the limit"):
        list(members(bomb(), LIMITS, NAME))


@pytest.mark.parametrize(
    "records",
    [
        b"7 path\n",
        b"99 path=a\n",
        b"0 path=a\n",
        b"path=a\n",
        b"010 path=a\n",
        b"10 path=ab",
        b"2 \n",
        b"12 size=-1a\n",
        b"10 size=1a\n",
    ],
)
def test_pax_records_that_cannot_be_read_are_damage(records: bytes) -> None:
    with pytest.raises(DamagedObjectError, match="a pax header of its tar"):
        unpacked(entry(b"pax", records, kind=b"x") + entry(b"short") + END)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (b"linkpath", "linkpath"),
        (b"GNU.sparse.major", "GNU.sparse.major"),
        (b"hdrcharset", "hdrcharset"),
        (b"\x1b[2J", "\\x1b[2J"),
        (b"PATH", "PATH"),
        (b"", ""),
    ],
)
def test_pax_records_that_no_export_needs_are_refused(key: bytes, shown: str) -> None:
    with pytest.raises(UnsafeMemberError) as caught:
        unpacked(pax((key, b"value")) + entry(b"short") + END)
    assert caught.value.details["reason"] == f"its record {shown} is not allowed"


@pytest.mark.parametrize("record", [(b"path", b"evil"), (b"size", b"0")])
def test_a_path_or_size_for_all_members_is_refused(record: tuple[bytes, bytes]) -> None:
    with pytest.raises(UnsafeMemberError, match="it sets a path or size for all members"):
        unpacked(pax(record, kind=b"g") + entry(b"short") + END)


@pytest.mark.parametrize("extension", [long_name(b"a"), pax((b"path", b"a")), pax((b"size", b"1"))])
def test_an_extension_header_needs_a_member(extension: bytes) -> None:
    with pytest.raises(DamagedObjectError, match="ends after an extension header"):
        unpacked(extension + END)
