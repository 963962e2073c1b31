"""The report for programs: one JSON object, whose lists are written while they are read."""

from collections.abc import Iterable, Iterator

import orjson

from offline_transfer.importing.report.contents import Sections
from offline_transfer.types import JsonObject


def pieces(sections: Sections) -> Iterator[bytes]:
    """The object, piece by piece."""
    # Without its closing brace.
    yield orjson.dumps(sections.head)[:-1]
    lists: dict[str, Iterable[JsonObject]] = {
        "entities": sections.entities(),
        "relations": sections.relations(),
        "failures": sections.failures(),
        "gaps": sections.gaps(),
        "dropped_attributes": sections.dropped(),
    }
    for name, items in lists.items():
        yield b"," + orjson.dumps(name) + b":["
        for number, item in enumerate(items):
            yield (b"," if number else b"") + orjson.dumps(item)
        yield b"]"
    yield b"}\n"
