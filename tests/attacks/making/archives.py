"""Archives of the group `top` with the project `app` that agree with themselves, whatever is in them."""

import gzip
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from offline_transfer.archive.keys import CHECKSUMS_KEY, MANIFEST_KEY, METADATA_KEY
from tests.unit.archive import raw_tar
from tests.unit.verify.archives import Draft

MOMENT: Final = "2020-01-02T03:04:05.678Z"
PROJECT: Final = "project_7"
GROUP: Final = "group_1"

Write = Callable[[Draft], object]
Record = dict[str, Any]


def archive(directory: Path, *writes: Write, **draft: Any) -> Path:
    """An archive with a manifest in which these objects are, and all others are empty."""
    made = Draft(directory, **draft)
    for write in writes:
        write(made)
    return made.complete().finish().path("")


def as_gitlab(directory: Path, *writes: Write, **draft: Any) -> Path:
    """The same without a manifest, as GitLab itself exports."""
    made = Draft(directory, **draft)
    for write in writes:
        write(made)
    return made.complete().finish_as_gitlab().path("")


def records(relation: str, *found: Mapping[str, Any], entity: str = PROJECT) -> Write:
    """The records of a relation."""
    return lambda draft: draft.records(f"{entity}/{relation}.ndjson.gz", [dict(record) for record in found])


def lines(relation: str, *found: bytes, count: int | None = None, entity: str = PROJECT) -> Write:
    """Lines as they are, with the count that the manifest gives."""
    content = b"".join(line + b"\n" for line in found)
    counted = len(found) if count is None else count
    return lambda draft: draft.content(f"{entity}/{relation}.ndjson.gz", content, {relation: counted})


def attributes(entity: str = PROJECT, /, **values: Any) -> Write:
    """The own attributes of the project or group."""
    return lambda draft: draft.document(f"{entity}/self.json.gz", values)


def tar(relation: str, *entries: bytes, count: int = 1, entity: str = PROJECT) -> Write:
    """A tar made by hand."""
    content = b"".join(entries) + raw_tar.END
    return lambda draft: draft.content(f"{entity}/{relation}.tar.gz", content, {relation: count})


def files(relation: str, found: Mapping[str, bytes], *, count: int | None = None, entity: str = PROJECT) -> Write:
    """A tar of files with names that our own writer accepts."""
    return lambda draft: draft.files(f"{entity}/{relation}.tar.gz", found, count=count)


def issue(iid: int = 1, **more: Any) -> Record:
    """An issue with what an issue cannot be without."""
    return {"iid": iid, "title": f"Issue {iid}", "author_id": 7, "created_at": MOMENT, "updated_at": MOMENT, **more}


def note(text: str, **more: Any) -> Record:
    """A comment below an issue."""
    return {"note": text, "noteable_type": "Issue", "author_id": 7, "created_at": MOMENT, "updated_at": MOMENT, **more}


def merge_request(iid: int = 1, **more: Any) -> Record:
    """A merge request with what one cannot be without."""
    return {
        "iid": iid,
        "title": f"Change {iid}",
        "source_branch": "work",
        "target_branch": "main",
        "author_id": 7,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        **more,
    }


def label(title: str, **more: Any) -> Record:
    """A label of the project."""
    return {"title": title, "color": "#112233", "type": "ProjectLabel", **more}


def as_tar(relation: str) -> Write:
    """Records in the form of files."""
    entry = raw_tar.entry(b"x", b"{}")
    return lambda draft: draft.content(f"{PROJECT}/{relation}.tar.gz", entry + raw_tar.END, {relation: 1})


def as_lines(relation: str) -> Write:
    """Files in the form of records."""
    return lambda draft: draft.content(f"{PROJECT}/{relation}.ndjson.gz", b"{}\n", {relation: 1})


def sha256(content: bytes) -> str:
    """What an LFS object of this content is called."""
    return hashlib.sha256(content).hexdigest()


def honest(directory: Path) -> Path:
    """What nobody has anything against: the archive that shows that the others are refused for what is in them."""
    return archive(directory, *honest_contents())


def honest_contents() -> Sequence[Write]:
    """An issue, a label, a member, a rule and an upload."""
    return (
        attributes(visibility_level=0, description="An app"),
        records("labels", label("bug")),
        records("issues", issue(1, notes=[note("first")])),
        records("project_members", {"access_level": 30, "user_id": 7, "notification_level": 3, "user": {"id": 7}}),
        files("uploads", {f"{'0a' * 16}/logo.png": b"picture"}),
    )


def remap(made: Path, mapping: Mapping[str, object]) -> None:
    """Says in metadata and manifest that these are the entities."""
    _rewrite_metadata(made, entities_mapping=dict(mapping))


def rename_in_manifest(made: Path, key: str, other: str) -> None:
    """Gives an object another key in the manifest, and leaves it where it is."""
    manifest = gzip.decompress((made / MANIFEST_KEY).read_bytes())
    _write_manifest(made, manifest.replace(orjson.dumps(key), orjson.dumps(other)))


def _rewrite_metadata(made: Path, **values: object) -> None:
    path = made / METADATA_KEY
    metadata = orjson.loads(gzip.decompress(path.read_bytes())) | values
    path.write_bytes(gzip.compress(orjson.dumps(metadata)))
    head, _, rest = gzip.decompress((made / MANIFEST_KEY).read_bytes()).partition(b"\n")
    assert head.startswith(b'{"metadata":')
    _write_manifest(made, b'{"metadata":%s,\n%s' % (orjson.dumps(metadata), rest))


def _write_manifest(made: Path, content: bytes) -> None:
    """Puts a manifest in place, and its hash into the checksums."""
    path = made / MANIFEST_KEY
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(gzip.compress(content))
    sums = made / CHECKSUMS_KEY
    sums.write_text(sums.read_text().replace(old, hashlib.sha256(path.read_bytes()).hexdigest()))
