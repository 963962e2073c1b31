"""The LFS objects of a project."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
from sqlalchemy import delete

from offline_transfer.db import Database
from offline_transfer.forge import lfs_objects
from offline_transfer.forge.attachments import LfsObjectsProject
from offline_transfer.forge.enums import LfsRepositoryType
from offline_transfer.forge.files import Files, lfs_key
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import ObjectNotFoundError, StorageFullError
from tests.support.faulty_store import Fault, FaultyStore, Method
from tests.support.pipelines import Failed, Portable, tar_of

CONTENTS = b"large"
OID = hashlib.sha256(CONTENTS).hexdigest()
FORGED, LOST = "f" * 64, "0" * 64


def test_contents_are_stored_by_their_hash_and_linked_once(project: Portable) -> None:
    types = orjson.dumps({OID: [0, "design"], LOST: [0]})
    found = tar_of("lfs_objects", {"lfs_objects.json": types, OID: CONTENTS, FORGED: b"something else"})
    batch = project.batch("lfs_objects")
    for _ in range(2):
        count = project.run_batch(batch, found).paths["lfs_objects"]
        reasons = {"invalid_value": 1, "gap": 1}
        assert (count.source, count.imported, count.failed, dict(count.reasons)) == (3, 1, 2, reasons)
        assert project.instance.rows("lfs_objects", "oid", "size") == [(OID, len(CONTENTS))]
        links = project.instance.rows("lfs_objects_projects", "repository_type", project_id=project.id)
        assert links == [(LfsRepositoryType.project,), (LfsRepositoryType.design,)]
        forged, lost = project.failures("lfs_objects")
        name = "LfsObjectsPipeline"
        assert forged == Failed(name, "loader", "invalid_value", forged.message, "lfs_objects", None)
        assert lost == Failed(name, "loader", "gap", "its contents are not in the archive", "lfs_objects", None)
        project.lose_end(batch)


def test_of_an_object_that_breaks_nothing_is_linked_or_counted_as_imported(project: Portable, tmp_path: Path) -> None:
    brought = {hashlib.sha256(contents).hexdigest(): contents for contents in (b"one", b"two")}
    found = tar_of(
        "lfs_objects", {"lfs_objects.json": orjson.dumps({oid: [0] for oid in brought}), **brought}, records=2
    )
    full = Fault(method=Method.PUT, call=2, error=StorageFullError(key="x", store="files"))
    files = Files(FaultyStore(DiskStore(tmp_path / "files"), full))
    destination = replace(project.work.destination, files=files)
    short = replace(project, work=replace(project.work, destination=destination))
    count = short.run(found).paths["lfs_objects"]
    assert (count.source, count.imported, count.failed, dict(count.reasons)) == (2, 0, 2, {"given_up": 2})
    assert project.instance.rows("lfs_objects_projects", "id", project_id=project.id) == []
    assert project.run(found).paths["lfs_objects"].imported == 2
    assert len(project.instance.rows("lfs_objects_projects", "id", project_id=project.id)) == 2


def test_what_no_project_uses_is_removed_but_not_while_somebody_brings_some(project: Portable) -> None:
    instance, contents = project.instance, b"used for a while"
    oid = hashlib.sha256(contents).hexdigest()
    project.run(tar_of("lfs_objects", {"lfs_objects.json": orjson.dumps({oid: [0]}), oid: contents}))
    files = project.work.destination.files
    assert lfs_objects.remove_unused(instance.database, files) == 0
    with instance.database.session() as session:
        session.execute(delete(LfsObjectsProject).where(LfsObjectsProject.project_id == project.id))
    with instance.database.raw_connection() as connection, connection.transaction():
        lfs_objects.keep_unused(connection)
        assert lfs_objects.remove_unused(instance.database, files) == 0
    assert files.size(lfs_key(oid)) == len(contents)
    assert lfs_objects.remove_unused(instance.database, files) == 1
    assert instance.rows("lfs_objects", "id", oid=oid) == []
    with pytest.raises(ObjectNotFoundError):
        files.size(lfs_key(oid))


@dataclass(frozen=True, slots=True)
class Sweeping:
    """A lease during which somebody sweeps at every opportunity."""

    database: Database
    files: Files

    def check(self) -> None:
        """Nothing that is being brought goes."""
        assert lfs_objects.remove_unused(self.database, self.files) == 0


def test_what_is_being_brought_is_not_taken_for_unused(project: Portable) -> None:
    destination = project.work.destination
    brought = {hashlib.sha256(contents).hexdigest(): contents for contents in (b"one", b"two", b"three")}
    found = tar_of("lfs_objects", {"lfs_objects.json": orjson.dumps({oid: [0] for oid in brought}), **brought})
    lease = Sweeping(destination.database, destination.files)
    project.run_batch(project.batch("lfs_objects"), found, lease=lease)
    assert len(project.instance.rows("lfs_objects_projects", "id", project_id=project.id)) == 3
