"""What must hold for every error of the program."""

import ast
import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

import offline_transfer
from offline_transfer.errors import OfflineTransferError

ErrorClass = type[OfflineTransferError]


def error_classes() -> list[ErrorClass]:
    """Every error class of the package, whose modules are all imported for that."""
    for module in pkgutil.walk_packages(offline_transfer.__path__, "offline_transfer."):
        # Alembic's scripts only run inside Alembic.
        if not module.name.startswith("offline_transfer.migrations.") or module.name.endswith(".runner"):
            importlib.import_module(module.name)
    return [found for found in _below(OfflineTransferError) if found.__module__.startswith("offline_transfer")]


def without_message(classes: Iterable[ErrorClass]) -> list[str]:
    """Classes without a docstring of their own: it is what people read."""
    return [
        f"{found.__module__}.{found.__name__} has no docstring: write the message that people will read, naming the thing"
        " and the remedy"
        for found in classes
        if not vars(found).get("__doc__")
    ]


def shared_codes(classes: Iterable[ErrorClass]) -> list[str]:
    """Codes that two classes have: programs tell errors apart by them."""
    by_code: defaultdict[str, list[str]] = defaultdict(list)
    for found in classes:
        by_code[found.code()].append(f"{found.__module__}.{found.__name__}")
    return [
        f"the code `{code}` belongs to {' and '.join(sorted(names))}: rename one, since programs tell errors apart by it"
        for code, names in sorted(by_code.items())
        if len(names) > 1
    ]


def unfilled(classes: Iterable[ErrorClass], source: Path) -> list[str]:
    """Places that construct an error without all that its message needs."""
    known = {found.__name__: placeholders(found) for found in classes}
    names = [found.__name__ for found in classes]
    found = []
    for path in sorted(source.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            name = call.func.id
            if name not in known or names.count(name) > 1 or any(keyword.arg is None for keyword in call.keywords):
                continue
            if missing := known[name] - {str(keyword.arg) for keyword in call.keywords}:
                found.append(
                    f"{path.relative_to(source)}:{call.lineno}: {name} needs {', '.join(sorted(missing))} for its message"
                )
    return found


def placeholders(error_class: ErrorClass) -> set[str]:
    """The names that a message needs."""
    fields = (field for _, field, _, _ in Formatter().parse(error_class.template()) if field)
    return {field.partition(".")[0].partition("[")[0] for field in fields}


def _below(error_class: ErrorClass) -> Iterator[ErrorClass]:
    seen = set()
    waiting = [error_class]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.add(current)
            yield current
            waiting += current.__subclasses__()
