"""Which group or project of one archive is which of the other: the same relative path below a root of both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.types import PortableKind
from offline_transfer.verify.errors import UnknownRootError
from offline_transfer.verify.findings import Finding, FindingKind

Mapped = Mapping[str, EntityPrefix]
"""Full path to entity prefix, as the metadata say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityPair:
    """One group or project in both archives, under the path that it has in the first."""

    path: str
    parent: str | None
    """The path of the group around it, None for a root."""
    root: str
    """The path of the top that it lies below, or is."""
    first: EntityPrefix
    second: EntityPrefix

    @property
    def is_root(self) -> bool:
        """Whether nothing of the archive lies around it."""
        return self.parent is None

    @property
    def kind(self) -> PortableKind:
        """Whether it is a group or a project."""
        return self.first.kind


@dataclass(frozen=True, slots=True)
class Matching:
    """The pairs, parents first, and what has no partner."""

    pairs: tuple[EntityPair, ...]
    findings: tuple[Finding, ...]


def match(first: Mapped, second: Mapped, roots: Mapping[str, str] | None = None) -> Matching:
    """Pair the entities of two archives.

    A root is a group or project around which the archive holds nothing. Roots are paired as `roots` says (full path in the first
    archive to full path in the second), then by the last part of their path. Of what is left, a single one of a kind on each side
    is a pair too, since a destination chooses the name. Raises `UnknownRootError`.
    """
    roots_of = _pair_roots(_roots(first), _roots(second), roots or {})
    translated = {_translate(path, roots_of): path for path in first}
    pairs = []
    findings = []
    for theirs in sorted(translated.keys() | second.keys(), key=_depth):
        path = translated.get(theirs)
        if path is None:
            findings.append(_lonely(FindingKind.ONLY_IN_SECOND, theirs, second[theirs]))
        elif theirs not in second or second[theirs].kind is not first[path].kind:
            findings.append(_lonely(FindingKind.ONLY_IN_FIRST, path, first[path]))
        else:
            parent = path.rpartition("/")[0]
            pairs.append(
                EntityPair(
                    path=path,
                    parent=parent if parent in first else None,
                    root=next(root for root in _upwards(path) if root in roots_of),
                    first=first[path],
                    second=second[theirs],
                )
            )
    return Matching(tuple(sorted(pairs, key=lambda pair: _depth(pair.path))), tuple(findings))


def _roots(mapping: Mapped) -> dict[str, EntityPrefix]:
    return {path: entity for path, entity in mapping.items() if path.rpartition("/")[0] not in mapping}


def _pair_roots(
    first: dict[str, EntityPrefix], second: dict[str, EntityPrefix], chosen: Mapping[str, str]
) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for mine, theirs in chosen.items():
        for path, roots in ((mine, first), (theirs, second)):
            if path not in roots:
                raise UnknownRootError(path=path, roots=", ".join(sorted(roots)))
        pairs[mine] = theirs
    left = {path for path in second if path not in pairs.values()}
    for mine in first:
        same = [path for path in left if _slug(path) == _slug(mine) and second[path].kind is first[mine].kind]
        if mine not in pairs and len(same) == 1:
            pairs[mine] = same[0]
            left.remove(same[0])
    for kind in PortableKind:
        lonely = [path for path in first if path not in pairs and first[path].kind is kind]
        others = [path for path in left if second[path].kind is kind]
        if len(lonely) == len(others) == 1:
            pairs[lonely[0]] = others[0]
    return pairs


def _translate(path: str, roots: Mapping[str, str]) -> str:
    """The path that an entity of the first archive should have in the second."""
    for root in _upwards(path):
        if root in roots:
            return roots[root] + path[len(root) :]
    # A path that the second archive cannot have: the entity stays alone.
    return f"//{path}"


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


def _slug(path: str) -> str:
    return path.rpartition("/")[2]


def _depth(path: str) -> tuple[int, str]:
    return path.count("/"), path


def _lonely(kind: FindingKind, path: str, entity: EntityPrefix) -> Finding:
    return Finding(kind=kind, entity=path, reason=f"no {entity.kind.value} of the other archive is this one")
