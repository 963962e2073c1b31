"""Who may import whom, and the search for those who do not keep to it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = "offline_transfer"

FLOORS: Final = (
    frozenset(
        {"errors", "settings", "types", "db", "queue", "secrets", "mail", "logs", "embedded", "migrations", "programs"}
    ),
    frozenset({"storage", "archive"}),
    frozenset({"forge"}),
    frozenset({"relations", "transfers"}),
    frozenset({"contributions", "verify"}),
    frozenset({"exporting", "importing"}),
    frozenset({"files", "direct", "carrying"}),
    frozenset({"gateway"}),
    frozenset({"jobs"}),
    frozenset({"api", "web", "cli"}),
)
"""The rooms from the ground up. Who stands on the ground floor may import its neighbours; all others import downwards only."""

_FLOOR_OF: Final = {room: number for number, floor in enumerate(FLOORS) for room in floor}


def breaches(source: Path) -> list[str]:
    """The imports below `source` (the directory of the package) that go up or sideways, as sentences that say what to do."""
    found = []
    for path in sorted(source.rglob("*.py")):
        room = _room(path, source)
        if room is None:
            continue
        if room not in _FLOOR_OF:
            found.append(
                f"{path.relative_to(source)}: the room `{room}` stands on no floor: place it in tests/meta/layers.py"
            )
            continue
        for line, imported in _imports(path, source):
            if reason := _breach(room, imported):
                found.append(
                    f"{path.relative_to(source)}:{line}: `{room}` imports `{imported}`, which {reason}: move the code down, or"
                    " take a Protocol of your own that the room above fills"
                )
    return found


def _breach(room: str, imported: str) -> str | None:
    if imported == room:
        return None
    if imported not in _FLOOR_OF:
        return "stands on no floor"
    if _FLOOR_OF[imported] > _FLOOR_OF[room]:
        return "stands above it"
    return "stands beside it" if _FLOOR_OF[imported] == _FLOOR_OF[room] > 0 else None


def _room(path: Path, source: Path) -> str | None:
    """The room of a file; None for the package's own `__init__`, which belongs to all."""
    first = path.relative_to(source).parts[0].removesuffix(".py")
    return None if first == "__init__" else first


def _imports(path: Path, source: Path) -> Iterator[tuple[int, str]]:
    """Line and room of every import of our own package, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = _names(node, path, source)
        else:
            continue
        for name in names:
            package, _, below = name.partition(".")
            if package == PACKAGE and below and not below.startswith("__"):
                yield node.lineno, below.split(".")[0]


def _names(node: ast.ImportFrom, path: Path, source: Path) -> list[str]:
    base = node.module or ""
    if node.level:
        folders = (PACKAGE, *path.relative_to(source).parts[:-1])
        base = ".".join((*folders[: len(folders) - node.level + 1], *filter(None, [node.module])))
    return [f"{PACKAGE}.{alias.name}" for alias in node.names] if base == PACKAGE else [base]
