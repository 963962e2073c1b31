"""LFS objects: the contents first, then the object's row, then its links to the project."""

from collections.abc import Iterator, Mapping

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from offline_transfer.db import psycopg_connection
from offline_transfer.errors import BadInputError
from offline_transfer.forge import lfs_objects
from offline_transfer.forge.attachments import LfsObject, LfsObjectsProject
from offline_transfer.forge.enums import LfsRepositoryType
from offline_transfer.importing.pipeline import FileDestination, PipelineContext
from offline_transfer.importing.source import FileMember
from offline_transfer.storage import sources
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Fail

LFS_MAP = "lfs_objects.json"
MAP_BYTES = 256 * 1024 * 1024


def store_lfs_objects(context: PipelineContext, members: Iterator[FileMember]) -> None:
    """Large files: stored by the hash that was computed here, linked only when the archive brought the bytes."""
    stored: dict[str, int] = {}
    brought = 0
    refused: set[str] = set()
    types: Mapping[str, object] = {}
    lfs_objects.keep_unused(context.connection)
    for member in members:
        if member.name == LFS_MAP:
            types = _types(member)
            continue
        try:
            stored[member.name] = _store(context.work.destination, member)
        except BadInputError as error:
            refused.add(member.name)
            context.failed(Fail.INVALID_VALUE, error.message, title=ascii(member.name))
        else:
            brought += 1
    for oid in types:
        if oid not in stored and oid not in refused:
            context.failed(Fail.GAP, "its contents are not in the archive", title=ascii(oid))
    _link(context, stored, types)
    # Without its links the project has none of them.
    if brought:
        context.accounting.imported(context.relation, brought)


def _store(destination: FileDestination, member: FileMember) -> int:
    """The contents and the row of an object, which may be there for another project; gives the row's id."""
    file = destination.files.store_lfs(member.name, sources.once(member.blocks))
    values = {"oid": member.name, "size": file.size, "storage_key": file.key}
    with destination.database.session() as session:
        session.execute(insert(LfsObject).values(values).on_conflict_do_nothing())
        return session.scalars(select(LfsObject.id).where(LfsObject.oid == member.name)).one()


def _types(member: FileMember) -> Mapping[str, object]:
    """Which kinds of repository use each object; nothing where that cannot be read."""
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


def _link(context: PipelineContext, stored: Mapping[str, int], types: Mapping[str, object]) -> None:
    destination = context.work.destination
    rows = [
        {"lfs_object_id": object_id, "project_id": destination.portable_id, "repository_type": kind}
        for oid, object_id in stored.items()
        for kind in _kinds(types.get(oid))
    ]
    if rows:
        with destination.database.session() as session:
            ledger.hold(psycopg_connection(session), context.batch.claim)
            session.execute(insert(LfsObjectsProject).values(rows).on_conflict_do_nothing())


def _kinds(given: object) -> Iterator[int | None]:
    """The kinds of repository that use an object, by name or number; the project's own when nobody says."""
    known = {member.value for member in LfsRepositoryType}
    for kind in given if isinstance(given, list) else [LfsRepositoryType.project.value]:
        if isinstance(kind, str) and kind in LfsRepositoryType.__members__:
            kind = LfsRepositoryType[kind].value
        yield kind if isinstance(kind, int) and kind in known else None
