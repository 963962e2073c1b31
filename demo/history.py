"""Git histories made on the spot: one run of Git writes all commits, branches and tags of a repository."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from demo.clock import Clock
from demo.scene import Person
from offline_transfer.forge.history import Signature
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryPath


@dataclass(frozen=True, slots=True)
class File:
    """Contents of a file, and its mode as Git writes it."""

    contents: bytes
    mode: str = "100644"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What a commit says of itself."""

    message: str
    author: Signature
    committer: Signature


class History:
    """Collects commits; they are named by marks until `write` tells their hashes."""

    def __init__(self, clock: Clock) -> None:
        self.commits: dict[int, Commit] = {}
        self._clock = clock
        self._heads: dict[str, int] = {}
        self._stream = BytesIO()

    def commit(
        self,
        ref: str,
        files: Mapping[str, File | None],
        *,
        message: str,
        author: Person,
        committer: Person | None = None,
        parents: Sequence[int] | None = None,
    ) -> int:
        """A commit on a ref, upon its last one unless parents are named; the first of them gives the files."""
        mark = len(self.commits) + 1
        if parents is None:
            parents = [self._heads[ref]] if ref in self._heads else []
        commit = Commit(
            message=message,
            author=_signature(author, self._clock.tick()),
            committer=_signature(committer or author, self._clock.tick()),
        )
        self._line(f"commit {ref}", f"mark :{mark}", f"author {commit.author.line}")
        self._line(f"committer {commit.committer.line}")
        self._data(message.encode())
        for word, parent in zip(["from", *["merge"] * len(parents)], parents, strict=False):
            self._line(f"{word} :{parent}")
        for path, file in files.items():
            self._change(path, file)
        self.commits[mark] = commit
        self._heads[ref] = mark
        return mark

    def head(self, ref: str) -> int:
        """The mark of the last commit on a ref."""
        return self._heads[ref]

    def ref(self, name: str, mark: int) -> None:
        """A ref at a commit; a tag without annotation is one as well."""
        self._line(f"reset {name}", f"from :{mark}", "")

    def tag(self, name: str, mark: int, message: str, tagger: Person) -> None:
        """A tag with an annotation."""
        self._line(f"tag {name}", f"from :{mark}", f"tagger {_signature(tagger, self._clock.tick()).line}")
        self._data(message.encode())

    def write(self, repositories: Repositories, repository: RepositoryPath) -> dict[int, str]:
        """Writes everything into an empty repository, and returns the hash of the commit of each mark."""
        for mark in self.commits:
            self._line(f"get-mark :{mark}")
        self._line("done")
        self._stream.seek(0)
        place = repositories.existing(repository)
        with tempfile.TemporaryFile() as commands, tempfile.TemporaryFile() as printed:
            commands.write(self._stream.getbuffer())
            commands.seek(0)
            options = ("--quiet", "--done", "--date-format=raw")
            repositories.git.run(place, "fast-import", *options, stdin=commands, stdout=printed)
            printed.seek(0)
            return dict(zip(self.commits, printed.read().decode().split(), strict=True))

    def _change(self, path: str, file: File | None) -> None:
        quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
        if file is None:
            self._line(f"D {quoted}")
        else:
            self._line(f"M {file.mode} inline {quoted}")
            self._data(file.contents)

    def _data(self, data: bytes) -> None:
        self._stream.write(b"data %d\n%s\n" % (len(data), data))

    def _line(self, *lines: str) -> None:
        self._stream.write("".join(f"{line}\n" for line in lines).encode())


def _signature(person: Person, date: datetime) -> Signature:
    return Signature(name=person.name, email=person.email, date=date)
