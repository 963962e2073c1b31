"""Objects that are small in a store and large or slow where they are read."""

import gzip
from pathlib import Path
from typing import Final

from tests.attacks.making.archives import Write, archive, as_gitlab, lines
from tests.unit.archive import raw_tar
from tests.unit.verify.archives import Draft

MIB: Final = 1024 * 1024


def label_of(mebibytes: int) -> bytes:
    """A record in a long line of spaces: about a thousandth of it when compressed."""
    return b'{"title":"%d","color":"#112233"%s}' % (mebibytes, b" " * (mebibytes * MIB))


def dense_lines(directory: Path, *mebibytes: int) -> Path:
    """Records of so many mebibytes, in lines that are short enough."""
    return archive(directory, lines("labels", *map(label_of, mebibytes)))


def stored(key: str, content: bytes, relation: str, count: int = 1) -> Write:
    """An object with this content, whatever it is, and with sizes and hashes that are right for it."""

    def write(draft: Draft) -> None:
        draft.content(key, content, {relation: count})

    return write


def second_member(directory: Path) -> Path:
    """An object with a second gzip member behind the first, which a look at the first one passes over."""
    made = as_gitlab(directory, lines("labels", b'{"title":"one"}'))
    key = made / "project_7" / "labels.ndjson.gz"
    key.write_bytes(key.read_bytes() + gzip.compress(b'{"title":"two"}\n'))
    return made


def nested_archive(directory: Path) -> Path:
    """Labels that are a gzip file in a gzip file, and an upload that is an archive itself."""
    bomb = gzip.compress(bytes(MIB))
    upload = raw_tar.entry(b"0c" * 16 + b"/bomb.tar.gz", bomb) + raw_tar.END
    return archive(
        directory,
        stored("project_7/labels.ndjson.gz", gzip.compress(b'{"title":"inner"}\n'), "labels"),
        stored("project_7/uploads.tar.gz", upload, "uploads"),
    )


def many_members(directory: Path, count: int) -> Path:
    """A tar of so many empty files."""
    content = b"".join(raw_tar.entry(b"%032x/%d" % (0, number)) for number in range(count)) + raw_tar.END
    return archive(directory, stored("project_7/uploads.tar.gz", content, "uploads", count))


def lying_size(directory: Path) -> Path:
    """A tar whose member says that it is larger than any disk."""
    header = raw_tar.entry(b"0c" * 16 + b"/a", size=b"\x80" + (2**62).to_bytes(11, "big"))
    return archive(directory, stored("project_7/uploads.tar.gz", header + raw_tar.END, "uploads"))


def flood(directory: Path, records: int, *, announced: int) -> Path:
    """So many records of two bytes each."""
    return archive(directory, stored("project_7/labels.ndjson.gz", b"{}\n" * records, "labels", announced))
