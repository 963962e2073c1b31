"""The LFS objects of a project."""

import hashlib

import orjson

from offline_transfer.forge.enums import LfsRepositoryType
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
