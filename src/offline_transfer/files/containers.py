"""What a file that somebody names holds: a tar or one JSON document, compressed or not. Its first bytes tell, not its name."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Final, NoReturn

from offline_transfer.archive import gzip
from offline_transfer.archive.limits import Limits
from offline_transfer.files import document
from offline_transfer.files.errors import ExportNotFoundError, NotAnExportError, UnreadableExportError
from offline_transfer.types import PortableKind

BLOCK_BYTES: Final = 1024 * 1024
_HEAD_BYTES: Final = 512
_TAR_MARK: Final = slice(257, 262)
_NAMED_KINDS: Final = (
    (("project.json", "project.json.gz"), PortableKind.PROJECT),
    (("group.json", "group.json.gz"), PortableKind.GROUP),
)


class Form(StrEnum):
    """How an export is kept."""

    DIRECTORY = "directory"
    TAR = "tar"
    DOCUMENT = "document"


def form_of(path: Path, limits: Limits) -> Form:
    """How the export at a path is kept. Raises ExportNotFoundError, NotAnExportError, and `DamagedObjectError` for bad gzip."""
    if path.is_dir():
        return Form.DIRECTORY
    if not path.exists():
        raise ExportNotFoundError(path=path)
    if not path.is_file():
        _refuse(path, "it is neither a file nor a directory")
    head = b""
    for block in content(path, limits):
        head += block
        if len(head) >= _HEAD_BYTES:
            break
    if head[_TAR_MARK] == b"ustar":
        return Form.TAR
    if head.lstrip().startswith(b"{"):
        return Form.DOCUMENT
    _refuse(path, "it holds neither a tar nor one JSON document" if head else "it is empty")


def content(path: Path, limits: Limits) -> Iterator[bytes]:
    """The bytes of a file, decompressed when it is gzip. Raises UnreadableExportError and what `gzip.decompress` raises."""
    blocks = _blocks(path)
    first = next(blocks, b"")
    whole = chain((first,), blocks)
    return gzip.decompress(whole, limits, path.name) if first.startswith(gzip.MAGIC) else whole


def kind_of_document(path: Path, limits: Limits) -> PortableKind:
    """Whether the document in a file is a project or a group, by its name or else by its keys. Raises NotAnExportError."""
    if form_of(path, limits) is not Form.DOCUMENT:
        _refuse(path, "it is not one JSON document")
    for names, kind in _NAMED_KINDS:
        if path.name.lower() in names:
            return kind
    found = document.kind_of(content(path, limits), limits, path.name)
    if found is None:
        _refuse(path, "nothing in it tells whether it is a project or a group; call it `project.json` or `group.json`")
    return found


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block
    except OSError as error:
        raise UnreadableExportError(name=path, reason=error.strerror) from error


def _refuse(path: Path, reason: str) -> NoReturn:
    raise NotAnExportError(path=path, reason=reason)
