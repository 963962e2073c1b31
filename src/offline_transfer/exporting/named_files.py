"""The files of a group or project, and the names that they have in an archive and in a file-based export."""

from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from offline_transfer.archive.errors import UnsafeMemberError
from offline_transfer.archive.tar_names import MemberNames
from offline_transfer.archive.tarball import Member
from offline_transfer.exporting.tasks import Gap
from offline_transfer.forge.attachments import LfsObject, LfsObjectsProject, Upload
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.snippet_digest import hexdigest
from offline_transfer.forge.snippets import Snippet
from offline_transfer.storage.errors import ObjectNotFoundError

AVATAR: Final = "avatar"
PROJECT_SNIPPET: Final = "ProjectSnippet"

_NAMESAKE: Final = "another snippet has the same title, description and times, and so the same name"
_NOT_STORED: Final = "its contents are not in the store"


@dataclass(frozen=True, slots=True)
class NamedUpload:
    """An attachment or avatar: its name below the directory of uploads, and where its contents lie."""

    name: str
    storage_key: str
    is_avatar: bool


@dataclass(frozen=True, slots=True)
class NamedLfsObjects:
    """LFS objects: the hash of each and where its contents lie, and which kinds of repository use each, as JSON."""

    files: list[tuple[str, str]]
    types: bytes


def snippets(session: Session, repositories: Repositories, project_id: int) -> tuple[list[tuple[str, int]], list[Gap]]:
    """Digest and id of the snippets of a project that have a repository, by digest; of those with one digest the first.

    The others are gaps: GitLab knows the repository of a snippet by its digest alone.
    """
    columns = (Snippet.id, Snippet.title, Snippet.description, Snippet.created_at, Snippet.updated_at)
    found = session.execute(
        select(*columns)
        .where(Snippet.project_id == project_id, Snippet.type == PROJECT_SNIPPET)
        .order_by(Snippet.id)
        .execution_options(yield_per=500)
    )
    named: dict[str, int] = {}
    gaps = []
    for snippet_id, title, description, created_at, updated_at in found:
        if not repositories.exists(RepositoryPath(RepositoryKind.SNIPPET, snippet_id)):
            continue
        if named.setdefault(hexdigest(title, description, created_at, updated_at), snippet_id) != snippet_id:
            gaps.append(Gap(name=f"snippet {snippet_id}", reason=_NAMESAKE))
    return sorted(named.items()), gaps


def uploads(session: Session, *which: ColumnElement[bool]) -> list[NamedUpload]:
    """Attachments below their secrets, and the avatar in a directory of its own, in an order that stays."""
    rows = session.execute(
        select(Upload.path, Upload.secret, Upload.mount_point, Upload.storage_key)
        .where(*which)
        .order_by(Upload.secret.nulls_first(), Upload.path, Upload.id)
    )
    return [_named(path, secret, mount_point, storage_key) for path, secret, mount_point, storage_key in rows]


def lfs_objects(session: Session, project_id: int, *which: ColumnElement[bool]) -> NamedLfsObjects:
    """The LFS objects that a project uses, by hash. What is missing stays among the types, so that the destination knows of it."""
    types = func.array_agg(LfsObjectsProject.repository_type)
    rows = session.execute(
        select(LfsObject.oid, LfsObject.storage_key, types)
        .join(LfsObjectsProject, LfsObjectsProject.lfs_object_id == LfsObject.id)
        .where(LfsObjectsProject.project_id == project_id, *which)
        .group_by(LfsObject.id)
        .order_by(LfsObject.oid)
    ).all()
    users = {oid: sorted(set(kinds), key=lambda kind: (kind is None, kind)) for oid, _, kinds in rows}
    return NamedLfsObjects([(oid, storage_key) for oid, storage_key, _ in rows], orjson.dumps(users))


def member(files: Files, names: MemberNames, name: str, storage_key: str) -> Member | Gap:
    """A file of the store as a member of a tar; a gap where the tar cannot hold the name or the store has no contents."""
    try:
        taken = names.take(name.encode("utf-8", "surrogateescape"))
        size = files.size(storage_key)
    except UnsafeMemberError as error:
        return Gap(name=ascii(name)[1:-1], reason=str(error.details["reason"]))
    except ObjectNotFoundError:
        return Gap(name=name, reason=_NOT_STORED)
    return Member(name=taken, size=size, open=lambda: files.open(storage_key))


def _named(path: str, secret: str | None, mount_point: str | None, storage_key: str) -> NamedUpload:
    name = path.rpartition("/")[2]
    is_avatar = mount_point == AVATAR
    folder = AVATAR if is_avatar else secret
    return NamedUpload(f"{folder}/{name}" if folder else name, storage_key, is_avatar)
