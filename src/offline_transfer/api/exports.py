"""Offline exports: GitLab's three endpoints, and ours to look closer, to cancel and to try again."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from offline_transfer.api import access, answers, bodies, described, lookup, openapi
from offline_transfer.api.access import Reader, Writer
from offline_transfer.api.documents import Export, Relation
from offline_transfer.api.paging import ThePage
from offline_transfer.api.requests import ExportParameters, RetryParameters, storage_of
from offline_transfer.api.service import Service, TheService
from offline_transfer.api.stores import asked
from offline_transfer.api.validation import checked
from offline_transfer.archive.encryption import EncryptionRequest
from offline_transfer.exporting import control
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.create import create_export
from offline_transfer.exporting.request import ExportRequest, RequestedEntity
from offline_transfer.forge import application_settings
from offline_transfer.forge.access import Actor
from offline_transfer.jobs import contexts
from offline_transfer.transfers.models import OfflineExport
from offline_transfer.transfers.states import ExportState
from offline_transfer.types import JsonObject

CONFLICT: Final[described.Described] = {
    409: {"model": described.Failed, "description": "The export is not in a state in which this can be done."}
}

router = APIRouter(
    prefix=f"{openapi.PREFIX}/offline_exports",
    tags=["offline_exports"],
    responses={**described.SIGNED_IN, **described.HIDDEN},
)


Sort: TypeAlias = Literal["asc", "desc"]
Status: TypeAlias = Literal["created", "started", "finished", "failed", "timeout", "canceled"]


def _reader(actor: Reader, service: TheService) -> Actor:
    access.require_exports(service)
    return actor


def _writer(actor: Writer, service: TheService) -> Actor:
    access.require_exports(service)
    return actor


ExportReader: TypeAlias = Annotated[Actor, Depends(_reader)]
ExportWriter: TypeAlias = Annotated[Actor, Depends(_writer)]


async def _body(request: Request, _: ExportWriter) -> JsonObject:
    """A body is read only when it is known whose it is."""
    return await bodies.read_object(request)


Body: TypeAlias = Annotated[JsonObject, Depends(_body)]
ExportId: TypeAlias = Annotated[int, Path(alias="id", description="The number of the export.")]


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=Export,
    responses=described.BODY,
    openapi_extra=openapi.body(ExportParameters),
)
def create_offline_export(request: Request, actor: ExportWriter, service: TheService, body: Body) -> Response:
    """Start an export. Everything is looked at before anything is written: the parameters, whether the user may export what is
    named (an owner of a group, a maintainer of a project), and whether the store lets us in."""
    said = checked(ExportParameters, body)
    storage = storage_of(body)
    _count(service, actor)
    wanted = ExportRequest(
        entities=[RequestedEntity(**entity.model_dump()) for entity in said.entities],
        storage=storage,
        source_hostname=said.source_hostname,
        encryption=_encryption(said),
        batch_size=said.batch_size,
        actor=actor,
    )
    created = create_export(_context(service), wanted)
    with service.instance.database.session() as session:
        found = lookup.export(session, actor, created.id)
    return answers.document(request, found, status=HTTPStatus.CREATED)


@router.get(
    "",
    response_model=list[Export],
    responses={**described.PARAMETERS, **described.NOT_MODIFIED, 200: {"headers": described.PAGED}},
)
def list_offline_exports(
    request: Request,
    actor: ExportReader,
    service: TheService,
    page: ThePage,
    sort: Annotated[Sort, Query(description="By the time of creation.")] = "desc",
    status: Annotated[Status | None, Query(description="Only those in this state.")] = None,
) -> Response:
    """The user's own exports."""
    columns = (OfflineExport.created_at, OfflineExport.id)
    order = [column.asc() if sort == "asc" else column.desc() for column in columns]
    state = None if status is None else ExportState[status]
    with service.instance.database.session() as session:
        found, total = lookup.exports(session, actor, page, state=state, order=order)
    return answers.document(request, found, headers=page.headers(request.url, total))


@router.get("/{id}", response_model=Export, responses={**described.PARAMETERS, **described.NOT_MODIFIED})
def show_offline_export(request: Request, actor: ExportReader, service: TheService, export_id: ExportId) -> Response:
    """One of the user's own exports, and how far it is. Poll it with the `ETag` of the answer before."""
    with service.instance.database.session() as session:
        return answers.document(request, lookup.export(session, actor, export_id))


@router.get(
    "/{id}/relations",
    response_model=list[Relation],
    responses={**described.PARAMETERS, **described.NOT_MODIFIED, 200: {"headers": described.PAGED}},
)
def list_offline_export_relations(
    request: Request, actor: ExportReader, service: TheService, export_id: ExportId, page: ThePage
) -> Response:
    """How far each relation of each group and project is, by full path."""
    with service.instance.database.session() as session:
        lookup.require_own(session, actor, export_id)
        found, total = lookup.relations(session, export_id, page)
    return answers.document(request, found, headers=page.headers(request.url, total))


@router.post("/{id}/cancel", response_model=Export, responses={**described.PARAMETERS, **CONFLICT})
def cancel_offline_export(request: Request, actor: ExportWriter, service: TheService, export_id: ExportId) -> Response:
    """End an export that is not wanted any more. What it has written stays, and is no archive."""
    with service.instance.database.session() as session:
        lookup.require_own(session, actor, export_id)
        control.cancel(session, export_id)
    with service.instance.database.session() as session:
        return answers.document(request, lookup.export(session, actor, export_id))


@router.post(
    "/{id}/retry",
    response_model=Export,
    responses={**described.BODY, **CONFLICT},
    openapi_extra=openapi.body(RetryParameters, is_required=False),
)
def retry_offline_export(
    request: Request, actor: ExportWriter, service: TheService, export_id: ExportId, body: Body
) -> Response:
    """Do again what did not finish of an export that failed, was canceled, timed out or has failures, into the same directory. The
    store has to be named again when its credentials were removed, a day after the end."""
    checked(RetryParameters, body)
    storage = storage_of(body) if body else None
    with service.instance.database.session() as session:
        lookup.require_own(session, actor, export_id)
    _count(service, actor)
    control.retry(_context(service), export_id, storage=storage, actor=actor)
    with service.instance.database.session() as session:
        return answers.document(request, lookup.export(session, actor, export_id))


def _count(service: Service, actor: Actor) -> None:
    with service.instance.database.session() as session:
        most = application_settings.read(session, service.instance.settings).offline_export_requests_per_minute
    assert actor.id is not None
    service.limits.count_export(actor.id, most=most)


def _context(service: Service) -> ExportContext:
    (context,) = contexts.export(service.instance)
    return replace(context, open_storage=asked)


def _encryption(said: ExportParameters) -> EncryptionRequest | None:
    if said.encryption is None:
        return None
    return EncryptionRequest(tuple(said.encryption.recipients or ()), said.encryption.passphrase)
