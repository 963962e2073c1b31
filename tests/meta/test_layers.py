from pathlib import Path

import pytest

import offline_transfer
from tests.meta.layers import FLOORS, breaches

SOURCE = Path(offline_transfer.__file__).parent


def package(directory: Path, files: dict[str, str]) -> Path:
    for name, text in {"__init__.py": "__version__ = '0'\n", **files}.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def test_nobody_imports_upwards_or_sideways() -> None:
    assert breaches(SOURCE) == []


def test_every_room_stands_on_one_floor() -> None:
    rooms = [room for floor in FLOORS for room in floor]
    assert len(rooms) == len(set(rooms))


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        (
            "archive/keys.py",
            "from offline_transfer.forge import models\n",
            "archive/keys.py:1: `archive` imports `forge`, which stands above it",
        ),
        (
            "archive/keys.py",
            "import os\nimport offline_transfer.storage.disk\n",
            "archive/keys.py:2: `archive` imports `storage`, which stands beside it",
        ),
        (
            "importing/run.py",
            "def run():\n    from offline_transfer import exporting\n",
            "importing/run.py:2: `importing` imports `exporting`, which stands beside it",
        ),
        (
            "forge/deep/inner.py",
            "from ...relations.loader import tree\n",
            "forge/deep/inner.py:1: `forge` imports `relations`, which stands above it",
        ),
        (
            "verify/report.py",
            "from offline_transfer.nowhere import x\n",
            "verify/report.py:1: `verify` imports `nowhere`, which stands on no floor",
        ),
        ("attic/box.py", "", "attic/box.py: the room `attic` stands on no floor"),
    ],
)
def test_an_import_that_breaks_the_layers_is_noticed(tmp_path: Path, file: str, text: str, complaint: str) -> None:
    (found,) = breaches(package(tmp_path, {file: text}))
    assert found.startswith(complaint)


def test_imports_downwards_are_fine(tmp_path: Path) -> None:
    files = {
        "db.py": "from offline_transfer.errors import X\n",
        "archive/keys.py": "from offline_transfer import __version__\nfrom . import names\n",
        "forge/models.py": "from ..archive import keys\nfrom offline_transfer.forge.base import Base\n",
    }
    assert breaches(package(tmp_path, files)) == []
