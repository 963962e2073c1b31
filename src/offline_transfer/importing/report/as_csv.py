"""The report for spreadsheets: one table, whose first column says what a line is about."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final

from offline_transfer.importing.report.contents import Sections

COLUMNS: Final = (
    "kind",
    "entity",
    "destination",
    "path",
    "status",
    "source",
    "fetched",
    "imported",
    "skipped",
    "failed",
    "reason",
    "name",
    "count",
    "batch",
    "line",
    "message",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def pieces(sections: Sections) -> Iterator[bytes]:
    """The lines, the head first."""
    yield _line(COLUMNS)
    for row in _rows(sections):
        yield _line([_cell(row.get(column)) for column in COLUMNS])


def _rows(sections: Sections) -> Iterator[Mapping[str, object]]:
    for name, value in sections.head.items():
        if not isinstance(value, list):
            yield {"kind": "import", "name": name, "message": value}
    for item in sections.unchecked():
        yield {"kind": "unchecked", "path": item.get("where"), "message": item.get("reason")}
    for item in sections.entities():
        yield {"kind": "entity", **item, "message": item["error"], "reason": item["kept"]}
    for item in sections.relations():
        yield {"kind": "relation", **item, "reason": _reasons(item["reasons"])}
    for item in sections.failures():
        yield {"kind": "failure", **item, "name": item.get("record")}
    for item in sections.gaps():
        yield {"kind": "gap", "entity": item["entity"], "path": item["relation"], "message": item["reason"]}
    for item in sections.dropped():
        yield {"kind": "dropped_attribute", **item}


def _reasons(reasons: object) -> str:
    assert isinstance(reasons, dict)
    return ", ".join(f"{reason}: {count}" for reason, count in reasons.items())


def _cell(value: object) -> object:
    """A value that no spreadsheet takes for a formula: names come from archives (CWE-1236)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _line(cells: object) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)  # type: ignore[arg-type]
    return text.getvalue().encode()
