"""The head of a Git bundle, read without Git.

A bundle is a signature line, capability lines (version 3), prerequisite lines, one line `<oid> SP <refname>` for each ref,
an empty line, and a pack (gitformat-bundle(5)). The head decides what is taken from a bundle, so it is read here, with
limits, and Git is given the pack alone: it never chooses a ref or a place by what a stranger's file says.
"""

import re
from collections.abc import Iterator
from io import BufferedReader
from typing import Final, NamedTuple

from offline_transfer.forge.errors import RefusedBundleError

LINE_BYTES: Final = 4096
MAXIMUM_REFS: Final = 2_000_000

# Notes, keep-around and merge request refs carry what comments and merge requests of a project point to. All others are a
# source's internal state (pipelines, environments, mirrors) or could hide what a history really says (replace).
KEPT_NAMESPACES: Final = (b"refs/heads/", b"refs/tags/", b"refs/merge-requests/", b"refs/keep-around/", b"refs/notes/")

_SIGNATURES: Final = {b"# v2 git bundle\n": 2, b"# v3 git bundle\n": 3}
_OBJECT_FORMAT: Final = b"@object-format="
_REF: Final = {
    "sha1": re.compile(rb"([0-9a-f]{40}) ([^\n]+)\n"),
    "sha256": re.compile(rb"([0-9a-f]{64}) ([^\n]+)\n"),
}
# What git-check-ref-format(1) forbids.
_BAD_NAME: Final = re.compile(rb"(?:^|/)\.|\.\.|//|@\{|\.lock(?:/|\Z)|[/.]\Z|[\x00-\x20\x7f~^:?*\[\\]")

_AMBIGUOUS: Final = re.compile(rb"refs/(?:heads|tags)/(?:-|refs/|(?:HEAD|@|[0-9a-f]{40}|[0-9a-f]{64})\Z)")


class BundleRef(NamedTuple):
    """A ref as a bundle names it, in bytes: nothing says that it is UTF-8."""

    oid: bytes
    name: bytes

    @property
    def is_kept(self) -> bool:
        """Whether an import takes over this ref.

        Branches and tags that could be taken for an option, a hash, HEAD or a full name stay behind, as GitLab lets nobody
        make them.
        """
        return self.name.startswith(KEPT_NAMESPACES) and not _AMBIGUOUS.match(self.name)


class BundleHead:
    """The head of the bundle at the start of `stream`, which messages call `subject`.

    Raises RefusedBundleError, also while the refs are read.
    """

    def __init__(self, stream: BufferedReader, subject: str) -> None:
        self._stream = stream
        self._subject = subject
        version = _SIGNATURES.get(self._line())
        if version is None:
            raise self._refusal("it does not begin as a Git bundle")
        self.object_format: Final = self._capabilities() if version == 3 else "sha1"

    def refs(self) -> Iterator[BundleRef]:
        """The refs in the order of the bundle, once. Behind the last one the stream stands at the pack."""
        pattern = _REF[self.object_format]
        for _ in range(MAXIMUM_REFS):
            line = self._line()
            if line == b"\n":
                return
            if line.startswith(b"-"):
                raise self._refusal("it needs commits that it does not contain (prerequisites)")
            match = pattern.fullmatch(line)
            if (
                match is None
                or _BAD_NAME.search(match[2])
                or not (match[2] == b"HEAD" or match[2].startswith(b"refs/"))
            ):
                raise self._refusal("a line of its head names no ref")
            yield BundleRef(*match.groups())
        raise self._refusal(f"it has more than {MAXIMUM_REFS} refs")

    def _capabilities(self) -> str:
        found = "sha1"
        while self._stream.peek(1)[:1] == b"@":
            line = self._line()
            name = line.removeprefix(_OBJECT_FORMAT).rstrip(b"\n").decode(errors="replace")
            if not line.startswith(_OBJECT_FORMAT) or name not in _REF:
                raise self._refusal("it has a capability that is not supported; partial bundles are not complete")
            found = name
        return found

    def _refusal(self, reason: str) -> RefusedBundleError:
        return RefusedBundleError(subject=self._subject, reason=reason)

    def _line(self) -> bytes:
        line = self._stream.readline(LINE_BYTES)
        if not line.endswith(b"\n"):
            raise self._refusal("its head is cut off or has a line that is too long")
        return line


def printable(name: bytes) -> str:
    """A ref's name for people and for JSON.

    Bytes that are not UTF-8 become `\\xNN`. No two names become the same, since Git allows no backslash in a ref.
    """
    return name.decode(errors="backslashreplace")
