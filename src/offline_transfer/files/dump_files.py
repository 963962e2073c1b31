"""Repositories, uploads and LFS objects of a group or project as files of a file-based export."""

from collections.abc import Iterator

from offline_transfer.archive.tarball import Member
from offline_transfer.exporting import named_files, tasks
from offline_transfer.exporting.portables import Portable
from offline_transfer.files import layout
from offline_transfer.files.dump_records import Dumping, Gap
from offline_transfer.forge.attachments import Upload
from offline_transfer.forge.errors import GitFailedError
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.storage.sources import from_bytes, from_file
from offline_transfer.types import PortableKind

_KINDS = {"repository": RepositoryKind.PROJECT, "wiki": RepositoryKind.WIKI, "design": RepositoryKind.DESIGN}


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
    with dumping.instance.database.session() as session:
        named, gaps = named_files.snippets(session, dumping.instance.repositories, portable.id)
    dumping.gaps += [_gap(portable, "snippets_repository", gap) for gap in gaps]
    for digest, snippet_id in named:
        what = ("snippets_repository", RepositoryPath(RepositoryKind.SNIPPET, snippet_id))
        yield from _bundle(dumping, portable, what, f"{layout.SNIPPETS}/{digest}.bundle")


def _uploads(dumping: Dumping, portable: Portable, model: str, directory: str) -> Iterator[Member]:
    """Attachments below their secrets, and the avatar: a project's beside the uploads, a group's among them."""
    with dumping.instance.database.session() as session:
        uploads = named_files.uploads(session, Upload.model_type == model, Upload.model_id == portable.id)
    for upload in uploads:
        is_beside = upload.is_avatar and portable.kind is PortableKind.PROJECT
        name = upload.name if is_beside else f"{directory}/{upload.name}"
        yield from _stored(dumping, portable, "uploads", name, upload.storage_key)


def _lfs_objects(dumping: Dumping, portable: Portable) -> Iterator[Member]:
    """LFS objects named by their hashes, and which kinds of repository use each."""
    with dumping.instance.database.session() as session:
        found = named_files.lfs_objects(session, portable.id)
    for oid, storage_key in found.files:
        yield from _stored(dumping, portable, "lfs_objects", f"{layout.LFS_OBJECTS}/{oid}", storage_key)
    yield Member(name=layout.LFS_TYPES_FILE, size=len(found.types), open=from_bytes(found.types))


def _stored(dumping: Dumping, portable: Portable, relation: str, name: str, storage_key: str) -> Iterator[Member]:
    match named_files.member(dumping.instance.files, dumping.names, name, storage_key):
        case Member() as member:
            dumping.count(portable, {relation: 1})
            yield member
        case tasks.Gap() as gap:
            dumping.gaps.append(_gap(portable, relation, gap))


def _gap(portable: Portable, relation: str, gap: tasks.Gap) -> Gap:
    return Gap(portable.path, relation, gap.name, gap.reason)
