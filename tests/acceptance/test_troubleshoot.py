"""The commands of `docs/howto/troubleshoot.md`, with an export at hand that they can be asked about."""

import re
from pathlib import Path

import pytest

from tests.acceptance.program import Instance
from tests.support.environment import REPOSITORY

PAGE = REPOSITORY / "docs" / "howto" / "troubleshoot.md"
PREFIX = "2026-04-16_19-39-00_export_dJtnb3CV"


def commands() -> list[list[str]]:
    """The commands of the page, without what stands behind `#`."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = [line.split("#")[0].split() for block in blocks for line in block.splitlines()]
    assert lines, f"{PAGE.name} has no commands"
    return lines


@pytest.fixture(scope="module")
def page() -> list[list[str]]:
    return commands()


def test_every_command_of_the_page_answers(own_source: Instance, page: list[list[str]], tmp_path: Path) -> None:
    exported = own_source.json("export", "fill/inner", "--to", tmp_path)
    assert exported["failures"] == []
    # Others may have exported from the instance that this is a copy of.
    job = max(own_source.json("jobs", "list")["jobs"], key=lambda job: int(job["id"]))
    asked = []
    for program, *words in page:
        assert program == "offline-transfer"
        if words[:2] == ["export", "--resume"]:
            # It has finished without a failure, so there is nothing to go on with.
            assert words[2] == PREFIX
            continue
        number = {"show": job["id"], "--job": job["id"], "--export": job["ids"]["offline_export_id"]}
        said = [str(number.get(before, word)) for before, word in zip(["", *words], words, strict=False)]
        outcome = own_source.run(*said).ok()
        asked.append(" ".join(words[:2]))
        if words[0] == "logs":
            assert "job.started" in outcome.out
    assert asked == [
        "jobs list",
        "jobs list",
        "logs --export",
        "jobs show",
        "logs --job",
        "jobs list",
        "jobs list",
        "jobs list",
        "logs --export",
    ]
