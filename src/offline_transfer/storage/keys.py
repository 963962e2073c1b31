"""Names of objects: what may pass the border between us and a store, in both directions."""

from typing import Final

from offline_transfer.storage.errors import InvalidObjectKeyError

KEY_BYTES: Final = 1024
PART_BYTES: Final = 255
# Unfinished files of ours carry it, and so do those of rclone when it copies an archive to a disk.
PARTIAL_SUFFIX: Final = ".partial"
_SHOWN_CHARACTERS: Final = 200


def validate_key(key: str) -> str:
    """The key itself, if every store can hold it and no store can be led astray by it.

    A key is a relative path of parts between slashes, in printable characters (`str.isprintable`: no control or format characters,
    no lone surrogates, no space but the common one) without backslashes: at most 255 bytes of UTF-8 a part and 1,024 in all, no
    part empty, `.`, `..` or ending in `.partial`. Raises InvalidObjectKeyError.
    """
    problem = _problem(key)
    if problem is not None:
        raise InvalidObjectKeyError(key=ascii(key[:_SHOWN_CHARACTERS]), problem=problem)
    return key


def validate_prefix(prefix: str) -> str:
    """The prefix: empty for the whole store, or whole parts of a key without a slash at the end. Raises like `validate_key`."""
    return validate_key(prefix) if prefix else prefix


def is_below(key: str, prefix: str) -> bool:
    """Whether the key lies below the prefix, which covers whole parts: `a/b` is below `a`, `ab` is not."""
    return not prefix or key.startswith(f"{prefix}/")


def _problem(key: str) -> str | None:
    if not key.isprintable() or "\\" in key:
        return "it contains a character that is not allowed"
    if len(key.encode()) > KEY_BYTES:
        return f"it is longer than {KEY_BYTES} bytes"
    return next((problem for part in key.split("/") if (problem := _problem_of_part(part))), None)


def _problem_of_part(part: str) -> str | None:
    if not part:
        return "a part of it is empty"
    if part in (".", ".."):
        return "a part of it is '.' or '..'"
    if len(part.encode()) > PART_BYTES:
        return f"a part of it is longer than {PART_BYTES} bytes"
    if part.endswith(PARTIAL_SUFFIX):
        return f"names that end in {PARTIAL_SUFFIX} are kept for files that are being written"
    return None
