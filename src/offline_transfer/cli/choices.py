"""Words that options accept, spelled again so that `--help` need not load the services; a test holds them against those."""

from enum import StrEnum


class TokenScope(StrEnum):
    """`forge.tokens.Scope`."""

    API = "api"
    READ_API = "read_api"


class MemberRole(StrEnum):
    """`forge.membership.Role`."""

    GUEST = "guest"
    PLANNER = "planner"
    REPORTER = "reporter"
    DEVELOPER = "developer"
    MAINTAINER = "maintainer"
    OWNER = "owner"
