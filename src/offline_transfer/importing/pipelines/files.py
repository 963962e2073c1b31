"""What a file relation becomes: repositories, uploads, LFS objects. Files first, rows second; both steps may be repeated."""

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import orjson
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from offline_transfer.db import Database
from offline_transfer.errors import BadInputError
from offline_transfer.forge import snippet_digest
from offline_transfer.forge.attachments import LfsObject, LfsObjectsProject, Upload
from offline_transfer.forge.attempts import Attempts
from offline_transfer.forge.enums import LfsRepositoryType
from offline_transfer.forge.files import Files, UploadPlace
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.repositories import Repositories
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.snippets import Snippet
from offline_transfer.importing.errors import BundleSpoolFullError
from offline_transfer.importing.source import FileMember, SourceObject
from offline_transfer.importing.tally import Failure
from offline_transfer.storage import sources
from offline_transfer.transfers.accounting import Accounting, Fail, Skip
from offline_transfer.types import PortableKind

LFS_MAP = "lfs_objects.json"
MAP_BYTES = 256 * 1024 * 1024

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class FileDestination:
    """Whose files they are, and where this instance keeps files."""

    kind: PortableKind
    portable_id: int
    default_branch: str | None
    database: Database
    repositories: Repositories
    files: Files
    spool: Attempts


@dataclass(slots=True)
class FileResult:
    """What became of the files of one object."""

    accounting: Accounting
    failures: list[Failure]

    def failed(self, path: str, reason: Fail, message: str, title: str, *, count: int = 1) -> None:
        """Counts a file that failed, or as many refs as were in it, and keeps why."""
        self.accounting.failed(path, reason, count)
        self.failures.append(Failure(path, None, reason, message, title[:200]))


Pipeline = Callable[[FileDestination, SourceObject, FileResult], None]


def repository(destination: FileDestination, source: SourceObject, result: FileResult) -> None:
    """The Git repository of a project, from a bundle; without a bundle it is empty."""
    _single_repository(destination, source, result, "repository")


def wiki(destination: FileDestination, source: SourceObject, result: FileResult) -> None:
    """The wiki of a project or group."""
    _single_repository(destination, source, result, "wiki")


def design(destination: FileDestination, source: SourceObject, result: FileResult) -> None:
    """The design repository of a project."""
    _single_repository(destination, source, result, "design")


def snippets_repository(destination: FileDestination, source: SourceObject, result: FileResult) -> None:
    """The repositories of snippets: one bundle each, named by a digest of the snippet."""
    with source.members() as members:
        for member in members:
            digest = member.name.removesuffix(".bundle")
            snippet_id = _snippet_by_digest(destination, digest)
            if snippet_id is None:
                result.accounting.skipped("snippets_repository", Skip.NOT_FOUND)
                continue
            path = RepositoryPath(RepositoryKind.SNIPPET, snippet_id)
            _restore(destination, member, result, ("snippets_repository", path))


def uploads(destination: FileDestination, source: SourceObject, result: FileResult) -> None:
    """Attachments and the avatar; their secrets stay, so that links in texts still work."""
    model = "Project" if destination.kind is PortableKind.PROJECT else "Namespace"
    with source.members() as members:
        for member in members:
            folder, _, name = member.name.rpartition("/")
            try:
                _store_upload(destination, member, (model, folder, name))
                result.accounting.imported("uploads")
            except BadInputError as error:
                result.failed("uploads", Fail.INVALID_VALUE, error.message, ascii(member.name))


def lfs_objects(destination: FileDestination, source: SourceObject, result: FileResult) -> None:
    """Large files: stored by the hash that was computed here, linked only when the archive brought the bytes."""
    stored: dict[str, int] = {}
    types: Mapping[str, object] = {}
    with source.members() as members:
        for member in members:
            if member.name == LFS_MAP:
                types = _lfs_types(member)
                continue
            try:
                file = destination.files.store_lfs(member.name, sources.once(member.blocks))
            except BadInputError as error:
                result.failed("lfs_objects", Fail.INVALID_VALUE, error.message, ascii(member.name))
                continue
            stored[member.name] = _lfs_row(destination, member.name, (file.size, file.key))
            result.accounting.imported("lfs_objects")
    for oid in types:
        if oid not in stored and not any(failure.title == ascii(oid) for failure in result.failures):
            result.failed("lfs_objects", Fail.GAP, "its contents are not in the archive", ascii(oid))
    _link_lfs(destination, stored, types)


PIPELINES: Mapping[str, Pipeline] = MappingProxyType(
    {
        "repository": repository,
        "wiki": wiki,
        "design": design,
        "snippets_repository": snippets_repository,
        "uploads": uploads,
        "lfs_objects": lfs_objects,
    }
)


def _single_repository(destination: FileDestination, source: SourceObject, result: FileResult, relation: str) -> None:
    path = RepositoryPath.of_relation(relation, destination.kind, destination.portable_id)
    assert path is not None
    with source.members() as members:
        found = False
        for member in members:
            if found or member.name != f"{relation}.bundle":
                result.accounting.skipped(relation, Skip.NO_PLACE)
                continue
            found = True
            _restore(destination, member, result, (relation, path), announced=source.records)
    if not found and path.kind is RepositoryKind.PROJECT and not destination.repositories.exists(path):
        destination.repositories.create(path)


def _restore(
    destination: FileDestination,
    member: FileMember,
    result: FileResult,
    what: tuple[str, RepositoryPath],
    *,
    announced: int | None = None,
) -> None:
    """Puts a repository in place; of one that is refused, the refs that were announced have failed."""
    relation, path = what
    branch = destination.default_branch if path.kind is RepositoryKind.PROJECT else None
    with _spooled(destination, member) as bundle:
        try:
            restored = destination.repositories.restore(path, bundle, default_branch=branch)
        except BadInputError as error:
            result.failed(relation, Fail.INVALID_VALUE, error.message, ascii(member.name), count=announced or 1)
            return
    if restored.kept:
        result.accounting.imported(relation, restored.kept)
    if restored.dropped:
        result.accounting.skipped(relation, Skip.INTERNAL_REF, restored.dropped)


@contextmanager
def _spooled(destination: FileDestination, member: FileMember) -> Iterator[Path]:
    with destination.spool.begin() as directory:
        place = directory / "bundle"
        try:
            with place.open("xb") as file:
                for block in member.blocks:
                    file.write(block)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise BundleSpoolFullError(name=ascii(member.name)[1:-1], directory=destination.spool.directory) from None
        yield place


def _snippet_by_digest(destination: FileDestination, digest: str) -> int | None:
    with destination.database.session() as session:
        snippets = session.execute(
            select(Snippet.id, Snippet.title, Snippet.description, Snippet.created_at, Snippet.updated_at)
            .where(Snippet.project_id == destination.portable_id)
            .order_by(Snippet.id)
        )
        for snippet_id, title, description, created_at, updated_at in snippets:
            if snippet_digest.hexdigest(title, description, created_at, updated_at) == digest:
                return int(snippet_id)
    return None


def _store_upload(destination: FileDestination, member: FileMember, what: tuple[str, str, str]) -> None:
    model, folder, name = what
    is_avatar = folder == "avatar"
    place = UploadPlace(
        model_type=model,
        model_id=destination.portable_id,
        name=name,
        secret=None if is_avatar or not folder else folder,
        mount_point="avatar" if is_avatar else None,
    )
    stored = destination.files.store_upload(place, sources.once(member.blocks))
    values = {
        "size": stored.size,
        "path": _upload_path(destination, place),
        "checksum": stored.sha256,
        "model_id": destination.portable_id,
        "model_type": model,
        "uploader": "AvatarUploader" if is_avatar else "FileUploader",
        "secret": place.secret,
        "mount_point": place.mount_point,
        "storage_key": stored.key,
    }
    with destination.database.session() as session:
        session.execute(insert(Upload).values(values).on_conflict_do_nothing())
        if is_avatar:
            table = Project if destination.kind is PortableKind.PROJECT else Namespace
            session.execute(update(table).where(table.id == destination.portable_id).values(avatar=name))


def _upload_path(destination: FileDestination, place: UploadPlace) -> str:
    """What GitLab keeps in `uploads.path`; the contents lie elsewhere, under a key of ours."""
    if place.mount_point is not None:
        return f"uploads/-/system/{destination.kind}/{place.mount_point}/{destination.portable_id}/{place.name}"
    return f"{place.secret}/{place.name}" if place.secret else place.name


def _lfs_types(member: FileMember) -> Mapping[str, object]:
    data = bytearray()
    for block in member.blocks:
        data += block
        if len(data) > MAP_BYTES:
            return {}
    try:
        types = orjson.loads(bytes(data))
    except orjson.JSONDecodeError:
        return {}
    return types if isinstance(types, dict) else {}


def _lfs_row(destination: FileDestination, oid: str, file: tuple[int, str]) -> int:
    with destination.database.session() as session:
        size, key = file
        session.execute(insert(LfsObject).values(oid=oid, size=size, storage_key=key).on_conflict_do_nothing())
        return session.scalars(select(LfsObject.id).where(LfsObject.oid == oid)).one()


def _link_lfs(destination: FileDestination, stored: Mapping[str, int], types: Mapping[str, object]) -> None:
    known = {member.value for member in LfsRepositoryType}
    rows = []
    for oid, object_id in stored.items():
        given = types.get(oid, [LfsRepositoryType.project.value])
        for kind in given if isinstance(given, list) else [LfsRepositoryType.project.value]:
            kind = (
                LfsRepositoryType[kind].value
                if isinstance(kind, str) and kind in LfsRepositoryType.__members__
                else kind
            )
            rows.append(
                {
                    "lfs_object_id": object_id,
                    "project_id": destination.portable_id,
                    "repository_type": kind if isinstance(kind, int) and kind in known else None,
                }
            )
    if rows:
        with destination.database.session() as session:
            session.execute(insert(LfsObjectsProject).values(rows).on_conflict_do_nothing())
