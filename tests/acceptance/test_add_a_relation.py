"""The page on adding a relation, followed word by word in a copy of the project."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.program import environment_of
from tests.support import memory
from tests.support.environment import REPOSITORY

pytestmark = pytest.mark.slow

PAGE: Final = REPOSITORY / "docs" / "howto" / "add-a-relation.md"
COPIED: Final = ("src", "tests", "docs", "demo", "bench", "pyproject.toml", "README.md", "Makefile")
SECONDS: Final = 240
"""After which a command is taken to hang."""

_BLOCK: Final = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|(?:^`(?P<path>\S+)`:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_HUNK: Final = re.compile(r"^@@.*\n", re.MULTILINE)
_NO_COMMAND: Final = "make docs\n"
"""What is left out: the pages are held by a test of their own."""

MOVED: Final = (
    "documents",
    "documents.award_emoji",
    "documents.notes",
    "documents.notes.award_emoji",
    "scans",
)

ATTACH: Final = """
from pathlib import Path
from sqlalchemy import insert, select
from offline_transfer.db import open_database
from offline_transfer.forge.attachments import Upload
from offline_transfer.forge.documents import Document
from offline_transfer.forge.files import Files, UploadPlace
from offline_transfer.settings import load_settings
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.sources import from_bytes

settings = load_settings(data_dir=Path("/tmp/instance"))
with open_database(settings) as database, database.session() as session:
    document_id = session.scalars(select(Document.id).order_by(Document.id).limit(1)).one()
    place = UploadPlace(model_type="Document", model_id=document_id, name="plan.pdf")
    stored = Files(DiskStore(settings.data_dir / "files")).store_upload(place, from_bytes(b"%PDF"))
    session.execute(insert(Upload).values(
        size=stored.size, path="plan.pdf", checksum=stored.sha256, model_id=document_id, model_type="Document",
        uploader="FileUploader", storage_key=stored.key,
    ))
"""
MOVE_AGAIN: Final = """
.venv/bin/python /tmp/attach.py
PREFIX=$(.venv/bin/offline-transfer export source/handbook --to /tmp/archives --data-dir /tmp/instance | tail -1)
.venv/bin/offline-transfer import "/tmp/archives/$PREFIX" --entity source/handbook=source:again --data-dir /tmp/instance --json
"""


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the page: a file with its path, or a difference, or commands."""

    heading: str
    language: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the project, and a directory for what the page calls `/tmp`."""

    directory: Path

    @property
    def project(self) -> Path:
        """The root of the copy."""
        return self.directory / "project"

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        if block.language == "sh":
            self.run(block.text.replace(_NO_COMMAND, ""))
        elif block.language == "diff":
            for change in re.split(r"^--- ", block.text, flags=re.MULTILINE)[1:]:
                self._change(change)
        else:
            self.write(block.path, block.text)

    def write(self, path: str, text: str) -> None:
        """Write a new file, of the project or elsewhere."""
        place = Path(self._meant(path)) if path.startswith("/") else self.project / path
        place.parent.mkdir(parents=True, exist_ok=True)
        assert not place.exists(), f"{path} is there already"
        place.write_text(self._meant(text))

    def run(self, script: str, *, expected: int = 0) -> str:
        """Run commands in the copy."""
        ended = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{self._meant(script)}"],
            cwd=self.project,
            env={**outside(), "PYTHONPATH": str(self.project / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == expected, f"{script}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def test(self, *paths: str, expected: int = 0) -> str:
        """Run tests of the copy."""
        return self.run(f".venv/bin/python -m pytest -q -p no:cacheprovider {' '.join(paths)}", expected=expected)

    def _change(self, change: str) -> None:
        """Make the hunks of one file; each must fit in exactly one place."""
        header, *hunks = _HUNK.split(change)
        place = self.project / header.split("+++ b/")[1].strip()
        for hunk in hunks:
            lines = hunk.splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if line[0] in " -")
            after = "".join(line[1:] for line in lines if line[0] in " +")
            text = place.read_text()
            assert text.count(before) == 1, f"{place.name} has this {text.count(before)} times:\n{before}"
            place.write_text(text.replace(before, after))

    def _meant(self, text: str) -> str:
        return text.replace("/tmp/", f"{self.directory}/").replace(".venv/bin/", f"{Path(sys.executable).parent}/")


def outside() -> dict[str, str]:
    """This process's environment without the name of its test run: tests of the copy would take this run's databases for theirs."""
    return {name: value for name, value in environment_of().items() if not name.startswith("PYTEST_")}


@pytest.fixture
def copy() -> Iterator[Copy]:
    """A copy of the project as it is, in memory where there is room."""
    found = Copy(Path(tempfile.mkdtemp(prefix=memory.PREFIX, dir=memory.parent_directory())))
    found.project.mkdir()
    try:
        for name in COPIED:
            source = REPOSITORY / name
            if source.is_dir():
                shutil.copytree(source, found.project / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, found.project / name)
        yield found
    finally:
        shutil.rmtree(found.directory)


def blocks() -> Iterator[Block]:
    """The blocks of the page in order."""
    heading = ""
    for found in _BLOCK.finditer(PAGE.read_text("utf-8")):
        if found["heading"]:
            heading = found["heading"]
        else:
            yield Block(heading, found["language"], found["path"] or "", found["text"])


def test_what_the_page_says_works(copy: Copy) -> None:
    for block in blocks():
        if block.heading == "3. The stage" and block.language == "diff":
            forgotten = copy.test("tests/meta/test_pipelines.py", expected=1)
            assert "name the relation in one stage of importing/stages.py" in forgotten
        copy.follow(block)
    copy.test(
        "tests/meta/test_pipelines.py",
        "tests/meta/test_relation_guards.py",
        "tests/integration/importing/pipelines/test_project_records.py",
        "tests/integration/importing/pipelines/test_scans.py",
        "tests/integration/importing/test_pages.py",
        "-k 'not project_records or documents'",
    )
    record = json.loads(copy.run("tar -xzO -f /tmp/handbook.tar.gz ./tree/project/documents.ndjson"))
    assert (record["slug"], record["title"], record["notes"][0]["note"]) == ("plan", "The plan", "Agreed.")
    assert [record["award_emoji"][0]["name"], record["notes"][0]["award_emoji"][0]["name"]] == ["tada", "heart"]
    copy.write("/tmp/attach.py", ATTACH)
    imported = json.loads(copy.run(MOVE_AGAIN))
    arrived = {row["path"]: (row["source"], row["imported"]) for row in imported["relations"]}
    assert {path: arrived[path] for path in MOVED} == dict.fromkeys(MOVED, (1, 1))
