"""Every attack that is to be withstood has a class of tests that says what it is, where it happened and what stands against it."""

import importlib
import re
from pathlib import Path
from typing import Final

import pytest

from tests.attacks.making.__main__ import MAKERS
from tests.support.environment import REPOSITORY

ATTACKS: Final = (*range(1, 21), 23, 27, *range(29, 35), 36, 37, 38)
HERE: Final = Path(__file__).parent


def classes() -> dict[int, tuple[str, type]]:
    """The classes of tests by the number of their attack, with their modules."""
    found: dict[int, tuple[str, type]] = {}
    for path in sorted(HERE.glob("test_a*.py")):
        module = importlib.import_module(f"tests.attacks.{path.stem}")
        for name, value in vars(module).items():
            if match := re.fullmatch(r"TestA(\d\d)\w+", name):
                assert int(match[1]) not in found, f"A{int(match[1])} has two classes"
                found[int(match[1])] = (path.stem, value)
    return found


def test_each_attack_has_a_class() -> None:
    assert sorted(classes()) == sorted(ATTACKS)


@pytest.mark.parametrize("number", ATTACKS)
def test_each_class_says_what_it_is_about(number: int) -> None:
    module, tested = classes()[number]
    text = " ".join((tested.__doc__ or "").split())
    assert text.startswith(f"A{number}: "), f"{module}: say first what A{number} is"
    assert " Defence: " in text, f"{module}: say what stands against A{number}"
    assert [name for name in vars(tested) if name.startswith("test_")], f"{module}: A{number} has no test"


def test_the_threat_model_names_each_class() -> None:
    model = (REPOSITORY / "docs" / "threat-model.md").read_text()
    rows = dict(re.findall(r"^\| A(\d+) \|.*\| `(Test\w+)` \|$", model, re.MULTILINE))
    assert rows == {str(number): tested.__name__ for number, (_, tested) in classes().items()}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name == "a05-bomb" else []) for name in sorted(MAKERS)]
)
def test_each_maker_writes_an_archive(name: str, tmp_path: Path) -> None:
    archive = MAKERS[name](tmp_path)
    assert [path.name for path in archive.glob("metadata.json.gz*")] != []
