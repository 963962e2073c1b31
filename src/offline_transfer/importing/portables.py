"""Makes the group or project that an entity becomes: name, path, visibility and its own attributes.

Source: GroupPipeline, ProjectPipeline and their transformers in GitLab.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import DateTime, Text, cast, func, insert, literal, null, select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from offline_transfer.forge.enums import SquashSetting, Visibility
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project, ProjectSetting
from offline_transfer.forge.routes import Route
from offline_transfer.importing import convert
from offline_transfer.importing.columns import Setter
from offline_transfer.importing.errors import DestinationNotFoundError, InvalidDestinationError
from offline_transfer.importing.plan import NodePlan, root_plan
from offline_transfer.importing.transformers import shims
from offline_transfer.importing.units import Unit
from offline_transfer.relations.attributes import DropReason
from offline_transfer.relations.nodes import ImportRule
from offline_transfer.types import Edition, JsonObject, PortableKind

_SLUG = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}", re.ASCII)
_RESERVED = frozenset({"-", ".", ".."})
_RESERVED_AT_THE_ROOT = frozenset({"api", "admin", "explore", "help", "users", "groups", "projects", "uploads"})
_RESERVED_ENDINGS = (".git", ".atom", ".", "-")
TRIES = 1000


@dataclass(frozen=True, slots=True)
class Made:
    """A group or project that was made: its id and full path, and the attributes that it did not take."""

    id: int
    full_path: str
    unit: Unit


def namespace_by_path(session: Session, full_path: str) -> Namespace | None:
    """The group with this full path, in any case; None for the root. Raises DestinationNotFoundError."""
    if full_path == "":
        return None
    found = session.scalar(
        select(Namespace)
        .join(Route, Route.namespace_id == Namespace.id)
        .where(func.lower(Route.path) == full_path.lower())
    )
    if found is None:
        raise DestinationNotFoundError(path=full_path)
    return found


def checked_slug(slug: str) -> str:
    """The slug as it is when it can stand in a path. Raises InvalidDestinationError."""
    if not _SLUG.fullmatch(slug):
        reason = "a path is made of letters, digits, `_`, `-` and `.`"
    elif slug.lower() in _RESERVED:
        reason = "the name is reserved"
    elif slug.endswith(_RESERVED_ENDINGS):
        reason = "it ends with `.git`, `.atom`, `.` or `-`"
    else:
        return slug
    raise InvalidDestinationError(path=ascii(slug[:100])[1:-1], reason=reason)


def require_unreserved(slug: str, group_path: str) -> None:
    """Raise InvalidDestinationError for a slug of a group that means something else at the root."""
    if not group_path and slug.lower() in _RESERVED_AT_THE_ROOT:
        raise InvalidDestinationError(path=slug, reason="the name is reserved at the root")


def make_group(
    session: Session,
    portable_id: int,
    *,
    parent: Namespace | None,
    slug: str,
    attributes: JsonObject,
    edition: Edition,
) -> Made:
    """Makes a group below a parent, or at the root."""
    require_unreserved(slug, path_of(session, parent))
    values, unit = _own_attributes(session, root_plan(PortableKind.GROUP, edition), attributes)
    path = _reserved_path(session, parent, slug)
    values |= {
        "id": portable_id,
        "path": path.rsplit("/", 1)[-1],
        "type": "Group",
        "name": values.get("name") or slug,
        "parent_id": None if parent is None else parent.id,
        "visibility_level": visibility_within(
            values.get("visibility_level"), None if parent is None else parent.visibility_level
        ),
    }
    session.execute(insert(Namespace.__table__).values(values))  # type: ignore[arg-type]
    session.add(Route(path=path, name=str(values["name"]), namespace_id=portable_id))
    session.flush()
    return Made(portable_id, path, unit)


def make_project(
    session: Session,
    portable_id: int,
    *,
    parent: Namespace,
    slug: str,
    attributes: JsonObject,
    edition: Edition,
) -> Made:
    """Makes a project in a group."""
    values, unit = _own_attributes(session, root_plan(PortableKind.PROJECT, edition), attributes)
    path = _reserved_path(session, parent, slug)
    values |= {
        "id": portable_id,
        "path": path.rsplit("/", 1)[-1],
        "name": values.get("name") or slug,
        "namespace_id": parent.id,
        "visibility_level": visibility_within(values.get("visibility_level"), parent.visibility_level),
    }
    session.execute(insert(Project.__table__).values(values))  # type: ignore[arg-type]
    session.add(Route(path=path, name=str(values["name"]), project_id=portable_id))
    session.add(_settings(portable_id, attributes))
    session.flush()
    return Made(portable_id, path, unit)


def group_chain(session: Session, namespace_id: int | None) -> tuple[int, ...]:
    """A group and the groups around it, the nearest first."""
    chain: list[int] = []
    while namespace_id is not None and namespace_id not in chain:
        chain.append(namespace_id)
        namespace_id = session.scalar(select(Namespace.parent_id).where(Namespace.id == namespace_id))
    return tuple(chain)


def _own_attributes(session: Session, plan: NodePlan, attributes: JsonObject) -> tuple[dict[str, Any], Unit]:
    """The columns that the source sets; what a column cannot hold, and null where it must hold something, leave its default."""
    values: dict[str, Any] = {}
    unit = Unit(0, plan)
    record: dict[str, Any] = dict(attributes)
    for shim in shims.BY_RELATION.get(plan.node.name, ()):
        shim(record)
    for key, value in record.items():
        setter = plan.setters.get(key)
        if setter is not None:
            try:
                if value is not None:
                    values[setter.name] = _checked(session, setter, value)
                elif setter.nullable:
                    values[setter.name] = None
            except (ValueError, OverflowError):
                unit.drop("self", key, DropReason.INVALID)
        elif key not in plan.ignored and not (isinstance(value, list | dict) and _looks_like_records(value)):
            unit.drop("self", key, plan.drop(key))
    values |= {setter.name: False for _, setter in plan.silent if setter.rule is ImportRule.INACTIVE}
    return values, unit


def _checked(session: Session, setter: Setter, value: object) -> Any:
    """The value converted. PostgreSQL alone knows which times there are; of a record's it is asked when the record is written."""
    converted = setter.convert(value)
    if setter.convert is convert.timestamp:
        try:
            with session.begin_nested():
                session.execute(select(cast(literal(converted, Text), DateTime(timezone=True))))
        except DataError:
            raise ValueError("not a time") from None
    return converted


def _looks_like_records(value: "list[Any] | dict[str, Any]") -> bool:
    return isinstance(value, dict) or any(isinstance(item, dict) for item in value)


def visibility_within(wanted: object, around: int | None) -> int:
    """The source's visibility, no higher than that of the group around it; private when the source does not say."""
    level = wanted if isinstance(wanted, int) and wanted in set(Visibility) else Visibility.private.value
    return level if around is None else min(level, around)


def free_path(group_path: str, slug: str, is_taken: Callable[[str], bool]) -> str:
    """The full path for a slug in a group, `""` for the root; where it is taken, the first of `slug_1`, `slug_2`, ... that is not.

    Raises InvalidDestinationError when all of them are.
    """
    prefix = f"{group_path}/" if group_path else ""
    for number in range(TRIES):
        path = f"{prefix}{slug}_{number}" if number else f"{prefix}{slug}"
        if not is_taken(path):
            return path
    raise InvalidDestinationError(path=slug, reason=f"it and {TRIES} names like it are taken")


def _reserved_path(session: Session, parent: Namespace | None, slug: str) -> str:
    """A full path that is free. Nobody else makes anything in the same group until the transaction ends."""
    group_path = path_of(session, parent)
    lock = func.hashtextextended(f"paths in {group_path.lower()}", 0)
    session.execute(select(func.pg_advisory_xact_lock(lock)))
    return free_path(group_path, checked_slug(slug), partial(is_taken, session))


def is_taken(session: Session, path: str) -> bool:
    """Whether a group or project has this full path, in any case."""
    return session.scalar(select(Route.id).where(func.lower(Route.path) == path.lower())) is not None


def path_of(session: Session, namespace: Namespace | None) -> str:
    """The full path of a group, `""` for the root."""
    if namespace is None:
        return ""
    return session.scalars(select(Route.path).where(Route.namespace_id == namespace.id)).one()


def _settings(project_id: int, attributes: JsonObject) -> ProjectSetting:
    squash = attributes.get("squash_option")
    names = {member.name: member.value for member in SquashSetting}
    option = names.get(squash) if isinstance(squash, str) else squash if squash in names.values() else None
    allow = attributes.get("allow_merge_on_skipped_pipeline")
    setting = ProjectSetting(
        project_id=project_id,
        merge_commit_template=_text(attributes.get("merge_commit_template")),
        squash_commit_template=_text(attributes.get("squash_commit_template")),
    )
    if isinstance(allow, bool):
        setting.allow_merge_on_skipped_pipeline = allow
    if isinstance(option, int):
        setting.squash_option = SquashSetting(option)
    elif "squash_option" in attributes and squash is None:
        # None alone would leave it to the column's default.
        setting.squash_option = null()
    return setting


def _text(value: object) -> str | None:
    return value.replace("\0", "") if isinstance(value, str) else None
