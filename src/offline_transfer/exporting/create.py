"""Takes an export on: what cannot be exported, or not be written where it should go, is refused here, before a row is written."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from offline_transfer import queue
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.exporting import names, places
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.entities import add_chosen, choose
from offline_transfer.exporting.errors import InvalidBatchSizeError
from offline_transfer.exporting.request import ExportRequest
from offline_transfer.forge import application_settings, source_hostname
from offline_transfer.forge.access import Actor
from offline_transfer.forge.application_settings import ApplicationSettings
from offline_transfer.settings import LARGEST_BATCH_SIZE
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport
from offline_transfer.transfers.places import keep, require_allowed
from offline_transfer.types import JsonObject


@dataclass(frozen=True, slots=True)
class CreatedExport:
    """An export that was taken on: its id, the directory that it will write, and under which name the source will be known."""

    id: int
    prefix: ExportPrefix
    source_hostname: str


def create_export(context: ExportContext, request: ExportRequest) -> CreatedExport:
    """Write the rows of an export and defer its job.

    The order in which things are refused is GitLab's: what was named, then the configuration, then the store. Raises what
    `entities.choose`, `source_hostname.checked`, `StorageConfiguration.test_connection` and `EncryptionRequest.prepare` raise,
    InvalidBatchSizeError, AdministratorsOnlyError.
    """
    with context.database.session() as session:
        choose(session, request.entities, request.actor)
        said = application_settings.read(session, context.settings)
    hostname = _hostname(context, request, said)
    batch_size = batch_size_of(context, request, said)
    # The store answers when it likes, and a passphrase takes seconds: no transaction waits for them.
    require_storage(context, request.storage, request.actor)
    storage = places.with_proof(context, request.storage)
    encryption = _prepared(request)
    prefix = ExportPrefix.generate(datetime.now(UTC))
    with context.database.session() as session:
        chosen = choose(session, request.entities, request.actor)
        export = OfflineExport(
            user_id=request.actor.id,
            batch_size=batch_size,
            entities=[one.to_json() for one in chosen],
            encryption=encryption,
        )
        session.add(export)
        session.flush()
        configuration = OfflineConfiguration(
            offline_export_id=export.id, export_prefix=str(prefix), source_hostname=hostname
        )
        keep(session, context.vault, configuration, storage)
        add_chosen(session, export)
        queue.defer(session, names.EXPORT, offline_export_id=export.id)
        return CreatedExport(export.id, prefix, hostname)


def require_storage(context: ExportContext, storage: StorageConfiguration, actor: Actor) -> None:
    """Raise what keeps this actor from having something written to this place; asks the store, which takes up to some seconds."""
    require_allowed(storage, actor)
    storage.test_connection(context.egress)


def _hostname(context: ExportContext, request: ExportRequest, said: ApplicationSettings) -> str:
    given = None if request.source_hostname is None else source_hostname.checked(request.source_hostname)
    if said.offline_transfer_source_hostname is not None:
        return source_hostname.checked(said.offline_transfer_source_hostname)
    return given or source_hostname.of_instance(context.settings.instance_url)


def batch_size_of(context: ExportContext, request: ExportRequest, said: ApplicationSettings) -> int:
    """How many records or files go into one object. Raises InvalidBatchSizeError."""
    if request.batch_size is None:
        return said.relation_export_batch_size or context.settings.batch_size
    if not 1 <= request.batch_size <= LARGEST_BATCH_SIZE:
        raise InvalidBatchSizeError(size=request.batch_size, largest=LARGEST_BATCH_SIZE)
    return request.batch_size


def _prepared(request: ExportRequest) -> JsonObject | None:
    """What the row keeps: nothing secret, since the identity in it is closed by the passphrase."""
    if request.encryption is None and request.signed_by is None:
        return None
    prepared = None if request.encryption is None else request.encryption.prepare()
    identity = None if prepared is None else prepared.identity
    return {
        "encryption": None if prepared is None else prepared.encryption.to_json(),
        "identity": None if identity is None else base64.b64encode(identity).decode(),
        "signed_by": request.signed_by,
    }
