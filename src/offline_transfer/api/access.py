"""Who asks: the token of a request, and what it is good for."""

from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from offline_transfer.api.errors import HiddenError
from offline_transfer.api.service import TheService
from offline_transfer.forge import access, application_settings
from offline_transfer.forge.access import Actor
from offline_transfer.forge.errors import NotSignedInError
from offline_transfer.forge.tokens import Scope

_BEARER = "bearer "


def token_of(request: Request) -> str:
    """The token in the headers of a request; empty when there is none."""
    private = request.headers.get("private-token")
    if private is not None:
        return private
    authorization = request.headers.get("authorization", "")
    is_bearer = authorization[: len(_BEARER)].lower() == _BEARER
    return authorization[len(_BEARER) :].strip() if is_bearer else ""


def signed_in(request: Request, service: TheService) -> Actor:
    """The user whose token came along.

    Raises NotSignedInError and its kin, and TooManyFailedLoginsError when an address brings too many tokens that are none. A good
    token is accepted from there all the same: others may stand behind the same address.
    """
    try:
        with service.instance.database.session() as session:
            actor = access.authenticate(session, token_of(request))
    except NotSignedInError:
        service.limits.count_failed_login(request.client.host if request.client else "")
        raise
    request.state.user_id = actor.id
    return actor


def reader(actor: Annotated[Actor, Depends(signed_in)]) -> Actor:
    """Somebody who may look. Raises ScopeMissingError."""
    access.require_scope(actor, Scope.READ_API)
    return actor


def writer(actor: Annotated[Actor, Depends(signed_in)]) -> Actor:
    """Somebody who may have things done. Raises ScopeMissingError."""
    access.require_scope(actor, Scope.API)
    return actor


def require_exports(service: TheService) -> None:
    """Raise HiddenError unless exports are switched on. They are looked for only after the token."""
    with service.instance.database.session() as session:
        if not application_settings.read(session, service.instance.settings).offline_transfer_exports_enabled:
            raise HiddenError


def require_imports(service: TheService) -> None:
    """Raise HiddenError unless imports are switched on. They are looked for only after the token."""
    with service.instance.database.session() as session:
        if not application_settings.read(session, service.instance.settings).offline_transfer_imports_enabled:
            raise HiddenError


Reader: TypeAlias = Annotated[Actor, Depends(reader)]
Writer: TypeAlias = Annotated[Actor, Depends(writer)]
