"""Uploads: the file first, then its row. An attempt that came too late writes no row, and takes back what nobody wants."""

from collections.abc import Iterator

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert

from offline_transfer.db import psycopg_connection
from offline_transfer.errors import BadInputError
from offline_transfer.forge.attachments import Upload
from offline_transfer.forge.files import UploadPlace
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.importing import schedule
from offline_transfer.importing.pipeline import FileDestination, PipelineContext
from offline_transfer.importing.source import FileMember
from offline_transfer.storage import sources
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.lease import WorkWithdrawnError
from offline_transfer.transfers.states import OPEN_IMPORT
from offline_transfer.types import PortableKind

AVATAR = "avatar"


def store_uploads(context: PipelineContext, members: Iterator[FileMember]) -> None:
    """Attachments and the avatar; their secrets stay, so that links in texts still work."""
    for member in members:
        try:
            _store(context, member)
        except BadInputError as error:
            context.failed(Fail.INVALID_VALUE, error.message, title=ascii(member.name))
        else:
            context.accounting.imported(context.relation)


def _store(context: PipelineContext, member: FileMember) -> None:
    destination = context.work.destination
    folder, _, name = member.name.rpartition("/")
    is_avatar = folder == AVATAR
    place = UploadPlace(
        model_type="Project" if destination.kind is PortableKind.PROJECT else "Namespace",
        model_id=destination.portable_id,
        name=name,
        secret=None if is_avatar or not folder else folder,
        mount_point=AVATAR if is_avatar else None,
    )
    stored = destination.files.store_upload(place, sources.once(member.blocks))
    values = {
        "size": stored.size,
        "path": _upload_path(destination, place),
        "checksum": stored.sha256,
        "model_id": place.model_id,
        "model_type": place.model_type,
        "uploader": "AvatarUploader" if is_avatar else "FileUploader",
        "secret": place.secret,
        "mount_point": place.mount_point,
        "storage_key": stored.key,
    }
    try:
        with destination.database.session() as session:
            ledger.hold(psycopg_connection(session), context.batch.claim)
            session.execute(insert(Upload).values(values).on_conflict_do_nothing())
            if is_avatar:
                table = Project if destination.kind is PortableKind.PROJECT else Namespace
                session.execute(update(table).where(table.id == destination.portable_id).values(avatar=name))
    except WorkWithdrawnError:
        _take_back(context, stored.key)
        raise


def _take_back(context: PipelineContext, key: str) -> None:
    """Remove a file that was written too late, unless a row names it, or a later attempt may be about to write one."""
    with context.work.destination.database.session() as session:
        bulk_import = schedule.lock(session, context.work.entity.bulk_import_id)
        is_named = session.scalar(select(exists().where(Upload.storage_key == key)))
        if not is_named and bulk_import.status not in OPEN_IMPORT:
            context.work.destination.files.delete(key)


def _upload_path(destination: FileDestination, place: UploadPlace) -> str:
    """What GitLab keeps in `uploads.path`; the contents lie elsewhere, under a key of ours."""
    if place.mount_point is not None:
        return f"uploads/-/system/{destination.kind}/{place.mount_point}/{destination.portable_id}/{place.name}"
    return f"{place.secret}/{place.name}" if place.secret else place.name
