"""Repositories, uploads and LFS objects of a group or project as files of a file-based export."""

from collections.abc import Iterator

import orjson
from sqlalchemy import func, select

from offline_transfer.archive.errors import UnsafeMemberError
from offline_transfer.archive.tarball import Member
from offline_transfer.exporting.portables import Portable
from offline_transfer.files import layout
from offline_transfer.files.dump_records import Dumping, Gap
from offline_transfer.forge.attachments import LfsObject, LfsObjectsProject, Upload
from offline_transfer.forge.errors import GitFailedError
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.snippet_digest import hexdigest
from offline_transfer.forge.snippets import Snippet
from offline_transfer.storage.errors import ObjectNotFoundError
from offline_transfer.storage.sources import from_bytes, from_file
from offline_transfer.types import PortableKind

AVATAR_MOUNT = "avatar"
_KINDS = {"repository": RepositoryKind.PROJECT, "wiki": RepositoryKind.WIKI, "design": RepositoryKind.DESIGN}
_NAMESAKE = "another snippet has the same title, description and times, and so the same name"
_NOT_STORED = "its contents are not in the store"


def members(dumping: Dumping, portable: Portable) -> Iterator[Member]:
    """All files of a group or project, those of one relation after those of another; what cannot be read is a gap.

    Each bundle is gone when the next file is asked for.
    """
    if portable.kind is PortableKind.GROUP:
        path = RepositoryPath(RepositoryKind.GROUP_WIKI, portable.id)
        yield from _bundle(dumping, portable, ("wiki", path), layout.group_wiki(portable.id))
        yield from _uploads(dumping, portable, "Namespace", layout.group_uploads(portable.id))
        return
    for relation, kind in _KINDS.items():
        path = RepositoryPath(kind, portable.id)
        yield from _bundle(dumping, portable, (relation, path), layout.BUNDLES[relation])
    yield from _snippets(dumping, portable)
    yield from _uploads(dumping, portable, "Project", layout.UPLOADS)
    yield from _lfs_objects(dumping, portable)


def _bundle(dumping: Dumping, portable: Portable, what: tuple[str, RepositoryPath], name: str) -> Iterator[Member]:
    """One repository; none where there is no repository, or nothing in it."""
    relation, path = what
    repositories = dumping.instance.repositories
    if not repositories.exists(path):
        return
    place = dumping.scratch / "bundle"
    try:
        refs = repositories.bundle(path, place)
        if refs:
            dumping.count(portable, {relation: refs})
            yield Member(name=name, size=place.stat().st_size, open=from_file(place))
    except GitFailedError as error:
        dumping.gaps.append(Gap(portable.path, relation, str(path), error.message))
    finally:
        place.unlink(missing_ok=True)


def _snippets(dumping: Dumping, portable: Portable) -> Iterator[Member]:
    """A bundle for every snippet that has a repository, named by GitLab's digest of the snippet."""
    columns = (Snippet.id, Snippet.title, Snippet.description, Snippet.created_at, Snippet.updated_at)
    with dumping.instance.database.session() as session:
        rows = session.execute(select(*columns).where(Snippet.project_id == portable.id).order_by(Snippet.id)).all()
    named: dict[str, int] = {}
    for snippet_id, title, description, created_at, updated_at in rows:
        if named.setdefault(hexdigest(title, description, created_at, updated_at), snippet_id) != snippet_id:
            dumping.gaps.append(Gap(portable.path, "snippets_repository", f"snippet {snippet_id}", _NAMESAKE))
    for digest, snippet_id in sorted(named.items()):
        what = ("snippets_repository", RepositoryPath(RepositoryKind.SNIPPET, snippet_id))
        yield from _bundle(dumping, portable, what, f"{layout.SNIPPETS}/{digest}.bundle")


def _uploads(dumping: Dumping, portable: Portable, model: str, directory: str) -> Iterator[Member]:
    """Attachments below their secrets, and the avatar: a project's beside the uploads, a group's among them."""
    with dumping.instance.database.session() as session:
        rows = session.execute(
            select(Upload.path, Upload.secret, Upload.mount_point, Upload.storage_key)
            .where(Upload.model_type == model, Upload.model_id == portable.id)
            .order_by(Upload.secret.nulls_first(), Upload.path)
        ).all()
    for path, secret, mount_point, storage_key in rows:
        name = path.rpartition("/")[2]
        if mount_point == AVATAR_MOUNT:
            above = layout.AVATAR if portable.kind is PortableKind.PROJECT else f"{directory}/{layout.AVATAR}"
        else:
            above = f"{directory}/{secret}" if secret else directory
        yield from _stored(dumping, portable, "uploads", f"{above}/{name}", storage_key)


def _lfs_objects(dumping: Dumping, portable: Portable) -> Iterator[Member]:
    """LFS objects named by their hashes, and which kinds of repository use each."""
    types = func.array_agg(LfsObjectsProject.repository_type)
    with dumping.instance.database.session() as session:
        rows = session.execute(
            select(LfsObject.oid, LfsObject.storage_key, types)
            .join(LfsObjectsProject, LfsObjectsProject.lfs_object_id == LfsObject.id)
            .where(LfsObjectsProject.project_id == portable.id)
            .group_by(LfsObject.id)
            .order_by(LfsObject.oid)
        ).all()
    for oid, storage_key, _ in rows:
        yield from _stored(dumping, portable, "lfs_objects", f"{layout.LFS_OBJECTS}/{oid}", storage_key)
    # What is missing stays in the map, so that the destination knows of it too.
    users = {oid: sorted(set(kinds), key=lambda kind: (kind is None, kind)) for oid, _, kinds in rows}
    document = orjson.dumps(users)
    yield Member(name=layout.LFS_TYPES_FILE, size=len(document), open=from_bytes(document))


def _stored(dumping: Dumping, portable: Portable, relation: str, name: str, storage_key: str) -> Iterator[Member]:
    files = dumping.instance.files
    try:
        dumping.names.take(name.encode("utf-8", "surrogateescape"))
        size = files.size(storage_key)
    except UnsafeMemberError as error:
        dumping.gaps.append(Gap(portable.path, relation, ascii(name)[1:-1], str(error.details["reason"])))
        return
    except ObjectNotFoundError:
        dumping.gaps.append(Gap(portable.path, relation, name, _NOT_STORED))
        return
    dumping.count(portable, {relation: 1})
    yield Member(name=name, size=size, open=lambda: files.open(storage_key))
