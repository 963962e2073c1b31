"""Tars that no export writes."""

from pathlib import Path
from types import MappingProxyType
from typing import Final

from tests.attacks.making.archives import archive, tar
from tests.unit.archive import raw_tar

SECRET: Final = "0b" * 16


LINKS: Final = MappingProxyType(
    {
        "character device": (b"3", "it is a character device"),
        "hard link": (b"1", "it is a hard link"),
        "symbolic link": (b"2", "it is a symbolic link"),
    }
)
"""Members that are no files: the letter of their headers, and what is said of them."""


def link(directory: Path, kind: str = "symbolic link", *, target: str = "/etc/passwd") -> Path:
    """An upload that is a link or a device, after one that is a file."""
    good = raw_tar.entry(f"{SECRET}/good.png".encode(), b"picture")
    evil = raw_tar.entry(f"{SECRET}/evil.png".encode(), kind=LINKS[kind][0], target=target.encode()[:100])
    return archive(directory, tar("uploads", good, evil, count=2))


def links_in(directory: Path, *relations: str) -> Path:
    """A link where other relations have their files."""
    odd = {"lfs_objects": "a" * 64, "snippets_repository": f"{'b' * 64}.bundle"}
    names = {relation: odd.get(relation, f"{relation}.bundle").encode() for relation in relations}
    links = (tar(relation, raw_tar.entry(name, kind=b"2", target=b"/etc/passwd")) for relation, name in names.items())
    return archive(directory, *links)


ODD_NAMES: Final = MappingProxyType(
    {
        b".\nevil": "its name holds control characters",
        b"..\\evil": "its name holds a backslash",
        b"evil\xff": "its name is not UTF-8",
    }
)
"""Names that slip through a pattern which was not made for them, and what is said of them."""

CLIMBING_NAMES: Final = MappingProxyType(
    {
        b"/escaped": "its path is absolute",
        f"{SECRET}/../../escaped".encode(): "its path has empty parts, `.` or `..`",
    }
)
"""Names that lead out of the directory into which a tar is unpacked."""

STORED_NAMES: Final = ("a:b", "evil.", "evil ", "..evil", "evil\u202egnp.exe", "evil\u00ad.png", "evil\u200b.png")
"""Names that a tar may hold, and that no upload may have."""


def named(directory: Path, name: bytes) -> Path:
    """An upload with this name in the tar."""
    return archive(directory, tar("uploads", raw_tar.entry(name, b"content")))


def stored(directory: Path, *names: str) -> Path:
    """Uploads with these names, all below one secret, and a good one."""
    members = [
        raw_tar.pax((b"path", f"{SECRET}/{name}".encode())) + raw_tar.entry(b"short", b"content") for name in names
    ]
    good = raw_tar.entry(f"{SECRET}/good.png".encode(), b"content")
    return archive(directory, tar("uploads", *members, good, count=len(names) + 1))
