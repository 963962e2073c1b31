"""Bundles made byte by byte, since Git itself refuses to make most of what an attacker would send."""

import hashlib
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

PERSON = b"A <a@example.com> 1700000000 +0000"
TYPES = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
Entry = tuple[bytes, bytes, str]


class CraftedBundle:
    """Collects objects; `write` makes a bundle of all of them."""

    def __init__(self) -> None:
        self.objects: list[tuple[str, bytes]] = []

    def add(self, kind: str, contents: bytes) -> str:
        self.objects.append((kind, contents))
        return hashlib.sha1(b"%s %d\0%s" % (kind.encode(), len(contents), contents), usedforsecurity=False).hexdigest()

    def blob(self, contents: bytes) -> str:
        return self.add("blob", contents)

    def tree(self, *entries: Entry) -> str:
        """A tree of entries (mode, name, oid), in the order given."""
        return self.add(
            "tree", b"".join(b"%s %s\0%s" % (mode, name, bytes.fromhex(oid)) for mode, name, oid in entries)
        )

    def commit(self, tree: str, *parents: str, message: bytes = b"A commit\n") -> str:
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        head = "\n".join(lines).encode()
        return self.add("commit", b"%s\nauthor %s\ncommitter %s\n\n%s" % (head, PERSON, PERSON, message))

    def commit_of(self, *entries: Entry) -> str:
        return self.commit(self.tree(*entries))

    def plain_commit(self) -> str:
        return self.commit_of((b"100644", b"README", self.blob(b"Hello\n")))

    def pack(self) -> bytes:
        body = struct.pack(">4sII", b"PACK", 2, len(self.objects))
        body += b"".join(_pack_header(TYPES[kind], len(data)) + zlib.compress(data) for kind, data in self.objects)
        return body + hashlib.sha1(body, usedforsecurity=False).digest()

    def write(self, path: Path, refs: Iterable[tuple[str, bytes]], *, head_lines: bytes = b"# v2 git bundle\n") -> Path:
        lines = b"".join(b"%s %s\n" % (oid.encode(), name) for oid, name in refs)
        path.write_bytes(head_lines + lines + b"\n" + self.pack())
        return path


def _pack_header(kind: int, size: int) -> bytes:
    byte, size = (kind << 4) | (size & 15), size >> 4
    header = bytearray()
    while size:
        header.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    header.append(byte)
    return bytes(header)
