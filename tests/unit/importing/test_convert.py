"""Values of archives meet columns: each is converted or refused with a reason, whatever it is."""

from typing import Any

import pytest
from sqlalchemy import Column

from offline_transfer.importing import convert
from offline_transfer.importing.transformers import shims
from offline_transfer.relations.loader import tree
from offline_transfer.types import PortableKind
from tests.support.tampering import VALUES


def test_every_column_takes_or_refuses_every_value() -> None:
    columns = {
        str(attribute.column): attribute.column
        for kind in PortableKind
        for node in tree(kind).root.walk()
        for attribute in node.attributes
        if attribute.column is not None
    }
    assert len(columns) > 400
    assert {
        (name, repr(value)[:80]) for name, column in columns.items() for value in VALUES if escapes(column, value)
    } == set()


def escapes(column: Column[Any], value: Any) -> bool:
    """Whether anything but a refusal comes out."""
    if value is None:
        return False
    try:
        convert.converter(column)(value)
    except (ValueError, OverflowError):
        return False
    except Exception:  # noqa: BLE001 - that is what is looked for
        return True
    return False


@pytest.mark.parametrize("digits", ["9" * 5000, "99999999999999999999"])
def test_a_line_code_with_numbers_that_no_file_has_keeps_the_ones_that_can_be(digits: str) -> None:
    note: dict[str, Any] = {"position": {"line_range": {"start_line_code": f"a_{digits}_7", "end_line_code": "a_0_8"}}}
    for shim in shims.BY_RELATION["notes"]:
        shim(note)
    assert note["position"]["line_range"] == {
        "start": {"line_code": f"a_{digits}_7", "type": None, "old_line": None, "new_line": 7},
        "end": {"line_code": "a_0_8", "type": None, "old_line": None, "new_line": 8},
    }
