"""The changes between two commits of a repository, as Git sees them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryPath

_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDiff:
    """One changed file."""

    old_path: str
    new_path: str
    a_mode: str
    b_mode: str
    status: str
    diff: str
    is_binary: bool

    @property
    def added_line(self) -> int | None:
        """The number of the first line that is new, if there is one."""
        return next((new for old, new in self._lines() if old is None), None)

    @property
    def removed_line(self) -> int | None:
        """The number of the first line that is gone, if there is one."""
        return next((old for old, new in self._lines() if new is None), None)

    def count(self, sign: str) -> int:
        """How many lines begin with a sign."""
        return sum(line.startswith(sign) for line in self.diff.splitlines()[1:])

    def _lines(self) -> Iterator[tuple[int | None, int | None]]:
        old = new = 0
        for line in self.diff.split("\n"):
            if hunk := _HUNK.match(line):
                old, new = int(hunk[1]), int(hunk[2])
            elif line.startswith("+"):
                yield None, new
                new += 1
            elif line.startswith("-"):
                yield old, None
                old += 1
            elif line.startswith(" "):
                old, new = old + 1, new + 1


def read_diff(repositories: Repositories, repository: RepositoryPath, base: str, head: str) -> list[FileDiff]:
    """The files that differ between two commits, with renames found."""
    options = ("-r", "-M", "--raw", "-p", "-z", "--full-index")
    printed = repositories.git.output(repositories.existing(repository), "diff-tree", *options, base, head)
    raw, _, patches = printed.partition(b"\0\0")
    fields = iter(raw.split(b"\0"))
    texts = (b"\n" + patches).split(b"\ndiff --git ")[1:]
    return [_file(field.decode(), fields, text) for field, text in zip(fields, texts, strict=False)]


def _file(field: str, fields: Iterator[bytes], patch: bytes) -> FileDiff:
    old_mode, new_mode, _, _, status = field.removeprefix(":").split()
    old_path = next(fields).decode()
    start = patch.find(b"\n@@ ")
    return FileDiff(
        old_path=old_path,
        new_path=next(fields).decode() if status.startswith("R") else old_path,
        a_mode=old_mode.replace("000000", "0"),
        b_mode=new_mode.replace("000000", "0"),
        status=status[0],
        diff=patch[start + 1 :].decode() if start >= 0 else "",
        is_binary=b"\nBinary files " in patch,
    )
