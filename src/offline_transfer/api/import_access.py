"""What endpoints of imports have in common: who may use them, their bodies, and what services work with."""

from dataclasses import replace
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from offline_transfer.api import access, bodies
from offline_transfer.api.access import Reader, Writer
from offline_transfer.api.service import Service, TheService
from offline_transfer.api.stores import asked
from offline_transfer.forge import application_settings
from offline_transfer.forge.access import Actor
from offline_transfer.importing.context import ImportContext
from offline_transfer.jobs import contexts
from offline_transfer.types import JsonObject


def _reader(actor: Reader, service: TheService) -> Actor:
    access.require_imports(service)
    return actor


def _writer(actor: Writer, service: TheService) -> Actor:
    access.require_imports(service)
    return actor


ImportReader: TypeAlias = Annotated[Actor, Depends(_reader)]
ImportWriter: TypeAlias = Annotated[Actor, Depends(_writer)]


async def _body(request: Request, _: ImportWriter) -> JsonObject:
    """A body is read only when it is known whose it is."""
    return await bodies.read_object(request)


Body: TypeAlias = Annotated[JsonObject, Depends(_body)]


def count(service: Service, actor: Actor) -> None:
    """One more import is asked for. Raises TooManyRequestsError."""
    with service.instance.database.session() as session:
        most = application_settings.read(session, service.instance.settings).offline_import_requests_per_minute
    assert actor.id is not None
    service.limits.count_import(actor.id, most=most)


def context(service: Service) -> ImportContext:
    """What services of imports work with."""
    (made,) = contexts.importing(service.instance)
    return replace(made, open_storage=asked)
