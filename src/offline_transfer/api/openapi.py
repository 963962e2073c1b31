"""The OpenAPI document."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from offline_transfer import __version__
from offline_transfer.api import answers
from offline_transfer.api.validation import Parameters

PREFIX: Final = "/api/v4"
TAGS: Final = (
    {"name": "offline_exports", "description": "Exports of groups and projects into archives on object storage."},
    {"name": "offline_imports", "description": "Imports of groups and projects from archives on object storage."},
    {"name": "bulk_imports", "description": "How imports go on, and what became of everything in them."},
    {"name": "instance", "description": "What clients ask of an instance before anything else."},
    {"name": "health", "description": "For load balancers and monitoring."},
)
SECURITY: Final[Mapping[str, Any]] = {
    "PrivateToken": {"type": "apiKey", "in": "header", "name": "PRIVATE-TOKEN"},
    "Bearer": {"type": "http", "scheme": "bearer"},
}
DESCRIPTION: Final = (
    "Exports groups and projects of this instance into archives on object storage, and imports them from there. Paths, parameters,"
    " fields and statuses are those of GitLab where it has them."
)
_UNTOLD: Final = "Successful Response"
# FastAPI announces its own answer to parameters that are not valid; ours is another.
_NOT_OURS: Final = ("HTTPValidationError", "ValidationError")

router = APIRouter(prefix=PREFIX, include_in_schema=False)


@router.get("/openapi.json")
def show_document(request: Request) -> Response:
    """The document itself; it is no secret."""
    return answers.json_answer(document(request.app))


def body(model: type[Parameters], *, is_required: bool = True) -> dict[str, Any]:
    """What the document says of a body that a handler reads by itself."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": is_required, "content": {"application/json": {"schema": schema}}}}


def document(app: FastAPI) -> dict[str, Any]:
    """The document of an application."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title="offline-transfer", version=__version__, description=DESCRIPTION, routes=app.routes, tags=list(TAGS)
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _NOT_OURS:
        schemas.pop(name, None)
    components["securitySchemes"] = dict(SECURITY)
    for path, operations in made["paths"].items():
        for operation in operations.values():
            _tidy(operation, schemas, is_open=not path.startswith(PREFIX))
    return made


def _tidy(operation: dict[str, Any], schemas: dict[str, Any], *, is_open: bool) -> None:
    responses = operation["responses"]
    for status in [status for status, response in responses.items() if _is_not_ours(response)]:
        del responses[status]
    for status, response in responses.items():
        if response["description"] == _UNTOLD:
            response["description"] = f"{HTTPStatus(int(status)).phrase}."
    operation["responses"] = dict(sorted(responses.items()))
    if not is_open:
        operation["security"] = [{name: []} for name in SECURITY]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schemas |= content["schema"].pop("$defs", {})


def _is_not_ours(response: Mapping[str, Any]) -> bool:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).rpartition("/")[2] in _NOT_OURS
