"""A page that shows the OpenAPI document to people. It loads nothing from elsewhere, for there may be no elsewhere."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from offline_transfer.api import openapi

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_TEMPLATES: Final = Environment(
    loader=PackageLoader("offline_transfer.api"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

router = APIRouter(prefix=openapi.PREFIX, include_in_schema=False)


@router.get("/docs")
def show_page(request: Request) -> Response:
    """Every endpoint with its parameters and answers."""
    page = _TEMPLATES.get_template("reference.html").render(document=openapi.document(request.app), type_of=type_of)
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


def type_of(schema: dict[str, Any]) -> str:
    """The type of a value in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(type_of(item) for item in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(repr(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {type_of(schema['items'])}"
    return str(schema.get("format", schema.get("type", "anything")))
