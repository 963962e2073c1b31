"""Words that every room uses."""

from enum import StrEnum
from typing import TypeAlias

JsonValue: TypeAlias = str | int | float | bool | list["JsonValue"] | dict[str, "JsonValue"] | None
JsonObject: TypeAlias = dict[str, JsonValue]


class PortableKind(StrEnum):
    """What can be moved. The values are the first half of an entity prefix: `group_1`, `project_52`."""

    GROUP = "group"
    PROJECT = "project"


class Edition(StrEnum):
    """GitLab's editions: relations that exist in Enterprise Edition alone are marked `ee`."""

    CE = "ce"
    EE = "ee"
