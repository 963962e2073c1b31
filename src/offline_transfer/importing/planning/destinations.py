"""Where everything of an archive would go: paths and names that are free, and who could see it then."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from offline_transfer.archive.errors import shown
from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.errors import OfflineTransferError
from offline_transfer.forge.enums import Visibility
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.importing import portables
from offline_transfer.importing.errors import ProjectAtRootError
from offline_transfer.importing.planning.problems import Problem, ProblemKind
from offline_transfer.importing.request import Choice, Wanted
from offline_transfer.types import JsonObject, PortableKind
from offline_transfer.verify.findings import printable

_UNCHANGED: Final = Choice()
_ROWS: Final = 1000
MEMBERSHIPS: Final = frozenset({"members", "project_members"})
"""The relations that stay away when memberships shall not come."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a group or project looks at the source: its title as it is, and who can see it. None where the archive does not say."""

    name: str | None = None
    visibility: Visibility | None = None

    @classmethod
    def of(cls, attributes: JsonObject) -> "Appearance":
        """What its own attributes say."""
        name, level = attributes.get("name"), attributes.get("visibility_level")
        return cls(
            name if isinstance(name, str) and name else None,
            Visibility(level) if isinstance(level, int) and level in set(Visibility) else None,
        )


_UNSEEN: Final = Appearance()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destined:
    """One group or project of the archive, and where it would go."""

    source_full_path: str
    prefix: EntityPrefix
    source: Appearance
    namespace: str | None
    slug: str
    own_skip_relations: tuple[str, ...]
    """What was asked to be left out by name of this entity."""
    skip_relations: frozenset[str]
    """That, and what is left out of the groups around it, and memberships where they shall not come."""
    is_skipped: bool
    wanted_full_path: str | None = None
    full_path: str | None = None
    visibility: Visibility | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """The group into which something goes; one that is not there yet has no id, nor has the root."""

    path: str
    namespace_id: int | None = None
    visibility: int | None = None
    """None for the root, which hides nothing."""


@dataclass(frozen=True, slots=True)
class _Above:
    """What holds for something because of where it lies: `around` is None where nothing can go."""

    around: _Around | None
    skip_relations: frozenset[str]
    is_skipped: bool
    without_projects: bool


class Destinations:
    """Places entities one after another, as an import would, and remembers what is taken."""

    def __init__(
        self,
        session: Session,
        mapping: Mapping[str, EntityPrefix],
        appearances: Mapping[EntityPrefix, Appearance],
        choices: Mapping[str, Choice],
    ) -> None:
        self._session = session
        self._mapping = mapping
        self._appearances = appearances
        self._choices = choices
        self._inside = _by_group(mapping)
        self._own: set[str] = set()
        self._taken: dict[str, str] = {}
        self._names: dict[str, dict[str, str]] = defaultdict(dict)
        self._groups: dict[str, _Around] = {}
        self._with_projects: set[str] = set()
        self.problems: list[Problem] = []

    def place(self, wanted: Sequence[Wanted]) -> Iterator[Destined]:
        """Every entity that was named, and after a group what lies in it: projects first."""
        self._own = {item.source_full_path for item in wanted}
        for item in wanted:
            yield from self._place_top(item)

    def problems_of_groups(self) -> Iterator[Problem]:
        """What has to do with the groups of this instance into which something would go, once everything is placed."""
        for path, around in self._groups.items():
            planned = self._names[path]
            if around.namespace_id is None:
                continue
            if path in self._with_projects:
                message = (
                    f"projects below `{path}` take over its runners and CI/CD variables: look at what the source's pipelines"
                    " would do with them before anybody starts one"
                )
                yield Problem(kind=ProblemKind.INHERITED, message=message)
            for model, column in ((Namespace, Namespace.parent_id), (Project, Project.namespace_id)):
                rows = self._session.scalars(
                    select(model.name).where(column == around.namespace_id).execution_options(yield_per=_ROWS)
                )
                for name in rows:
                    if name is not None and (entity := planned.get(folded(name))) is not None:
                        yield Problem(
                            kind=ProblemKind.SIMILAR_NAME,
                            entity=entity,
                            message=f"`{path}` holds `{shown(name)}` already, which looks the same",
                        )

    def _place_top(self, item: Wanted) -> Iterator[Destined]:
        path = item.source_full_path
        choice = self._choices.get(path, _UNCHANGED)
        around: _Around | None = None
        if not choice.skip:
            try:
                around = self._around(path, item.destination_namespace)
            except OfflineTransferError as error:
                self.problems.append(Problem.of(error, path))
        above = _Above(
            around, frozenset(_skip_relations(item)), is_skipped=False, without_projects=not item.migrate_projects
        )
        yield from self._place(path, above, item)

    def _around(self, source_path: str, namespace_path: str) -> _Around:
        namespace = portables.namespace_by_path(self._session, namespace_path)
        if namespace is None:
            if self._mapping[source_path].kind is PortableKind.PROJECT:
                raise ProjectAtRootError(paths=f"`{source_path}`")
            return self._groups.setdefault("", _Around(path=""))
        path = portables.path_of(self._session, namespace)
        found = _Around(path=path, namespace_id=namespace.id, visibility=namespace.visibility_level)
        return self._groups.setdefault(path, found)

    def _place(self, path: str, above: _Above, named: Wanted | None = None) -> Iterator[Destined]:
        choice = self._choices.get(path, _UNCHANGED)
        named_slug = None if named is None else named.destination_slug
        prefix = self._mapping[path]
        plain = Destined(
            source_full_path=path,
            prefix=prefix,
            source=self._appearances.get(prefix, _UNSEEN),
            namespace=None if named is None else named.destination_namespace,
            slug=choice.slug or named_slug or path.rsplit("/", 1)[-1],
            own_skip_relations=_own_skip_relations(choice, named),
            skip_relations=above.skip_relations | frozenset(choice.skip_relations),
            is_skipped=above.is_skipped
            or choice.skip
            or (named is None and above.without_projects and _is_project(prefix)),
        )
        placed = plain if above.around is None or plain.is_skipped else self._found(plain, above.around)
        yield placed
        inside = None
        if placed.full_path is not None:
            inside = _Around(path=placed.full_path, visibility=placed.visibility)
        for child in self._inside.get(path, ()):
            if child not in self._own:
                below = _Above(inside, placed.skip_relations, placed.is_skipped, above.without_projects)
                yield from self._place(child, below)

    def _found(self, plain: Destined, around: _Around) -> Destined:
        """The same with a path that is free, or as it was where it can have none."""
        path, slug = plain.source_full_path, plain.slug
        wanted = f"{around.path}/{slug}".lstrip("/")
        try:
            portables.checked_slug(slug)
            if plain.prefix.kind is PortableKind.GROUP:
                portables.require_unreserved(slug, around.path)
            full_path = portables.free_path(around.path, slug, self._is_taken)
        except OfflineTransferError as error:
            self.problems.append(Problem.of(error, path))
            return plain
        visibility = Visibility(portables.visibility_within(plain.source.visibility, around.visibility))
        placed = replace(plain, wanted_full_path=wanted, full_path=full_path, visibility=visibility)
        self.problems.extend(self._remarks(placed, around))
        if _is_project(placed.prefix):
            self._with_projects.update(group for group in self._groups if full_path.startswith(f"{group}/"))
        self._taken[full_path.lower()] = path
        return placed

    def _is_taken(self, path: str) -> bool:
        return path.lower() in self._taken or portables.is_taken(self._session, path)

    def _remarks(self, placed: Destined, around: _Around) -> Iterator[Problem]:
        entity = placed.source_full_path
        wanted = str(placed.wanted_full_path)
        if placed.full_path != wanted:
            other = self._taken.get(wanted.lower())
            whom = "taken" if other is None else f"that of `{other}` as well"
            message = f"the path `{wanted}` is {whom}: it would become `{placed.full_path}`"
            yield Problem(kind=ProblemKind.TAKEN_PATH, entity=entity, message=message)
        was, becomes = placed.source.visibility, placed.visibility
        if was is not None and becomes is not None and becomes < was:
            message = f"it is {was.name} at the source and would be {becomes.name}, as the group around it is"
            yield Problem(kind=ProblemKind.LOWER_VISIBILITY, entity=entity, message=message)
        name = placed.source.name
        if name is None:
            return
        if not name.isprintable() or unicodedata.normalize("NFC", name) != name:
            message = f"its title holds characters that cannot be seen or told apart: `{shown(name)}`"
            yield Problem(kind=ProblemKind.ODD_NAME, entity=entity, message=message)
        other = self._names[around.path].setdefault(folded(name), entity)
        if other != entity:
            message = (
                f"its title `{printable(name)}` looks the same as that of `{other}`, which goes into the same group"
            )
            yield Problem(kind=ProblemKind.SIMILAR_NAME, entity=entity, message=message)


def _skip_relations(item: Wanted) -> Sequence[str]:
    return (*item.skip_relations, *(() if item.migrate_memberships else sorted(MEMBERSHIPS)))


def _own_skip_relations(choice: Choice, named: Wanted | None) -> tuple[str, ...]:
    """What is left out from here on, and not because it is above: a plan that is written says it here."""
    return tuple(dict.fromkeys((*choice.skip_relations, *(() if named is None else _skip_relations(named)))))


def _is_project(prefix: EntityPrefix) -> bool:
    return prefix.kind is PortableKind.PROJECT


def folded(name: str) -> str:
    """A title as people tell it from others: without case, and in the compatible form of Unicode."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _by_group(mapping: Mapping[str, EntityPrefix]) -> Mapping[str, Sequence[str]]:
    """What lies directly in each group: projects first, then groups, as an import takes them."""
    inside: dict[str, list[str]] = defaultdict(list)
    for path in mapping:
        inside[path.rpartition("/")[0]].append(path)
    for paths in inside.values():
        paths.sort(key=lambda path: (mapping[path].kind is PortableKind.GROUP, path))
    return inside
