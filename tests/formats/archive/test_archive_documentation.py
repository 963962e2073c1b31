"""`docs/format.md` names every key that is written and every limit with its default."""

import dataclasses
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offline_transfer.archive.keys import EntityPrefix, ExportPrefix, Extension, ObjectKey
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.manifest import FailedRelation, ManifestEntry, Totals
from offline_transfer.archive.metadata import FORMAT_VERSION, INSTANCE_VERSION, MINIMUM_SOURCE_VERSION, Metadata
from offline_transfer.archive.objects import Measurement
from offline_transfer.types import PortableKind

PAGE = (Path(__file__).parents[3] / "docs" / "format.md").read_text()
UNITS = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
ENTITY = EntityPrefix(PortableKind.GROUP, 1)


def first_columns(heading: str, table: int) -> list[str]:
    """The code in the first column of a table below a heading, in order."""
    section = PAGE.split(f"\n{heading}\n", 1)[1]
    blocks = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)
    return re.findall(r"^\| `(\w+)` \|", blocks[table], re.MULTILINE)


def test_every_key_of_the_metadata_is_described_in_its_order() -> None:
    metadata = Metadata(
        export_prefix=ExportPrefix("p"),
        source_hostname="https://gitlab.example.com",
        entities_mapping={"top": ENTITY},
        source_ghost_user_id=3,
        batched=True,
    )
    assert first_columns("## Metadata", 0) == list(metadata.to_object())


def test_every_key_of_the_manifest_is_described_in_its_order() -> None:
    entry = ManifestEntry(
        key=ObjectKey(entity=ENTITY, relation="self", extension=Extension.JSON),
        measurement=Measurement(stored_bytes=1, sha256="", content_bytes=1, content_sha256=""),
        records={},
        read_at=datetime(2026, 4, 16, tzinfo=UTC),
    )
    failed = FailedRelation(entity=ENTITY, relation="labels", reason="x")
    assert first_columns("### Manifest", 0) == list(failed.to_object())
    assert first_columns("### Manifest", 1) == list(entry.to_object())
    assert first_columns("### Manifest", 2) == list(Totals().to_object())


def test_every_limit_is_listed() -> None:
    assert first_columns("## Limits", 0) == [field.name for field in dataclasses.fields(Limits)]


@pytest.mark.parametrize("field", dataclasses.fields(Limits), ids=lambda field: field.name)
def test_limits_have_the_defaults_that_are_listed(field: "dataclasses.Field[int]") -> None:
    match = re.search(rf"^\| `{field.name}` \| ([\d,]+) ?(\w*) \|", PAGE, re.MULTILINE)
    assert match is not None
    assert int(match[1].replace(",", "")) * UNITS[match[2]] == field.default


def test_the_versions_are_those_of_the_program() -> None:
    assert f"| format version written | {FORMAT_VERSION} |" in PAGE
    assert f"| lowest `instance_version` read | {MINIMUM_SOURCE_VERSION} |" in PAGE
    assert f"| `instance_version` written | {INSTANCE_VERSION} |" in PAGE


def test_every_example_of_a_key_is_one() -> None:
    examples = re.findall(r"2026-04-16_19-39-00_export_dJtnb3CV/((?:group|project)_\S+)", PAGE)
    assert len(examples) == 5
    assert [str(ObjectKey.parse(example)) for example in examples] == examples
