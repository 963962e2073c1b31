"""A page that shows the OpenAPI document to people. It loads nothing from elsewhere, for there may be no elsewhere."""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from offline_transfer.api import openapi
from offline_transfer.api.reference import Reference

PAGE_POLICY: Final = (
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
    document = openapi.document(request.app)
    page = _TEMPLATES.get_template("reference.html").render(info=document["info"], reference=Reference(document))
    return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY})
