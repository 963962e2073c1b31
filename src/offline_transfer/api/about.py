"""What clients ask of an instance before anything else: who they are, and of which version it is."""

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from offline_transfer import __version__
from offline_transfer.api import answers, described, openapi
from offline_transfer.api.access import Reader, reader
from offline_transfer.api.described import Time
from offline_transfer.api.service import TheService
from offline_transfer.archive.metadata import INSTANCE_VERSION
from offline_transfer.forge.users import User
from offline_transfer.types import Edition

router = APIRouter(prefix=openapi.PREFIX, tags=["instance"], responses=described.SIGNED_IN)


class CurrentUser(BaseModel):
    """The user for whom a token stands."""

    id: int
    username: str
    name: str
    state: str
    email: str
    public_email: str | None
    is_admin: bool
    created_at: Time
    web_url: str


class Version(BaseModel):
    """The version of GitLab whose protocol and layout this instance speaks, and its own."""

    version: str = Field(examples=[INSTANCE_VERSION])
    revision: str = Field(description="The version of offline-transfer.", examples=["0.1.0"])


class InstanceMetadata(Version):
    """The same, and the edition."""

    enterprise: bool


@router.get("/user", response_model=CurrentUser)
def show_user(request: Request, actor: Reader, service: TheService) -> Response:
    """The user for whom the token stands."""
    with service.instance.database.session() as session:
        user = session.get_one(User, actor.id)
        found = CurrentUser(
            id=user.id,
            username=user.username,
            name=user.name or user.username,
            state=user.state,
            email=user.email,
            public_email=user.public_email,
            is_admin=user.admin,
            created_at=user.created_at,
            web_url=f"{request.base_url}{user.username}",
        )
    return answers.document(request, found)


@router.get("/version", response_model=Version, dependencies=[Depends(reader)])
def show_version(request: Request) -> Response:
    """Which GitLab this instance is compatible with."""
    return answers.document(request, Version(version=INSTANCE_VERSION, revision=__version__))


@router.get("/metadata", response_model=InstanceMetadata, dependencies=[Depends(reader)])
def show_metadata(request: Request, service: TheService) -> Response:
    """Which GitLab this instance is compatible with, and whether with its Enterprise Edition."""
    enterprise = service.instance.settings.edition is Edition.EE
    found = InstanceMetadata(version=INSTANCE_VERSION, revision=__version__, enterprise=enterprise)
    return answers.document(request, found)
