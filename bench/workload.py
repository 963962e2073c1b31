"""Writes GitLab-shaped projects as file-based export trees: `tree/project.json` and one NDJSON file for each relation.

The same size and seed give the same bytes. Memory stays flat: one record at a time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Final

import orjson

from bench.relations import Counts, relations
from bench.shapes import PROJECT_ID, Shapes
from bench.texts import Texts

SEED: Final = 20_160_614

SIZES: Final[Mapping[str, Counts]] = MappingProxyType(
    {
        "S": Counts(issues=215, merge_requests=225, pipelines=80),
        "M": Counts(issues=2_000, merge_requests=2_100, pipelines=750),
        "L": Counts(issues=20_000, merge_requests=21_000, pipelines=7_500),
        "XL": Counts(issues=64_500, merge_requests=67_700, pipelines=24_200),
    }
)
"""About 8 MB, 77 MB, 770 MB and 2.5 GB of JSON."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: bytes, and records of the first level."""

    bytes: int
    records: int


def write_project(directory: Path, counts: Counts, seed: int = SEED) -> Written:
    """Writes the tree of one project into a directory that may exist."""
    random = Random(seed)  # noqa: S311 - repeatable numbers are the point
    shapes = Shapes(Texts(random))
    below = directory / "tree" / "project"
    below.mkdir(parents=True, exist_ok=True)
    root = {
        "description": shapes.texts.prose(80),
        "visibility_level": 0,
        "archived": False,
        "id": PROJECT_ID,
        "default_branch": "main",
    }
    size = (directory / "tree" / "project.json").write_bytes(orjson.dumps(root))
    number = 0
    for name, records in relations(shapes, counts):
        with (below / f"{name}.ndjson").open("wb", buffering=1 << 20) as file:
            for record in records:
                size += file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
                number += 1
    return Written(size, number)


def write_nearly_empty_project(directory: Path) -> Written:
    """Writes a project with hardly anything in it: what remains is what every project costs."""
    below = directory / "tree" / "project"
    below.mkdir(parents=True, exist_ok=True)
    label = {"title": "only", "color": "#112233", "type": "ProjectLabel", "project_id": PROJECT_ID}
    issue = {"iid": 1, "title": "Only issue", "author_id": 1000, "state": "opened", "label_links": [{"label": label}]}
    size = (directory / "tree" / "project.json").write_bytes(b'{"visibility_level":0}')
    for name, record in (("labels", label), ("issues", issue)):
        size += (below / f"{name}.ndjson").write_bytes(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    return Written(size, 2)
