"""Offline imports: GitLab's endpoint that starts one."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from offline_transfer.api import answers, described, import_access, import_lookup, openapi
from offline_transfer.api.import_access import Body, ImportWriter
from offline_transfer.api.import_documents import BulkImport, Plan
from offline_transfer.api.import_requests import ImportParameters, keys_of, wanted_of
from offline_transfer.api.requests import storage_of
from offline_transfer.api.service import TheService
from offline_transfer.api.validation import checked
from offline_transfer.importing.create import create_import
from offline_transfer.importing.dry_run import plan_import
from offline_transfer.importing.request import ImportRequest

router = APIRouter(
    prefix=f"{openapi.PREFIX}/offline_imports",
    tags=["offline_imports"],
    responses={**described.SIGNED_IN, **described.HIDDEN},
)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=BulkImport,
    responses={**described.BODY, 200: {"model": Plan, "description": "Of a dry run: what the import would do."}},
    openapi_extra=openapi.body(ImportParameters),
)
def create_offline_import(request: Request, actor: ImportWriter, service: TheService, body: Body) -> Response:
    """Start an import. Everything is looked at before anything is written: the parameters, whether the user may import there (as
    an owner of the group), whether the store lets us in, the version and the signature of the archive,
    and whether all of its objects are there in their size. Their hashes are compared with the manifest before the first record."""
    said = checked(ImportParameters, body)
    storage, keys = storage_of(body), keys_of(said.decryption)
    import_access.count(service, actor)
    wanted = ImportRequest(
        wanted=wanted_of(said), storage=storage, export_prefix=said.export_prefix, decryption=keys, actor=actor
    )
    if said.dry_run:
        return answers.json_answer(plan_import(import_access.context(service), wanted).to_json())
    import_id = create_import(import_access.context(service), wanted)
    with service.instance.database.session() as session:
        found = import_lookup.bulk_import(session, actor, import_id)
    return answers.document(request, found, status=HTTPStatus.CREATED)
