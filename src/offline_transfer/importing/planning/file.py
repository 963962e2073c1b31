"""The plan as a file that people edit, and that an import follows. Whoever reads it trusts it as little as an archive."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from offline_transfer.archive.errors import shown
from offline_transfer.archive.keys import RELATION_NAME
from offline_transfer.archive.metadata import PATH_BYTES
from offline_transfer.importing.planning.errors import (
    InvalidPlanFileError,
    PlanFileExistsError,
    PlanFileNotReadError,
    PlanOfAnotherArchiveError,
)
from offline_transfer.importing.planning.making import digest_of
from offline_transfer.importing.planning.plan import Plan, PlannedEntity
from offline_transfer.importing.planning.problems import Problem
from offline_transfer.importing.request import Choice, Everything, Wanted
from offline_transfer.verify.findings import printable
from offline_transfer.verify.reader import Archive

VERSION: Final = 1
LARGEST_FILE: Final = 16 * 1024 * 1024
MOST_ENTITIES: Final = 100_000
_DEEPEST: Final = 8
_SLUG_CHARACTERS: Final = 255

_HEAD: Final = """\
# What an import of this archive shall bring, and where to. Edit it, look at the outcome with
#   offline-transfer plan {where} --plan FILE
# and carry it out with
#   offline-transfer import {where} --plan FILE
#
# For each group and project:
#   entity          its full path at the source; leave it as it is
#   namespace       the group here into which it goes, which has to exist; "" is the root.
#                   null leaves it in the group that its own group becomes.
#   slug            its path there. Where it is taken, a number is added.
#   skip            true: it does not come, nor does what lies in it, unless that has a namespace of its own.
#   migrate_projects, migrate_memberships
#                   false, beside a namespace: projects in the group, or members, do not come.
#   skip_relations  relations that are left out, here and in what lies below, such as [uploads, ci_pipelines].
# What lies in a group and is not named here comes with the group.
"""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Archive(_Strict):
    export_prefix: Annotated[str, Field(max_length=PATH_BYTES)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Entity(_Strict):
    entity: Annotated[str, Field(min_length=1, max_length=PATH_BYTES)]
    namespace: Annotated[str, Field(max_length=PATH_BYTES)] | None
    slug: Annotated[str, Field(min_length=1, max_length=_SLUG_CHARACTERS)]
    skip: bool = False
    migrate_projects: bool = True
    migrate_memberships: bool = True
    skip_relations: Annotated[
        list[Annotated[str, Field(pattern=rf"^{RELATION_NAME.pattern}$")]], Field(max_length=100)
    ] = []


class _File(_Strict):
    version: Literal[1]
    archive: _Archive
    entities: Annotated[list[_Entity], Field(max_length=MOST_ENTITIES)]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan file asks for: the entities that are named, and what is different below them."""

    wanted: Sequence[Wanted] | Everything
    choices: Mapping[str, Choice]


class _RefusedError(Exception):
    """Why a document is not taken; becomes InvalidPlanFileError."""


class _Loader(yaml.SafeLoader):
    """Builds plain values only, and refuses what makes little text into much work: references and depth. A key stands once."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise _RefusedError("it has references (`*name`), which no plan needs")
        if self.depth >= _DEEPEST:
            raise _RefusedError("it is nested too deeply")
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(keys) < len(node.value) or len(set(keys)) < len(keys):
            raise _RefusedError(f"a key stands twice or is none, before line {node.end_mark.line + 1}")
        return super().construct_mapping(node, deep)


def write(plan: Plan, path: Path) -> None:
    """Write the plan for people. Raises PlanFileExistsError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.writelines(_lines(plan))
    except FileExistsError:
        raise PlanFileExistsError(path=path) from None


def read(path: Path, archive: Archive) -> Planned:
    """Read a plan file of this archive.

    Raises PlanFileNotReadError, InvalidPlanFileError and PlanOfAnotherArchiveError.
    """
    document = _parsed(path)
    if document.archive.digest != digest_of(archive):
        raise PlanOfAnotherArchiveError(path=path, planned=shown(document.archive.export_prefix), archive=archive.where)
    mapping = archive.metadata.entities_mapping
    choices: dict[str, Choice] = {}
    wanted: list[Wanted] = []
    for item in document.entities:
        if item.entity not in mapping:
            raise InvalidPlanFileError(path=path, problem=f"the archive holds no `{shown(item.entity)}`")
        if item.entity in choices:
            raise InvalidPlanFileError(path=path, problem=f"`{item.entity}` stands in it twice")
        choices[item.entity] = Choice(slug=item.slug, skip=item.skip, skip_relations=tuple(item.skip_relations))
        if item.namespace is not None and not item.skip:
            wanted.append(
                Wanted(
                    item.entity,
                    item.namespace.strip("/"),
                    item.slug,
                    migrate_projects=item.migrate_projects,
                    migrate_memberships=item.migrate_memberships,
                    skip_relations=tuple(item.skip_relations),
                )
            )
    _require_place(path, document.entities, wanted)
    return Planned(tuple(wanted), choices)


def _parsed(path: Path) -> _File:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise PlanFileNotReadError(path=path, reason=error.strerror) from None
    if len(data) > LARGEST_FILE:
        raise InvalidPlanFileError(path=path, problem=f"it has more than {LARGEST_FILE:,} bytes")
    try:
        return _File.model_validate(yaml.load(data, Loader=_Loader))  # noqa: S506 - a safe loader, and stricter
    except (_RefusedError, yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise InvalidPlanFileError(path=path, problem=_problem(error)) from None


def _problem(error: Exception) -> str:
    """What is wrong, and where, without repeating much of the file."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        if not where:
            return "it has no keys"
        return f"{shown(where)}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {shown(error.problem)}"
    return shown(error) if isinstance(error, _RefusedError) else "it is not YAML in UTF-8"


def _require_place(path: Path, entities: Sequence[_Entity], wanted: Sequence[Wanted]) -> None:
    """Everything that comes has a namespace, or lies in a group that has one."""
    if not wanted:
        raise InvalidPlanFileError(path=path, problem="nothing in it has a namespace and is not skipped")
    placed = {item.source_full_path for item in wanted}
    skipped = {item.entity for item in entities if item.skip}
    for item in entities:
        around = [item.entity.rsplit("/", number)[0] for number in range(1, item.entity.count("/") + 1)]
        if item.entity not in placed and not item.skip and not placed.union(skipped).intersection(around):
            problem = f"`{item.entity}` has no namespace, and none of the groups around it comes"
            raise InvalidPlanFileError(path=path, problem=problem)


def _lines(plan: Plan) -> Iterator[str]:
    yield _HEAD.format(where=printable(plan.archive.where))
    yield f"version: {VERSION}\n"
    yield "archive:\n"
    yield f"  export_prefix: {_quoted(plan.archive.export_prefix)}\n"
    yield f"  digest: {_quoted(plan.archive.digest)}\n"
    yield "entities:\n"
    problems = _by_entity(plan.problems)
    for entity in plan.entities:
        yield from _entity_lines(entity, problems.get(entity.source_full_path, ()))


def _entity_lines(entity: PlannedEntity, messages: Sequence[str]) -> Iterator[str]:
    title = "" if entity.name is None else f" {entity.name!r}"
    yield f"  # {entity.kind}{title}"
    yield f" -> {entity.destination_full_path}\n" if entity.destination_full_path else "\n"
    yield from (f"  # ! {message}\n" for message in messages)
    yield f"  - entity: {_quoted(entity.source_full_path)}\n"
    yield f"    namespace: {'null' if entity.namespace is None else _quoted(entity.namespace)}\n"
    yield f"    slug: {_quoted(entity.slug)}\n"
    yield f"    skip: {'true' if entity.is_skipped else 'false'}\n"
    yield f"    skip_relations: [{', '.join(entity.skip_relations)}]\n"


def _by_entity(problems: Iterable[Problem]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for problem in problems:
        if problem.entity is not None:
            found.setdefault(problem.entity, []).append(printable(problem.message))
    return found


def _quoted(text: str) -> str:
    """As JSON and YAML both write it."""
    return json.dumps(text)
