"""Which names a member of a tar may have."""

import unicodedata
from hashlib import blake2b
from typing import NoReturn

from offline_transfer.archive.errors import LimitExceededError, UnsafeMemberError, shown
from offline_transfer.archive.limits import Limits

PART_BYTES = 255
_LINE_BREAKS = "\u2028\u2029"


class MemberNames:
    """Takes the names of one tar in order, refuses unsafe ones and doubles, and counts members.

    Two names are doubles when they differ only in case or Unicode normalisation: some file systems hold them for one file.
    Each name is remembered as a digest of 16 bytes.
    """

    def __init__(self, limits: Limits, name: str) -> None:
        self._limits = limits
        self._name = name
        self._seen: set[bytes] = set()
        self._count = 0

    def count_header(self) -> None:
        """Count one header of any kind; raises `LimitExceededError`."""
        self._count += 1
        if self._count > self._limits.tar_members:
            raise LimitExceededError(
                name=self._name, limit=self._limits.tar_members, unit="members", setting="tar_members"
            )

    def take(self, raw: bytes) -> str:
        """The path of a member without a leading `./`; raises `UnsafeMemberError`."""
        if len(raw) > self._limits.member_name_bytes:
            self._refuse(raw, f"its name is longer than {self._limits.member_name_bytes} bytes")
        try:
            path = raw.decode("utf-8").removeprefix("./")
        except UnicodeDecodeError:
            self._refuse(raw, "its name is not UTF-8")
        reason = _fault_of_path(path)
        if reason is not None:
            self._refuse(raw, reason)
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
        digest = blake2b(folded.encode(), digest_size=16).digest()
        if digest in self._seen:
            self._refuse(raw, "its name occurs twice, or differs from another one in case or normalisation alone")
        self._seen.add(digest)
        return path

    def _refuse(self, raw: bytes, reason: str) -> NoReturn:
        raise UnsafeMemberError(name=self._name, member=shown(raw.decode("utf-8", "backslashreplace")), reason=reason)


def _fault_of_path(path: str) -> str | None:
    parts = path.split("/")
    if path.startswith("/"):
        return "its path is absolute"
    if "\\" in path:
        return "its name holds a backslash"
    if any(unicodedata.category(char) == "Cc" or char in _LINE_BREAKS for char in path):
        return "its name holds control characters"
    if any(part in ("", ".", "..") for part in parts):
        return "its path has empty parts, `.` or `..`"
    if any(len(part.encode()) > PART_BYTES for part in parts):
        return f"a part of its path is longer than {PART_BYTES} bytes"
    return None
