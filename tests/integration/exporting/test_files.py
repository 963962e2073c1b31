"""Relations that are files: what lies in their tars, and what happens when something is missing."""

import hashlib
import json
from pathlib import Path

from offline_transfer.forge.attachments import LfsObject, LfsObjectsProject, Upload
from offline_transfer.forge.enums import LfsRepositoryType
from offline_transfer.forge.files import UploadPlace, lfs_key
from offline_transfer.forge.history import Signature, commit, tag
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.snippet_digest import hexdigest
from offline_transfer.forge.snippets import Snippet
from offline_transfer.storage.sources import from_bytes
from offline_transfer.transfers.states import ExportState
from tests.integration.exporting.conftest import NOON
from tests.integration.exporting.exporter import Exporter

ADA = Signature(name="Ada", email="ada@example.com", date=NOON)
SECRETS = ("0" * 32, "1" * 32)


def make_repository(exporter: Exporter, kind: RepositoryKind, owner_id: int, *, branches: int = 1) -> dict[str, str]:
    """A repository with one commit on each of some branches, and a tag; gives its refs."""
    path = RepositoryPath(kind, owner_id)
    exporter.repositories.create(path)
    for number in range(branches):
        made = commit(
            exporter.repositories,
            path,
            branch=f"branch-{number}",
            files={"file": f"{kind} {number}".encode()},
            message="Begin",
            author=ADA,
        )
    tag(exporter.repositories, path, name="v1", target=made)
    return {ref.name: ref.oid for ref in exporter.repositories.refs(path)}


def refs_of(exporter: Exporter, bundle: bytes, directory: Path) -> dict[str, str]:
    """The refs that a bundle restores."""
    file = directory / "some.bundle"
    file.write_bytes(bundle)
    path = RepositoryPath(RepositoryKind.PROJECT, 777)
    exporter.repositories.restore(path, file)
    return {ref.name: ref.oid for ref in exporter.repositories.refs(path)}


def add_upload(
    exporter: Exporter, name: str, contents: bytes, *, secret: str | None, mount_point: str | None = None
) -> str:
    place = UploadPlace(model_type="Project", model_id=5, name=name, secret=secret, mount_point=mount_point)
    stored = exporter.files.store_upload(place, from_bytes(contents))
    exporter.add(
        Upload(
            size=stored.size,
            path=f"{secret}/{name}" if secret else name,
            checksum=stored.sha256,
            model_id=5,
            model_type="Project",
            uploader="FileUploader",
            secret=secret,
            mount_point=mount_point,
            storage_key=stored.key,
        )
    )
    return stored.key


def add_lfs_object(exporter: Exporter, contents: bytes, *types: LfsRepositoryType | None) -> str:
    oid = hashlib.sha256(contents).hexdigest()
    stored = exporter.files.store_lfs(oid, from_bytes(contents))
    row = LfsObject(oid=oid, size=stored.size, storage_key=stored.key)
    exporter.add(row)
    exporter.add(*(LfsObjectsProject(lfs_object_id=row.id, project_id=5, repository_type=kind) for kind in types))
    return oid


def counts(exported: object, relation: str) -> object:
    rows = getattr(exported, "rows", [])
    return [(row["source"], row["imported"], row["failed"], row["reasons"]) for row in rows if row["path"] == relation]


def test_repositories_leave_as_bundles_with_all_refs(exporter: Exporter, tmp_path: Path) -> None:
    kinds = {"repository": RepositoryKind.PROJECT, "wiki": RepositoryKind.WIKI, "design": RepositoryKind.DESIGN}
    refs = {name: make_repository(exporter, kind, 5, branches=2) for name, kind in kinds.items()}
    exported = exporter.export("top/sub/app")
    for name in kinds:
        members = exported.members(f"project_5/{name}.tar.gz")
        assert list(members) == [f"{name}.bundle"]
        assert refs_of(exporter, members[f"{name}.bundle"], tmp_path) == refs[name]
        assert counts(exported, name) == [(3, 3, 0, {})]


def test_an_empty_repository_is_a_tar_without_a_bundle(exporter: Exporter) -> None:
    exporter.repositories.create(RepositoryPath(RepositoryKind.PROJECT, 5))
    exported = exporter.export("top/sub/app")
    assert exported.members("project_5/repository.tar.gz") == {}
    assert exported.is_clean


def test_snippet_repositories_are_named_by_the_digest_of_their_snippet(exporter: Exporter, tmp_path: Path) -> None:
    made = {"author_id": 3, "project_id": 5, "type": "ProjectSnippet", "created_at": NOON, "updated_at": NOON}
    exporter.add(
        Snippet(id=1, title="One", description="with a text", **made),
        Snippet(id=2, title="Two", **made),
        Snippet(id=3, title="Without a repository", **made),
    )
    refs = {number: make_repository(exporter, RepositoryKind.SNIPPET, number) for number in (1, 2)}
    exported = exporter.export("top/sub/app")
    members = exported.members("project_5/snippets_repository.tar.gz")
    digests = {1: hexdigest("One", "with a text", NOON, NOON), 2: hexdigest("Two", None, NOON, NOON)}
    assert list(members) == sorted(f"{digest}.bundle" for digest in digests.values())
    for number, digest in digests.items():
        assert refs_of(exporter, members[f"{digest}.bundle"], tmp_path) == refs[number]
    assert counts(exported, "snippets_repository") == [(4, 4, 0, {})]


def test_two_snippets_of_one_name_are_a_gap_and_no_loss_in_silence(exporter: Exporter) -> None:
    made = {"author_id": 3, "project_id": 5, "type": "ProjectSnippet", "created_at": NOON, "updated_at": NOON}
    exporter.add(Snippet(id=1, title="One", **made), Snippet(id=2, title="One", **made))
    for number in (1, 2):
        make_repository(exporter, RepositoryKind.SNIPPET, number)
    exported = exporter.export("top/sub/app")
    assert len(exported.members("project_5/snippets_repository.tar.gz")) == 1
    assert exported.failures == [
        {
            "entity": "top/sub/App",
            "path": "snippets_repository",
            "message": "snippet 2: another snippet has the same title, description and times, and so the same name",
        }
    ]


def test_uploads_keep_their_secrets_and_come_in_batches(exporter: Exporter) -> None:
    add_upload(exporter, "b.txt", b"second", secret=SECRETS[1])
    add_upload(exporter, "a.txt", b"", secret=SECRETS[0])
    add_upload(exporter, "logo.png", b"picture", secret=None, mount_point="avatar")
    exported = Exporter(exporter.database, exporter.directory, {"batch_size": 2}).export("top/sub/app")
    assert exported.object_keys("project_5/uploads") == [
        "project_5/uploads/batch_1.tar.gz",
        "project_5/uploads/batch_2.tar.gz",
    ]
    assert exported.members("project_5/uploads/batch_1.tar.gz") == {
        f"{SECRETS[0]}/a.txt": b"",
        f"{SECRETS[1]}/b.txt": b"second",
    }
    assert exported.members("project_5/uploads/batch_2.tar.gz") == {"avatar/logo.png": b"picture"}
    assert counts(exported, "uploads") == [(3, 3, 0, {})]


def test_lfs_objects_come_with_the_kinds_of_repository_that_use_them(exporter: Exporter) -> None:
    first = add_lfs_object(exporter, b"one", LfsRepositoryType.wiki, LfsRepositoryType.project, None)
    second = add_lfs_object(exporter, b"two", LfsRepositoryType.design)
    exported = exporter.export("top/sub/app")
    members = exported.members("project_5/lfs_objects/batch_1.tar.gz")
    assert json.loads(members.pop("lfs_objects.json")) == {first: [0, 1, None], second: [2]}
    assert members == {first: b"one", second: b"two"}
    assert counts(exported, "lfs_objects") == [(2, 2, 0, {})]


def test_what_is_missing_in_the_store_is_a_gap_that_everybody_hears_of(exporter: Exporter) -> None:
    lost = add_upload(exporter, "lost.txt", b"lost", secret=SECRETS[0])
    add_upload(exporter, "kept.txt", b"kept", secret=SECRETS[1])
    oid = add_lfs_object(exporter, b"large", LfsRepositoryType.project)
    exporter.files.delete(lost)
    exporter.files.delete(lfs_key(oid))
    exported = exporter.export("top/sub/app")
    assert exported.members("project_5/uploads/batch_1.tar.gz") == {f"{SECRETS[1]}/kept.txt": b"kept"}
    lfs = exported.members("project_5/lfs_objects/batch_1.tar.gz")
    assert {name: json.loads(content) for name, content in lfs.items()} == {"lfs_objects.json": {oid: [0]}}
    reason = "its contents are not in the store"
    assert exported.failures == [
        {"entity": "top/sub/App", "path": "uploads", "message": f"{SECRETS[0]}/lost.txt: {reason}"},
        {"entity": "top/sub/App", "path": "lfs_objects", "message": f"{oid}: {reason}"},
    ]
    assert exported.manifest()["failed_relations"] == [
        {"entity": "project_5", "relation": "uploads", "reason": f"{SECRETS[0]}/lost.txt ({reason})"},
        {"entity": "project_5", "relation": "lfs_objects", "reason": f"{oid} ({reason})"},
    ]
    assert counts(exported, "uploads") == [(2, 1, 1, {"gap": 1})]
    assert counts(exported, "lfs_objects") == [(1, 0, 1, {"gap": 1})]
    assert (exported.row.status, exported.is_clean) == (ExportState.finished, False)


def test_a_damaged_repository_fails_alone(exporter: Exporter) -> None:
    make_repository(exporter, RepositoryKind.PROJECT, 5)
    make_repository(exporter, RepositoryKind.WIKI, 5)
    place = exporter.repositories.place(RepositoryPath(RepositoryKind.PROJECT, 5))
    for file in (place / "objects").rglob("*"):
        if file.is_file():
            file.unlink()
    exported = exporter.export("top/sub/app")
    assert [failure["path"] for failure in exported.failures] == ["repository"]
    assert "project_5/repository.tar.gz" not in exported.object_keys()
    assert list(exported.members("project_5/wiki.tar.gz")) == ["wiki.bundle"]
    assert counts(exported, "repository") == [(1, 0, 1, {"unreadable": 1})]
