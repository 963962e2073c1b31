"""Writes the relations that are files: repositories as Git bundles, uploads and LFS objects, each in a tar."""

import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from offline_transfer.archive.keys import Extension
from offline_transfer.archive.tar_names import MemberNames
from offline_transfer.archive.tarball import Member
from offline_transfer.exporting import named_files
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.errors import PortableGoneError
from offline_transfer.exporting.portables import exists_now
from offline_transfer.exporting.tasks import Gap, Task, Written
from offline_transfer.forge.attachments import LfsObject, Upload
from offline_transfer.forge.errors import GitFailedError
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.storage.sources import from_bytes, from_file
from offline_transfer.transfers.lease import watched

LFS_MAP: Final = "lfs_objects.json"


def write_snippets(context: ExportContext, task: Task) -> Written:
    """A bundle for every snippet that has a repository, named by GitLab's digest of the snippet."""
    read_at = datetime.now(UTC)
    with context.database.session() as session:
        named, gaps = named_files.snippets(session, context.repositories, task.portable.id)
    with tempfile.TemporaryDirectory(prefix="offline-transfer-") as directory:
        bundles = _SnippetBundles(context, Path(directory) / "bundle", named)
        key = task.key(Extension.TAR)
        stored = task.destination.put_tar(key, bundles.members, context.limits)
    _require_portable(context, task)
    return Written(
        key=key,
        stored=stored,
        records={task.relation: bundles.refs},
        read_at=read_at,
        gaps=[*gaps, *bundles.gaps],
    )


def write_uploads(context: ExportContext, task: Task) -> Written:
    """Attachments below their secrets, and the avatar."""
    read_at = datetime.now(UTC)
    with context.database.session() as session:
        uploads = named_files.uploads(session, Upload.id.in_(task.record_ids))
    return _write_files(context, task, [(upload.name, upload.storage_key) for upload in uploads], read_at=read_at)


def write_lfs_objects(context: ExportContext, task: Task) -> Written:
    """LFS objects named by their hashes, and which kinds of repository use each."""
    read_at = datetime.now(UTC)
    with context.database.session() as session:
        found = named_files.lfs_objects(session, task.portable.id, LfsObject.id.in_(task.record_ids))
    fixed = [Member(name=LFS_MAP, size=len(found.types), open=from_bytes(found.types))]
    return _write_files(context, task, found.files, read_at=read_at, fixed=fixed)


def write_repository(context: ExportContext, task: Task) -> Written:
    """A repository, wiki or design repository: a tar with one bundle; without one where there is nothing in it."""
    read_at = datetime.now(UTC)
    path = RepositoryPath.of_relation(task.relation, task.portable.kind, task.portable.id)
    assert path is not None
    key = task.key(Extension.TAR)
    with tempfile.TemporaryDirectory(prefix="offline-transfer-") as directory:
        bundle = Path(directory) / "bundle"
        refs = context.repositories.bundle(path, bundle) if context.repositories.exists(path) else 0
        members = [_member(f"{task.relation}.bundle", bundle)] if refs else []
        stored = task.destination.put_tar(key, lambda: members, context.limits)
    _require_portable(context, task)
    return Written(key=key, stored=stored, records={task.relation: refs}, read_at=read_at)


class _SnippetBundles:
    """Makes one bundle at a time, when its turn comes."""

    def __init__(self, context: ExportContext, bundle: Path, named: list[tuple[str, int]]) -> None:
        self._context = context
        self._bundle = bundle
        self._named = named
        self.refs = 0
        self.gaps: list[Gap] = []

    def members(self) -> Iterator[Member]:
        self.refs = 0
        self.gaps = []
        for digest, snippet_id in self._named:
            self._bundle.unlink(missing_ok=True)
            path = RepositoryPath(RepositoryKind.SNIPPET, snippet_id)
            try:
                refs = self._context.repositories.bundle(path, self._bundle)
            except GitFailedError as error:
                self.gaps.append(Gap(name=f"snippet {snippet_id}", reason=error.message))
                continue
            if refs:
                self.refs += refs
                yield _member(f"{digest}.bundle", self._bundle)


def _write_files(
    context: ExportContext,
    task: Task,
    files: Iterable[tuple[str, str]],
    *,
    read_at: datetime,
    fixed: Iterable[Member] = (),
) -> Written:
    """A tar of files of the store, given by name and storage key; those that it cannot hold are gaps."""
    key = task.key(Extension.TAR)
    names = MemberNames(context.limits, str(key))
    members: list[Member] = []
    gaps: list[Gap] = []
    for name, storage_key in watched(files, task.lease):
        match named_files.member(context.files, names, name, storage_key):
            case Member() as member:
                members.append(member)
            case Gap() as gap:
                gaps.append(gap)
    everything = sorted([*members, *fixed], key=lambda member: member.name)
    stored = task.destination.put_tar(key, lambda: everything, context.limits)
    _require_portable(context, task)
    return Written(key=key, stored=stored, records={task.relation: len(members)}, read_at=read_at, gaps=gaps)


def _require_portable(context: ExportContext, task: Task) -> None:
    """Raise PortableGoneError when the group or project is no longer there: its files would seem to be none."""
    with context.database.session() as session:
        if not exists_now(session, task.portable):
            raise PortableGoneError(portable=f"{task.portable.kind} {task.portable.path}")


def _member(name: str, file: Path) -> Member:
    return Member(name=name, size=file.stat().st_size, open=from_file(file))
