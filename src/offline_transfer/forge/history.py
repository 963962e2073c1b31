"""Commits and tags that are made here, without a working tree."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from offline_transfer.forge.errors import BadCommitError, GitFailedError, GitObjectNotFoundError
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryPath

_FORBIDDEN_PARTS: Final = frozenset({"", ".", "..", ".git"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who made a commit or tag, and when; the time is written in UTC and in whole seconds.

    Raises ValueError for a time without a zone and for what would break the line.
    """

    name: str
    email: str
    date: datetime

    def __post_init__(self) -> None:
        if any(char in "<>\n\0" for char in self.name + self.email) or self.date.tzinfo is None:
            raise ValueError("a name or an address has one of < > or a line break, or the date has no time zone")

    @property
    def line(self) -> str:
        """The signature as Git writes it."""
        return f"{self.name} <{self.email}> {int(self.date.timestamp())} +0000"


def commit(
    repositories: Repositories,
    repository: RepositoryPath,
    *,
    branch: str,
    files: Mapping[str, bytes | None],
    message: str,
    author: Signature,
    start: str | None = None,
    merge: Sequence[str] = (),
) -> str:
    """Commit changed files (None removes one) on top of a branch and return the hash, the same for the same input.

    A branch that does not exist begins at the commit `start`, or without a parent. `merge` names further parents, whose
    files are not looked at. Raises BadRefNameError, BadCommitError.
    """
    ref = repositories.checked_ref(repository, "refs/heads/", branch)
    place = repositories.existing(repository)
    base = repositories.resolve(repository, ref) or start
    with tempfile.TemporaryFile() as commands, tempfile.TemporaryFile() as printed:
        try:
            _write_commit(commands, ref, message, author.line, tuple(filter(None, (base, *merge))))
            for path, contents in files.items():
                _write_change(commands, path, contents)
            commands.write(b"\nget-mark :1\ndone\n")
            commands.seek(0)
            repositories.git.run(
                place, "fast-import", "--quiet", "--done", "--date-format=raw", stdin=commands, stdout=printed
            )
        except (GitFailedError, ValueError) as error:
            _remove_crash_reports(place)
            reason = error.details["reason"] if isinstance(error, GitFailedError) else error
            raise BadCommitError(repository=repository, branch=branch, reason=reason) from error
        printed.seek(0)
        return printed.read().decode().strip()


def tag(
    repositories: Repositories,
    repository: RepositoryPath,
    *,
    name: str,
    target: str,
    message: str | None = None,
    tagger: Signature | None = None,
) -> str:
    """Tag the commit `target`, with an annotation if there is a tagger, and return what the tag points to.

    Raises BadRefNameError, GitObjectNotFoundError, RefExistsError.
    """
    ref = repositories.checked_ref(repository, "refs/tags/", name)
    if not repositories.has_commit(repository, target):
        raise GitObjectNotFoundError(repository=repository, kind="commit", oid=target)
    if tagger is not None:
        text = f"object {target}\ntype commit\ntag {name}\ntagger {tagger.line}\n\n{message or name}\n"
        target = (
            repositories.git.output(repositories.existing(repository), "mktag", stdin=text.encode()).decode().strip()
        )
    repositories.create_ref(repository, ref, target)
    return target


def _write_commit(commands: IO[bytes], ref: str, message: str, signature: str, parents: Sequence[str]) -> None:
    commands.write(f"commit {ref}\nmark :1\nauthor {signature}\ncommitter {signature}\n".encode())
    _write_data(commands, message.encode())
    for word, parent in zip(("from", *["merge"] * len(parents)), parents, strict=False):
        if not parent.isalnum():
            raise ValueError("a parent is not named by its hash")
        commands.write(f"{word} {parent}\n".encode())


def _write_change(commands: IO[bytes], path: str, contents: bytes | None) -> None:
    if any(part.casefold() in _FORBIDDEN_PARTS for part in path.split("/")) or not path.isprintable():
        raise ValueError(f"{path!r} is no path of a file in a repository")
    quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if contents is None:
        commands.write(f"D {quoted}\n".encode())
    else:
        commands.write(f"M 100644 inline {quoted}\n".encode())
        _write_data(commands, contents)


def _write_data(commands: IO[bytes], data: bytes) -> None:
    commands.write(b"data %d\n%s\n" % (len(data), data))


def _remove_crash_reports(place: Path) -> None:
    for report in place.glob("fast_import_crash_*"):
        report.unlink(missing_ok=True)
