"""Files that belong to groups and projects: uploads, avatars and LFS objects."""

import hashlib
from typing import Final

from demo.activity import Home
from demo.code import LFS_CONTENTS
from demo.scene import Group, Project, Scene
from offline_transfer.forge.attachments import LfsObject, LfsObjectsProject, Upload
from offline_transfer.forge.enums import LfsRepositoryType
from offline_transfer.forge.files import StoredFile, UploadPlace
from offline_transfer.storage.sources import from_bytes

NAMES: Final = ("lamp.png", "Fåborg – Skizze (1).txt", "灯台 🗼.svg")
AVATAR: Final = "logo.png"


def add_uploads(scene: Scene, home: Home) -> None:
    """Files that somebody attached to a text; one of them is empty."""
    uploader = "NamespaceFileUploader" if isinstance(home, Group) else "FileUploader"
    for number, name in enumerate(NAMES):
        secret = scene.words.digest(32)
        place = UploadPlace(model_type=_model_type(home), model_id=home.id, name=name, secret=secret)
        contents = f"{home.full_path} {name}\n".encode() * 1000 * number
        stored = scene.files.store_upload(place, from_bytes(contents))
        _add_upload(scene, place, stored, f"{secret}/{name}", uploader)


def add_avatar(scene: Scene, home: Home) -> None:
    """The picture of a group or project."""
    model_type = _model_type(home)
    place = UploadPlace(model_type=model_type, model_id=home.id, name=AVATAR, mount_point="avatar")
    stored = scene.files.store_upload(place, from_bytes(b"\x89PNG\r\n\x1a\n" + home.full_path.encode()))
    folder = "group" if isinstance(home, Group) else "project"
    _add_upload(scene, place, stored, f"uploads/-/system/{folder}/avatar/{home.id}/{AVATAR}", "AvatarUploader")


class LfsObjects:
    """The large files of the instance; projects share contents that are the same."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._ids: dict[str, int] = {}

    def add(self, project: Project) -> None:
        """The large files that the project's code points to, one of its own, and one that its wiki uses too."""
        mine = f"only for {project.full_path}\n".encode() * 1000
        for contents in (*LFS_CONTENTS, mine):
            self._link(project, contents, LfsRepositoryType.project)
        self._link(project, mine, LfsRepositoryType.wiki)

    def _link(self, project: Project, contents: bytes, repository_type: LfsRepositoryType) -> None:
        oid = hashlib.sha256(contents).hexdigest()
        if oid not in self._ids:
            stored = self._scene.files.store_lfs(oid, from_bytes(contents))
            self._ids[oid] = self._scene.rows.add(
                LfsObject, oid=oid, size=stored.size, storage_key=stored.key, created_at=self._scene.clock.tick()
            )
        self._scene.rows.add(
            LfsObjectsProject,
            lfs_object_id=self._ids[oid],
            project_id=project.id,
            repository_type=repository_type,
        )


def _model_type(home: Home) -> str:
    return "Namespace" if isinstance(home, Group) else "Project"


def _add_upload(scene: Scene, place: UploadPlace, stored: StoredFile, path: str, uploader: str) -> None:
    scene.rows.add(
        Upload,
        size=stored.size,
        path=path,
        checksum=stored.sha256,
        model_id=place.model_id,
        model_type=place.model_type,
        uploader=uploader,
        secret=place.secret,
        mount_point=place.mount_point,
        storage_key=stored.key,
        created_at=scene.clock.tick(),
    )
