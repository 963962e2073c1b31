"""The page of the relations: both trees, as `relations/*.yml` have them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from docs.tables import table
from offline_transfer.exporting.plan import numbered_ids
from offline_transfer.exporting.portables import Portable
from offline_transfer.files import shims as file_shims
from offline_transfer.importing.stages import SOURCE_VERSIONS, STAGES
from offline_transfer.importing.transformers import shims as record_shims
from offline_transfer.relations.loader import tree
from offline_transfer.relations.max_iids import COUNTERS
from offline_transfer.relations.nodes import Direction, ExclusionReason, ImportRule, RelationNode
from offline_transfer.relations.rules import RULES
from offline_transfer.types import Edition, PortableKind


def lines(words: Mapping[str, Any]) -> list[str]:
    """The page below its introduction; `words` explain why columns do not travel."""
    found = ["## Why a column does not travel", ""]
    meanings = words["exclusions"]
    found += table(("reason", "meaning"), ((f"`{reason}`", meanings[reason.value]) for reason in ExclusionReason))
    found += ["", "## What an import changes on purpose", ""]
    found += table(("rule", "what it does"), ((f"`{rule}`", _first_line(RULES[rule])) for rule in ImportRule))
    for kind in PortableKind:
        found += ["", *_tree(kind)]
    return [*found, "", *_older_versions()]


def _tree(kind: PortableKind) -> Iterator[str]:
    moving = tree(kind)
    stages = {name: number for number, names in STAGES[kind].items() for name in names}
    nodes = list(moving.root.walk())
    yield from (f"## The tree of a {kind}", "")
    rows = [
        (_path(node), _model(node), _marks(node), _batched(kind, node.path), stages.get(node.path, ""))
        for node in nodes
    ]
    yield from table(("path", "table", "marks", "batched", "stage"), rows)
    yield from ("", f"### Files of a {kind}", "")
    files = [(f"`{name}`", _batched(kind, name), stages.get(name, "")) for name in moving.files]
    yield from table(("relation", "batched", "stage"), files)
    yield from (
        "",
        f"### Versions of a {kind}",
        "",
        "What not every version of GitLab writes; an archive without it has no gap.",
        "",
    )
    versions = [
        (f"`{name}`", found.minimum or "", found.maximum or "") for name, found in SOURCE_VERSIONS[kind].items()
    ]
    yield from table(("relation", "from", "up to"), versions)
    yield from (
        "",
        f"### Counters of a {kind}",
        "",
        "`max_iids` holds the highest number that each counter has given out.",
        "",
    )
    yield from table(("key", "numbers"), ((f"`{counter.key}`", f"`{counter.table}`") for counter in COUNTERS[kind]))
    yield from ("", f"### Records of a {kind}")
    for same in _alike(nodes):
        yield from _record(same)


def _alike(nodes: Iterable[RelationNode]) -> list[list[RelationNode]]:
    """Nodes by what they hold: the same record at several paths is described once."""
    groups: dict[object, list[RelationNode]] = {}
    for node in nodes:
        rules = tuple((item.name, item.rule, item.rule_reason) for item in node.attributes)
        key = (node.name, node.table.name, rules, tuple(sorted(node.excluded.items())))
        groups.setdefault(key, []).append(node)
    return list(groups.values())


def _record(nodes: Sequence[RelationNode]) -> Iterator[str]:
    node = nodes[0]
    yield from ("", f"#### {', '.join(_path(item) for item in nodes)}", "")
    if node.identity is not None:
        keys = " and ".join(f"`{name}`" for name in node.identity.by)
        absent = "made" if node.identity.missing == "create" else "skipped"
        yield from (
            f"Found by {keys} within the {node.identity.within.replace('_', ' ')}; {absent} where there is none.",
            "",
        )
    if node.same:
        yield from (f"Below a record that is there already, known by {_names(node.same)}.", "")
    yield f"- attributes: {_names(item.name for item in node.attributes) or 'none'}"
    for item in node.attributes:
        if item.rule is not None:
            yield f"- changed on import: `{item.name}` ({item.rule}), because {item.rule_reason}"
    for reason in ExclusionReason:
        if left := [name for name, why in node.excluded.items() if why is reason]:
            yield f"- left out ({reason}): {_names(left)}"


def _older_versions() -> Iterator[str]:
    yield from ("## Older versions", "", "What older GitLab versions wrote otherwise, and how it is read.", "")
    records = [(_names(sorted(shim.relations)), shim.until, shim.reason) for shim in record_shims.SHIMS]
    yield from table(("relations", "until", "difference"), records)
    kinds = list(PortableKind)
    renamed = [
        (f"`{shim.former}`", f"`{shim.relation}`", shim.reason) for kind in kinds for shim in file_shims.RENAMED[kind]
    ]
    yield from ("", *table(("file", "read as", "reason"), renamed))
    given_up = [(f"`{item.name}`", item.reason) for kind in kinds for item in file_shims.GIVEN_UP[kind]]
    yield from ("", "Relations of older exports that are counted and named, and not imported:", "")
    yield from table(("file", "reason"), given_up)


def _first_line(function: Callable[..., object]) -> str:
    return (function.__doc__ or "").splitlines()[0].rstrip(".")


def _path(node: RelationNode) -> str:
    return f"`{node.path or 'self'}`"


def _model(node: RelationNode) -> str:
    return f"`{node.table.name}`"


def _marks(node: RelationNode) -> str:
    marks = ["EE"] if node.edition is Edition.EE else []
    return ", ".join([*marks, "read only"] if node.direction is Direction.IMPORT_ONLY else marks)


def _batched(kind: PortableKind, relation: str) -> str:
    return "yes" if numbered_ids(Portable(kind, 1, ""), relation, Edition.EE) is not None else ""


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
