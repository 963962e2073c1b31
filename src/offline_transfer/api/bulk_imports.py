"""How imports go on: GitLab's endpoints, and ours to look closer, to try again and to take back."""

import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, Literal, TypeAlias

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from offline_transfer.api import answers, described, import_access, import_lookup, openapi
from offline_transfer.api.import_access import Body, ImportReader, ImportWriter
from offline_transfer.api.import_documents import BulkImport, Failure, ImportedEntity
from offline_transfer.api.import_requests import ImportRetryParameters, keys_of, names_store
from offline_transfer.api.pages import PAGE_POLICY
from offline_transfer.api.paging import ThePage
from offline_transfer.api.requests import storage_of
from offline_transfer.api.service import TheService
from offline_transfer.api.validation import checked
from offline_transfer.importing import control, destinations, rollback
from offline_transfer.importing.report import render
from offline_transfer.importing.report.render import ReportFormat
from offline_transfer.transfers import models
from offline_transfer.transfers.states import EntityState, ImportState

router = APIRouter(
    prefix=f"{openapi.PREFIX}/bulk_imports",
    tags=["bulk_imports"],
    responses={**described.SIGNED_IN, **described.HIDDEN},
)

Sort: TypeAlias = Literal["asc", "desc"]
Status: TypeAlias = Literal["created", "started", "finished", "timeout", "failed", "canceled"]
ImportId: TypeAlias = Annotated[int, Path(description="The number of the import.")]
EntityId: TypeAlias = Annotated[int, Path(description="The number of the group or project in the import.")]
TheSort: TypeAlias = Annotated[Sort, Query(description="By the time of creation.")]
TheStatus: TypeAlias = Annotated[Status | None, Query(description="Only those in this state.")]

CONFLICT: Final[described.Described] = {
    409: {"model": described.Failed, "description": "The import is not in a state in which this can be done."}
}
_ONE = {**described.PARAMETERS, **described.NOT_MODIFIED}
_REPORT = {
    **described.PARAMETERS,
    200: {
        "description": "The report.",
        "content": {form.media_type: {"schema": {"type": "string"}} for form in ReportFormat}
        | {ReportFormat.JSON.media_type: {"schema": {"type": "object"}}},
    },
}
_MANY = {**_ONE, 200: {"headers": described.PAGED}}


@router.get("", response_model=list[BulkImport], responses=_MANY)
def list_bulk_imports(
    request: Request,
    actor: ImportReader,
    service: TheService,
    page: ThePage,
    sort: TheSort = "desc",
    status: TheStatus = None,
) -> Response:
    """The user's own imports."""
    columns = (models.BulkImport.created_at, models.BulkImport.id)
    order = [column.asc() if sort == "asc" else column.desc() for column in columns]
    state = None if status is None else ImportState[status]
    with service.instance.database.session() as session:
        found, total = import_lookup.bulk_imports(session, actor, page, state=state, order=order)
    return answers.document(request, found, headers=page.headers(request.url, total))


@router.get("/entities", response_model=list[ImportedEntity], responses=_MANY)
def list_entities_of_all_bulk_imports(
    request: Request,
    actor: ImportReader,
    service: TheService,
    page: ThePage,
    sort: TheSort = "desc",
    status: TheStatus = None,
) -> Response:
    """The groups and projects of all imports of the user."""
    state = None if status is None else EntityState[status]
    with service.instance.database.session() as session:
        found, total = import_lookup.entities(
            session, actor, page, import_id=None, state=state, is_ascending=sort == "asc"
        )
    return answers.document(request, found, headers=page.headers(request.url, total))


@router.get("/{import_id}", response_model=BulkImport, responses=_ONE)
def show_bulk_import(request: Request, actor: ImportReader, service: TheService, import_id: ImportId) -> Response:
    """One of the user's own imports. Poll it with the `ETag` of the answer before."""
    with service.instance.database.session() as session:
        return answers.document(request, import_lookup.bulk_import(session, actor, import_id))


@router.get("/{import_id}/report", response_class=StreamingResponse, responses=_REPORT)
def show_bulk_import_report(
    actor: ImportReader,
    service: TheService,
    import_id: ImportId,
    form: Annotated[
        ReportFormat, Query(alias="format", description="For programs, for spreadsheets, or for people.")
    ] = ReportFormat.JSON,
) -> Response:
    """What the source had and what is here, by group, project and relation, and what failed; so far, while it goes on."""
    with service.instance.database.session() as session:
        import_lookup.require_own(session, actor, import_id)
    headers = {
        "Content-Disposition": f'inline; filename="{render.file_name(import_id, form)}"',
        "Content-Security-Policy": PAGE_POLICY,
        "Cache-Control": answers.PRIVATE,
    }
    blocks = _spooled(render.stream(service.instance.database, import_id, form))
    return StreamingResponse(blocks, media_type=form.media_type, headers=headers)


@router.get("/{import_id}/entities", response_model=list[ImportedEntity], responses=_MANY)
def list_bulk_import_entities(
    request: Request,
    actor: ImportReader,
    service: TheService,
    import_id: ImportId,
    page: ThePage,
    sort: TheSort = "asc",
    status: TheStatus = None,
) -> Response:
    """The groups and projects of an import, in the order in which they were taken on: each before what lies in it."""
    state = None if status is None else EntityState[status]
    with service.instance.database.session() as session:
        import_lookup.require_own(session, actor, import_id)
        found, total = import_lookup.entities(
            session, actor, page, import_id=import_id, state=state, is_ascending=sort == "asc"
        )
    return answers.document(request, found, headers=page.headers(request.url, total))


@router.get("/{import_id}/entities/{entity_id}", response_model=ImportedEntity, responses=_ONE)
def show_bulk_import_entity(
    request: Request, actor: ImportReader, service: TheService, import_id: ImportId, entity_id: EntityId
) -> Response:
    """One group or project of an import, with what became of its records."""
    with service.instance.database.session() as session:
        return answers.document(request, import_lookup.entity(session, actor, import_id, entity_id))


@router.get("/{import_id}/entities/{entity_id}/failures", response_model=list[Failure], responses=_MANY)
def list_bulk_import_entity_failures(
    request: Request,
    actor: ImportReader,
    service: TheService,
    import_id: ImportId,
    entity_id: EntityId,
    page: ThePage,
) -> Response:
    """Every record, object and step of a group or project that failed, and why."""
    with service.instance.database.session() as session:
        import_lookup.require_entity(session, actor, import_id, entity_id)
        found, total = import_lookup.failures(session, entity_id, page)
    return answers.document(request, found, headers=page.headers(request.url, total))


@router.post("/{import_id}/cancel", response_model=BulkImport, responses={**described.PARAMETERS, **CONFLICT})
def cancel_bulk_import(request: Request, actor: ImportWriter, service: TheService, import_id: ImportId) -> Response:
    """End an import that is not wanted any more. What it has made stays."""
    with service.instance.database.session() as session:
        import_lookup.require_own(session, actor, import_id)
        control.cancel(session, import_id)
    with service.instance.database.session() as session:
        return answers.document(request, import_lookup.bulk_import(session, actor, import_id))


@router.post(
    "/{import_id}/retry",
    response_model=BulkImport,
    responses={**described.BODY, **CONFLICT},
    openapi_extra=openapi.body(ImportRetryParameters, is_required=False),
)
def retry_bulk_import(
    request: Request, actor: ImportWriter, service: TheService, import_id: ImportId, body: Body
) -> Response:
    """Do again what did not come of an import that failed, was canceled, timed out or has failures, and nothing else. The store
    and what opens an encrypted archive have to be named again when they were removed, a day after the end."""
    said = checked(ImportRetryParameters, body)
    storage, keys = storage_of(body) if names_store(body) else None, keys_of(said.decryption)
    with service.instance.database.session() as session:
        import_lookup.require_own(session, actor, import_id)
    import_access.count(service, actor)
    control.retry(import_access.context(service), import_id, storage=storage, keys=keys, actor=actor)
    with service.instance.database.session() as session:
        return answers.document(request, import_lookup.bulk_import(session, actor, import_id))


@router.post(
    "/{import_id}/rollback",
    status_code=HTTPStatus.ACCEPTED,
    response_model=BulkImport,
    responses={**described.PARAMETERS, **CONFLICT},
)
def rollback_bulk_import(request: Request, actor: ImportWriter, service: TheService, import_id: ImportId) -> Response:
    """Have everything removed that an import has made, with what people have added to it since. What was there before stays, and so
    does what others share. A worker does it: the groups and projects that are gone have neither `namespace_id` nor `project_id`."""
    with service.instance.database.session() as session:
        import_lookup.require_own(session, actor, import_id)
        destinations.require_removable(session, actor, import_id)
        rollback.request(session, import_id)
    with service.instance.database.session() as session:
        found = import_lookup.bulk_import(session, actor, import_id)
    return answers.document(request, found, status=HTTPStatus.ACCEPTED)


def _spooled(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks by way of a file: whoever reads slowly keeps that open, and no connection of the database."""
    with tempfile.TemporaryFile(prefix="offline-transfer-") as file:
        file.writelines(blocks)
        file.seek(0)
        yield from iter(partial(file.read, render.BLOCK_BYTES), b"")
