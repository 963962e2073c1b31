"""Tar: written the same each time, read in one pass, and understood by other programs."""

import io
import tarfile
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_transfer.archive.errors import MemberChangedError
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.tarball import Member, members, write
from tests.unit.archive.raw_tar import END, entry, long_name, pax

LIMITS = Limits()
NAME = "project_1/uploads/batch_1.tar.gz"

parts = st.text("abcdefghijklmnop -_.é日", min_size=1, max_size=60).filter(lambda part: part not in (".", ".."))
trees = st.dictionaries(st.lists(parts, min_size=1, max_size=4).map("/".join), st.binary(max_size=1200), max_size=5)


def packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    def member(name: str, content: bytes) -> Member:
        return Member(name=name, size=len(content), open=lambda: [content])

    return b"".join(write((member(name, content) for name, content in files), LIMITS, NAME))


def unpacked(data: bytes, size: int = 1000) -> list[tuple[str, bytes]]:
    blocks = (data[start : start + size] for start in range(0, len(data), size))
    return [(member.name, b"".join(member.blocks())) for member in members(blocks, LIMITS, NAME)]


@given(trees, st.integers(1, 2000))
def test_members_survive(files: dict[str, bytes], size: int) -> None:
    assert unpacked(packed(files.items()), size) == list(files.items())


@given(trees, st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_members_that_another_program_wrote_are_read(files: dict[str, bytes], form: int) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    assert unpacked(buffer.getvalue()) == list(files.items())


@given(trees)
def test_another_program_reads_what_is_written(files: dict[str, bytes]) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed(files.items()))) as tar:
        found = [(info.name, tar.extractfile(info)) for info in tar]
        assert [(name, content.read()) for name, content in found if content] == [
            (f"./{name}", content) for name, content in files.items()
        ]


def test_the_posix_prefix_is_a_part_of_the_name() -> None:
    assert unpacked(entry(b"logo.png", b"x", prefix=b"./avatar") + END) == [("avatar/logo.png", b"x")]


def test_gnus_header_has_no_prefix_there() -> None:
    assert unpacked(entry(b"logo.png", b"x", prefix=b"1234", magic=b"ustar  \x00") + END) == [("logo.png", b"x")]


def test_an_old_regular_file_is_one() -> None:
    assert unpacked(entry(b"a", b"x", kind=b"\0") + END) == [("a", b"x")]


def test_long_names_in_either_dialect_are_read() -> None:
    name = b"secret/" + b"n" * 200
    data = long_name(name) + entry(b"short", b"x") + pax((b"path", b"./" + name + b"2")) + entry(b"short", b"y") + END
    assert unpacked(data) == [(name.decode(), b"x"), (name.decode() + "2", b"y")]


def test_pax_records_of_times_and_owners_are_passed_over() -> None:
    data = pax((b"mtime", b"1700000000.5"), (b"SCHILY.xattr.user.a", b"\xff\n")) + entry(b"a", b"x")
    assert unpacked(pax((b"comment", b"e83c5163"), kind=b"g") + data + END) == [("a", b"x")]


def test_a_size_in_a_pax_record_wins() -> None:
    data = pax((b"size", b"3")) + entry(b"a", size=b"00000000000\0") + b"xyz".ljust(512, b"\0") + END
    assert unpacked(data) == [("a", b"xyz")]


def test_directories_are_passed_over() -> None:
    data = (
        entry(b"./", kind=b"5")
        + entry(b".", kind=b"5")
        + entry(b"./avatar/", kind=b"5")
        + entry(b"./avatar/a.png", b"x")
    )
    assert unpacked(data + END) == [("avatar/a.png", b"x")]


def test_a_tar_without_members_has_none() -> None:
    assert (unpacked(packed([])), packed([])) == ([], bytes(1024))


def test_content_that_nobody_reads_is_passed_over() -> None:
    data = packed([("a", b"x" * 1500), ("b", b"y" * 10)])
    assert [member.name for member in members([data], LIMITS, NAME)] == ["a", "b"]


def test_content_may_be_read_in_part() -> None:
    data = packed([("a", b"x" * 1500), ("b", b"y" * 10)])
    blocks = (data[start : start + 512] for start in range(0, len(data), 512))
    begun = [(member.name, next(member.blocks())) for member in members(blocks, LIMITS, NAME)]
    assert begun == [("a", b"x" * 512), ("b", b"y" * 10)]


def test_content_of_an_earlier_member_cannot_be_mistaken_for_empty() -> None:
    first, _ = list(members([packed([("a", b"x"), ("b", b"y")])], LIMITS, NAME))
    with pytest.raises(RuntimeError, match="read once and in order"):
        next(first.blocks())


def test_content_begun_earlier_cannot_go_on_into_the_next_member() -> None:
    data = packed([("a", b"x" * 1500), ("b", b"y" * 1500)])
    blocks = (data[start : start + 512] for start in range(0, len(data), 512))
    found = members(blocks, LIMITS, NAME)
    begun = next(found).blocks()
    assert next(begun) == b"x" * 512
    next(found)
    with pytest.raises(RuntimeError, match="read once and in order"):
        next(begun)


def test_blocks_are_passed_on_and_not_gathered() -> None:
    member = Member(name="a", size=10_000_000, open=lambda: (bytes(100_000) for _ in range(100)))
    read = next(members(write([member], LIMITS, NAME), LIMITS, NAME))
    assert {len(block) for block in read.blocks()} == {100_000}


def test_a_large_file_has_its_size_in_gnus_form() -> None:
    header = next(write([Member(name="big", size=9 * 2**30, open=lambda: [])], LIMITS, NAME))
    info = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    assert (info.name, info.size) == ("./big", 9 * 2**30)
    read = next(members([header], LIMITS, NAME))
    assert (read.name, read.size) == ("big", 9 * 2**30)


@pytest.mark.parametrize(("content", "gave"), [([b"abc"], 3), ([b"abcd", b"ef"], 6), ([], 0)])
def test_a_file_that_changed_while_it_was_read_fails_its_object(content: list[bytes], gave: int) -> None:
    def written() -> Iterator[bytes]:
        return write([Member(name="a", size=5, open=lambda: content)], LIMITS, NAME)

    with pytest.raises(MemberChangedError, match=f"gave {gave} bytes where 5 were announced"):
        list(written())
    assert MemberChangedError.retryable
