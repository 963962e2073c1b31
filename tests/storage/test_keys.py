"""Which names of objects pass the border."""

import pytest

from offline_transfer.storage.errors import InvalidObjectKeyError
from offline_transfer.storage.keys import is_below, validate_key, validate_prefix

EMPTY_PART = "a part of it is empty"
DOTS = "a part of it is '.' or '..'"
CHARACTER = "it contains a character that is not allowed"
LONG_PART = "a part of it is longer than 255 bytes"


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", EMPTY_PART),
        ("/etc/passwd", EMPTY_PART),
        ("a//b", EMPTY_PART),
        ("a/", EMPTY_PART),
        (".", DOTS),
        ("a/./b", DOTS),
        ("../b", DOTS),
        ("a/../../b", DOTS),
        ("a\\..\\b", CHARACTER),
        ("a\0b", CHARACTER),
        ("a\nb", CHARACTER),
        ("a\x1b[2Jb", CHARACTER),
        ("a\x7fb", CHARACTER),
        ("a\u202eb", CHARACTER),
        ("a\u2028b", CHARACTER),
        ("a\udc80b", CHARACTER),
        ("a/" + "b" * 256, LONG_PART),
        ("ü" * 128, LONG_PART),
        ("/".join(["a" * 204] * 5) + "/", "it is longer than 1024 bytes"),
        ("a/b.partial", "names that end in .partial are kept for files that are being written"),
        ("a.partial/b", "names that end in .partial are kept for files that are being written"),
    ],
)
def test_refuses_a_key_and_says_why(key: str, problem: str) -> None:
    with pytest.raises(InvalidObjectKeyError) as raised:
        validate_key(key)
    assert str(raised.value) == (
        f"{key[:200]!a} cannot be the name of an object: {problem}. Rename it where it was made."
    )


@pytest.mark.parametrize("key", ["a", "a/b", "...", ".a", "a b", "ü", "a" * 255, "/".join(["a" * 204] * 5), "partial"])
def test_accepts_a_key(key: str) -> None:
    assert validate_key(key) == key


def test_a_prefix_may_be_empty() -> None:
    assert validate_prefix("") == ""
    assert validate_prefix("a/b") == "a/b"
    with pytest.raises(InvalidObjectKeyError):
        validate_prefix("a/b/")


def test_a_prefix_covers_whole_parts() -> None:
    assert [is_below(key, "a/b") for key in ("a/b/c", "a/b", "a/bc", "b/a/b/c")] == [True, False, False, False]
    assert is_below("a", "")
