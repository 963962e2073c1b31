"""Exports made for one test each: directories and archives with the content that the test names."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PROJECT: Final = {
    "VERSION": b"0.2.4",
    "GITLAB_VERSION": b"17.7.0-pre",
    "tree/project.json": b'{"description":"a kettle"}',
    "tree/project/labels.ndjson": b'{"title":"one"}\n{"title":"two"}\n',
}
GROUP: Final = {
    "VERSION": b"0.2.4",
    "tree/groups/_all.ndjson": b"1\n2\n",
    "tree/groups/1.json": b'{"id":1,"parent_id":null,"path":"top"}',
    "tree/groups/2.json": b'{"id":2,"parent_id":1,"path":"sub"}',
    "tree/groups/2/labels.ndjson": b'{"title":"one"}\n',
}


def directory(root: Path, files: Mapping[str, bytes]) -> Path:
    """An unpacked export."""
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return root


def tar(files: Mapping[str, bytes], *more: tarfile.TarInfo) -> bytes:
    """A tar as GNU tar makes it of a directory: `./` before each name, and entries of directories."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
        top = tarfile.TarInfo("./")
        top.type = tarfile.DIRTYPE
        archive.addfile(top)
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in more:
            archive.addfile(member)
    return stream.getvalue()


def archive(path: Path, files: Mapping[str, bytes], *more: tarfile.TarInfo) -> Path:
    """A `.tar.gz`."""
    path.write_bytes(gzip.compress(tar(files, *more), mtime=0))
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """A member that is no regular file."""
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member
