"""The bare Git repositories of an instance.

What comes from outside is built in a directory of its own and put in place when it is found sound, so a repository that
exists is whole.
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

from offline_transfer.forge.attempts import Attempts, put_in_place
from offline_transfer.forge.bundles import BundleHead, printable
from offline_transfer.forge.errors import (
    BadRefNameError,
    GitFailedError,
    GitObjectNotFoundError,
    RefExistsError,
    RefusedBundleError,
    RepositoryExistsError,
    RepositoryNotFoundError,
)
from offline_transfer.forge.git import HARMLESS_DEFECTS, Git
from offline_transfer.forge.repository_paths import RepositoryPath

FALLBACK_BRANCH: Final = "main"
DROPPED_NAMES: Final = 1000

_HEADS: Final = "refs/heads/"
_FALLBACK: Final = f"{_HEADS}{FALLBACK_BRANCH}".encode()
_OID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_QUIET_FSCK: Final = ("--no-dangling", "--no-progress", "--no-reflogs")
_STRICT: Final = "--strict=" + ",".join(f"{defect}=ignore" for defect in HARMLESS_DEFECTS)


class Ref(NamedTuple):
    """A ref and the object that it points to. In a name, bytes that are not UTF-8 stand as `\\xNN`."""

    name: str
    oid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredRepository:
    """What came of a bundle: how many refs were kept, and how many were left out (with the first names)."""

    kept: int
    dropped: int
    dropped_names: tuple[str, ...]
    default_branch: str | None


class Repositories:
    """The repositories below `root`, which is made when it is first needed."""

    def __init__(self, root: Path, git: Git | None = None) -> None:
        self.root: Final = root
        self.git: Final = git or Git()
        self._attempts: Final = Attempts(root / "@attempts")

    def place(self, repository: RepositoryPath) -> Path:
        """Where a repository lies or would lie."""
        return self.root / repository.relative

    def existing(self, repository: RepositoryPath) -> Path:
        """Where a repository lies. Raises RepositoryNotFoundError."""
        place = self.place(repository)
        if not (place / "HEAD").is_file():
            raise RepositoryNotFoundError(repository=repository)
        return place

    def exists(self, repository: RepositoryPath) -> bool:
        """Whether the repository exists, empty or not."""
        return (self.place(repository) / "HEAD").is_file()

    def is_empty(self, repository: RepositoryPath) -> bool:
        """Whether the repository has no refs."""
        return not self.git.output(self.existing(repository), "for-each-ref", "--count=1", "--format=%(refname)")

    def create(self, repository: RepositoryPath) -> None:
        """Make an empty repository; an empty one that exists is left as it is. Raises RepositoryExistsError."""
        if not self.exists(repository):
            with self._attempts.begin() as directory:
                put_in_place(self._initialise(directory, "sha1"), self.place(repository))
        elif not self.is_empty(repository):
            raise RepositoryExistsError(repository=repository)

    def delete(self, repository: RepositoryPath) -> None:
        """Remove a repository in one step; one that does not exist is no error."""
        if self.exists(repository):
            with self._attempts.begin() as directory:
                self.place(repository).rename(directory / "deleted.git")

    def sweep(self) -> int:
        """Remove what dead processes left behind while they made repositories, and return how many left something."""
        return self._attempts.sweep()

    def refs(self, repository: RepositoryPath) -> Iterator[Ref]:
        """All refs in the order of their names, without HEAD; a tag with the id of the tag object, not of its commit."""
        place = self.existing(repository)
        for line in self.git.lines(place, "for-each-ref", "--format=%(objectname) %(refname)"):
            oid, _, name = line.partition(b" ")
            yield Ref(printable(name), oid.decode())

    def resolve(self, repository: RepositoryPath, name: str) -> str | None:
        """The object that the ref with this full name points to, or None."""
        return self._resolve(self.existing(repository), os.fsencode(name))

    def has_commit(self, repository: RepositoryPath, oid: str) -> bool:
        """Whether the repository contains this commit, named by its full hash."""
        if not _OID.fullmatch(oid):
            return False
        answer = self.git.output(self.existing(repository), "cat-file", "--batch-check", stdin=f"{oid}\n".encode())
        return answer.split()[1:2] == [b"commit"]

    def default_branch(self, repository: RepositoryPath) -> str | None:
        """The branch that HEAD names, or None while there is no such branch."""
        place = self.existing(repository)
        head = self.git.output(place, "symbolic-ref", "HEAD").removesuffix(b"\n")
        return printable(head).removeprefix(_HEADS) if self._resolve(place, head) else None

    def set_default_branch(self, repository: RepositoryPath, name: str) -> None:
        """Let HEAD name this branch, which need not exist yet. Raises BadRefNameError."""
        place = self.existing(repository)
        self.git.run(place, "symbolic-ref", "HEAD", self.checked_ref(repository, _HEADS, name))

    def create_branch(self, repository: RepositoryPath, name: str, oid: str) -> None:
        """Make a branch at a commit; one that is there already at this commit is left as it is.

        Raises BadRefNameError, GitObjectNotFoundError without the commit, RefExistsError for a branch at another one.
        """
        ref = self.checked_ref(repository, _HEADS, name)
        if not self.has_commit(repository, oid):
            raise GitObjectNotFoundError(repository=repository, kind="commit", oid=oid)
        self.create_ref(repository, ref, oid)

    def create_ref(self, repository: RepositoryPath, ref: str, oid: str) -> None:
        """Make a ref whose full name is ours or checked. Raises RefExistsError when it points elsewhere."""
        standing = self.resolve(repository, ref)
        if standing is None:
            creation = f"create {ref}\0{oid}\0".encode()
            self.git.output(self.existing(repository), "update-ref", "--no-deref", "--stdin", "-z", stdin=creation)
        elif standing != oid:
            raise RefExistsError(repository=repository, ref=ref)

    def checked_ref(self, repository: RepositoryPath, namespace: str, name: str) -> str:
        """The full name of a branch (`refs/heads/`) or tag (`refs/tags/`). Raises BadRefNameError for a bad one."""
        if name.startswith(("-", "refs/")) or name in ("@", "HEAD") or _OID.fullmatch(name):
            raise BadRefNameError(
                name=name, reason="it could be taken for an option, for HEAD, for a ref or for a hash"
            )
        if not name.isprintable() or len(name.encode(errors="replace")) > 255:
            raise BadRefNameError(name=name, reason="it has unprintable characters or is longer than 255 bytes")
        try:
            self.git.run(self.existing(repository), "check-ref-format", namespace + name)
        except GitFailedError:
            raise BadRefNameError(name=name, reason="Git does not allow it") from None
        return namespace + name

    def check(self, repository: RepositoryPath) -> None:
        """Read every object and see that it is sound and that nothing is missing. Raises GitFailedError if not."""
        self.git.run(self.existing(repository), "fsck", "--strict", "--full", *_QUIET_FSCK)

    def bundle(self, repository: RepositoryPath, target: Path) -> int:
        """Write all refs with all that they need to a new file, and return how many refs it has.

        An empty repository makes no file and gives 0. On an error no file remains.
        """
        place = self.existing(repository)
        if self.is_empty(repository):
            return 0
        with target.open("xb") as stream, ExitStack() as undo:
            undo.callback(target.unlink)
            self.git.run(place, "bundle", "create", "--quiet", "-", "--all", stdout=stream)
            with target.open("rb") as written:
                count = sum(ref.name.startswith(b"refs/") for ref in BundleHead(written, str(repository)).refs())
            undo.pop_all()
        return count

    def restore(
        self, repository: RepositoryPath, bundle: Path, *, default_branch: str | None = None
    ) -> RestoredRepository:
        """Make a repository from a stranger's bundle, or replace the one that an earlier attempt made from it.

        HEAD gets the wanted default branch if the bundle has it, else the branch at the bundle's HEAD, else the first.
        Raises RefusedBundleError; the repository is then as it was before.
        """
        with self._attempts.begin() as directory, bundle.open("rb") as stream:
            head = BundleHead(stream, str(repository))
            fresh = self._initialise(directory, head.object_format)
            tally = _sort_refs(head, fresh, wanted=f"{_HEADS}{default_branch}".encode(errors="replace"))
            with _refusing(repository):
                self._unpack(fresh, stream)
                branch = tally.wanted or self._guess_branch(fresh, tally.head)
            self._check_names(repository, fresh, tally.kept)
            self.git.run(fresh, "symbolic-ref", "HEAD", os.fsdecode(branch or _FALLBACK))
            # By now somebody may work in the one that another attempt has put there.
            self.git.interrupt()
            put_in_place(fresh, self.place(repository))
        return RestoredRepository(
            kept=tally.kept,
            dropped=tally.dropped,
            dropped_names=tuple(tally.dropped_names),
            default_branch=printable(branch).removeprefix(_HEADS) if branch else None,
        )

    def _initialise(self, directory: Path, object_format: str) -> Path:
        fresh = directory / "fresh.git"
        fresh.mkdir(mode=0o700)
        arguments = ("--quiet", "--bare", "--template=", f"--initial-branch={FALLBACK_BRANCH}")
        self.git.run(fresh, "init", *arguments, f"--object-format={object_format}")
        return fresh

    def _unpack(self, fresh: Path, stream: BufferedReader) -> None:
        # Here every object is checked while it is stored; the last step then only has to see that nothing is missing.
        self.git.run(fresh, "index-pack", "--stdin", _STRICT, stdin=stream)
        self.git.run(fresh, "pack-refs", "--all")
        self.git.run(fresh, "fsck", "--strict", "--connectivity-only", *_QUIET_FSCK)

    def _check_names(self, repository: RepositoryPath, fresh: Path, expected: int) -> None:
        """See that Git finds all refs, and none that could not lie beside the others as files."""
        found = 0
        open_names: list[bytes] = []  # those with which the current name begins: sorted, such names stand together
        for name in self.git.lines(fresh, "for-each-ref", "--format=%(refname)"):
            found += 1
            while open_names and not name.startswith(open_names[-1]):
                open_names.pop()
            if any(name == other or name.startswith(other + b"/") for other in open_names):
                reason = "it names a ref twice, or one ref below another"
                raise RefusedBundleError(subject=repository, reason=reason)
            open_names.append(name)
        if found != expected:
            raise RefusedBundleError(subject=repository, reason=f"Git took over {found} of {expected} refs")

    def _guess_branch(self, fresh: Path, head: bytes | None) -> bytes | None:
        usual = (f"{_HEADS}{FALLBACK_BRANCH}", f"{_HEADS}master")
        at_head = ((f"--points-at={head.decode()}",),) if head else ()
        for condition in (*at_head, ()):
            for patterns in (usual, (_HEADS,)):
                found = self.git.output(
                    fresh, "for-each-ref", "--count=1", "--format=%(refname)", *condition, *patterns
                )
                if found:
                    return found.removesuffix(b"\n")
        return None

    def _resolve(self, place: Path, name: bytes) -> str | None:
        for line in self.git.lines(place, "for-each-ref", "--format=%(objectname) %(refname)", "--", os.fsdecode(name)):
            # The name is a pattern to Git, which also matches the refs below it.
            oid, _, found = line.partition(b" ")
            if found == name:
                return oid.decode()
        return None


@dataclass(slots=True)
class _Tally:
    kept: int = 0
    dropped: int = 0
    dropped_names: list[str] = field(default_factory=list)
    head: bytes | None = None
    wanted: bytes | None = None


def _sort_refs(head: BundleHead, fresh: Path, *, wanted: bytes) -> _Tally:
    """Write the refs to keep into the new repository, and count both sorts.

    They go into `packed-refs` at once, as in a clone: Git would first write a file for each, and there can be a million.
    """
    tally = _Tally()
    with (fresh / "packed-refs").open("xb") as packed:
        for ref in head.refs():
            if ref.name == b"HEAD":
                tally.head = ref.oid
            elif ref.is_kept:
                packed.write(b"%s %s\n" % (ref.oid, ref.name))
                tally.kept += 1
                if ref.name == wanted:
                    tally.wanted = wanted
            else:
                tally.dropped += 1
                if tally.dropped <= DROPPED_NAMES:
                    tally.dropped_names.append(printable(ref.name))
    return tally


@contextmanager
def _refusing(repository: RepositoryPath) -> Iterator[None]:
    try:
        yield
    except GitFailedError as error:
        raise RefusedBundleError(subject=repository, reason=error.details["reason"]) from error
