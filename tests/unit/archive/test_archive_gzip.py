"""Gzip: the same bytes each time, and every kind of damage found."""

import gzip as standard_gzip
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_transfer.archive.errors import DamagedObjectError, LimitExceededError, TruncatedObjectError
from offline_transfer.archive.gzip import BLOCK_BYTES, compress, decompress, exact_blocks
from offline_transfer.archive.limits import Limits

CONTENT = b"".join(b'{"title":"label %d"}\n' % number for number in range(40_000))
LIMITS = Limits()
NAME = "group_1/labels.ndjson.gz"


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def read(data: bytes, size: int = 1000, limits: Limits = LIMITS) -> bytes:
    return b"".join(decompress(pieces(data, size), limits, NAME))


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(1, 50))
def test_exact_blocks_keep_the_bytes_and_have_one_size(content: list[bytes], size: int) -> None:
    blocks = list(exact_blocks(content, size))
    assert b"".join(blocks) == b"".join(content)
    assert all(len(block) == size for block in blocks[:-1])
    assert all(0 < len(block) <= size for block in blocks[-1:])


@given(st.binary(max_size=2000), st.integers(1, 100), st.integers(1, 100))
def test_content_survives(content: bytes, written_in: int, read_in: int) -> None:
    stored = b"".join(compress(pieces(content, written_in)))
    assert read(stored, read_in) == content


@pytest.mark.parametrize("size", [1, 21, 4096, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 10**7])
def test_the_stored_bytes_do_not_depend_on_the_pieces(size: int) -> None:
    assert b"".join(compress(pieces(CONTENT, size))) == b"".join(compress([CONTENT]))


def test_an_empty_object_is_these_bytes() -> None:
    assert b"".join(compress([])).hex() == "1f8b08000000000000ff" + "0300" + "00000000" + "00000000"


def test_the_header_has_neither_time_nor_name() -> None:
    assert b"".join(compress([CONTENT]))[:10].hex() == "1f8b08000000000000ff"


def test_other_programs_read_it() -> None:
    assert standard_gzip.decompress(b"".join(compress([CONTENT]))) == CONTENT


def test_what_gitlab_compressed_with_a_name_in_the_header_is_read() -> None:
    plain = standard_gzip.compress(CONTENT, mtime=1_700_000_000)
    named = plain[:3] + b"\x08" + plain[4:10] + b"labels.ndjson\x00" + plain[10:]
    assert read(named) == CONTENT


def test_blocks_are_bounded_however_dense_the_object_is() -> None:
    dense = standard_gzip.compress(bytes(10_000_000))
    assert max(len(block) for block in decompress([dense], LIMITS, NAME)) <= BLOCK_BYTES


@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_a_cut_object_is_refused_at_every_length(size: int) -> None:
    stored = b"".join(compress([b"hello, world\n" * 20]))
    for length in range(len(stored)):
        with pytest.raises(TruncatedObjectError):
            read(stored[:length], size)


def test_no_flipped_bit_changes_the_content_unnoticed() -> None:
    content = b"hello, world, hello again\n" * 3
    stored = b"".join(compress([content]))
    unnoticed = []
    for bit in range(8 * 10, 8 * len(stored)):
        damaged = bytearray(stored)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            assert read(bytes(damaged)) == content
            unnoticed.append(bit)
        except DamagedObjectError:
            pass
    # A few bits mean nothing, such as those after the last deflate code; the hash in the manifest covers them too.
    assert len(unnoticed) < 16


@pytest.mark.parametrize("size", [1, 10**6])
@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (b"x", "something follows the end of its gzip member"),
        (b"\x00" * 512, "something follows the end of its gzip member"),
        (standard_gzip.compress(b"more", mtime=0), "it holds a second gzip member"),
    ],
    ids=["a byte", "zeros", "a member"],
)
def test_nothing_may_follow_the_member(after: bytes, reason: str, size: int) -> None:
    with pytest.raises(DamagedObjectError) as caught:
        read(b"".join(compress([CONTENT])) + after, size)
    # Fed byte by byte, the second member shows its first byte alone.
    assert caught.value.details["reason"] in (reason, "something follows the end of its gzip member")
    if size > 1:
        assert caught.value.details["reason"] == reason


@pytest.mark.parametrize("data", [b"{}\n", b"PK\x03\x04", b"\x1f", b"\x1f\x8c\x08", b"\x28\xb5\x2f\xfd"])
def test_what_is_no_gzip_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(DamagedObjectError, match=r"^group_1/labels\.ndjson\.gz is "):
        read(data, 1)


def test_an_object_may_not_be_larger_than_its_limit() -> None:
    stored = b"".join(compress([CONTENT]))
    limits = Limits(object_bytes=len(stored))
    assert read(stored, limits=limits) == CONTENT
    with pytest.raises(LimitExceededError, match="raise the limit `object_bytes`"):
        read(stored, limits=Limits(object_bytes=len(stored) - 1))


def test_the_content_may_not_be_larger_than_its_limit() -> None:
    stored = b"".join(compress([CONTENT]))
    assert read(stored, limits=Limits(decompressed_bytes=len(CONTENT))) == CONTENT
    with pytest.raises(LimitExceededError, match="raise the limit `decompressed_bytes`"):
        read(stored, limits=Limits(decompressed_bytes=len(CONTENT) - 1))


def test_a_bomb_is_refused_by_its_ratio_and_after_the_free_part() -> None:
    bomb = zlib.compress(bytes(5_000_000), wbits=31)
    limits = Limits(unrated_bytes=1_000_000, compression_ratio=500)
    given: list[int] = []
    with pytest.raises(LimitExceededError, match="raise the limit `compression_ratio`"):
        given.extend(len(block) for block in decompress(pieces(bomb, 512), limits, NAME))
    assert 500_000 < sum(given) <= 1_000_000


def test_a_small_dense_object_passes() -> None:
    assert len(read(zlib.compress(bytes(900_000), wbits=31), limits=Limits(unrated_bytes=1_000_000))) == 900_000


def test_repetitive_records_stay_below_the_ratio() -> None:
    record = b'{"title":"bug","color":"#ff0000","created_at":"2026-04-16T19:39:00.000000Z","priorities":[]}\n'
    stored = standard_gzip.compress(record * 50_000, 9)
    assert len(read(stored, limits=Limits(unrated_bytes=0))) == len(record) * 50_000
