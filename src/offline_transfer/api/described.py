"""What the OpenAPI document says of answers: the shapes of refusals, and which of them an endpoint may give."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, PlainSerializer


def _written(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Time: TypeAlias = Annotated[datetime, PlainSerializer(_written, when_used="json")]
"""A time as GitLab writes it: in UTC, with milliseconds."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Refused(_Shape):
    """A request that is not what it has to be."""

    error: str


class Failed(_Shape):
    """What could not be done, and why."""

    message: str


class InvalidToken(_Shape):
    """A token that was revoked or has expired."""

    error: Literal["invalid_token"]
    error_description: str


class InsufficientScope(_Shape):
    """A token that is not good for this."""

    error: Literal["insufficient_scope"]
    error_description: str
    scope: str


class Repeated(_Shape):
    """The text of what was asked for too often."""

    error: str


class TooMany(_Shape):
    """What was asked for too often."""

    message: Repeated


Described: TypeAlias = dict[int | str, dict[str, Any]]

_TOO_MANY: Final[dict[str, Any]] = {
    "model": TooMany,
    "description": "Too many requests.",
    "headers": {"Retry-After": {"description": "After how many seconds to try again.", "schema": {"type": "integer"}}},
}
ANYWHERE: Final[Described] = {
    503: {"model": Failed, "description": "The database cannot be used now."},
}
SIGNED_IN: Final[Described] = {
    **ANYWHERE,
    401: {"model": Failed | InvalidToken, "description": "No token, or none that is good."},
    403: {
        "model": Failed | InsufficientScope,
        "description": "The token has not the scope, or its user may not sign in.",
    },
    429: _TOO_MANY,
}
NOT_MODIFIED: Final[Described] = {304: {"description": "The `ETag` in `If-None-Match` is still right."}}
PARAMETERS: Final[Described] = {400: {"model": Refused, "description": "A parameter is missing, unknown or not valid."}}
HIDDEN: Final[Described] = {404: {"model": Failed, "description": "There is none of yours, or it is switched off."}}
BODY: Final[Described] = {
    400: {
        "model": Refused | Failed,
        "description": "The body is not acceptable JSON, or a parameter is missing or unknown.",
    },
    408: {"model": Refused, "description": "The body took too long."},
    413: {"model": Refused, "description": "The body is too large."},
    415: {"model": Refused, "description": "The body is not `application/json`."},
    422: {"model": Failed, "description": "The service cannot do this, and says why."},
}
PAGED: Final[dict[str, Any]] = {
    name: {"description": meaning, "schema": {"type": "string"}}
    for name, meaning in {
        "X-Page": "Which page this is.",
        "X-Per-Page": "How many entries a page has.",
        "X-Next-Page": "The next page; empty on the last.",
        "X-Prev-Page": "The page before; empty on the first.",
        "X-Total": "How many entries there are.",
        "X-Total-Pages": "How many pages there are.",
        "Link": "The same as addresses: `prev`, `next`, `first`, `last`.",
    }.items()
}
