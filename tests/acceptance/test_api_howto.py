"""The pages on exports to S3 and imports from there, followed word by word, with other ports and directories."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.program import SECONDS, environment_of
from tests.support.environment import REPOSITORY

# Each starts the program a dozen times.
pytestmark = pytest.mark.slow

PAGES: Final = REPOSITORY / "docs" / "howto"
SERVING: Final = re.compile(r"^\S+(rclone serve|offline-transfer serve).*$", re.MULTILINE)


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def script(page: str, directory: Path) -> str:
    """The commands of a page as one script; the two servers run beside it, and end with it."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (PAGES / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    text, servers = SERVING.subn(r"\g<0> &>> LOG &", "\n".join(blocks))
    assert servers == 2
    for written, meant in {
        "/tmp/": f"{directory}/",
        ".venv/bin/": f"{Path(sys.executable).parent}/",
        "9000": str(free_port()),
        "8080": str(free_port()),
        "LOG": str(directory / "servers.log"),
    }.items():
        assert written in text
        text = text.replace(written, meant)
    return f"set -euo pipefail\ntrap 'kill $(jobs -p); wait' EXIT\n{text}"


def follow(page: str, directory: Path) -> tuple[str, str]:
    """Does what a page says; gives what its commands printed and what the servers did."""
    with subprocess.Popen(
        ["bash", "-c", script(page, directory)],
        cwd=REPOSITORY,
        env=environment_of(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, _ = process.communicate(timeout=SECONDS)
        finally:
            # Also what the script left running, if it did not come to its end.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    logs = (directory / "servers.log").read_text()
    assert process.returncode == 0, out + logs
    return out, logs


def test_what_the_page_on_exports_says_works(tmp_path: Path) -> None:
    out, logs = follow("export-to-s3.md", tmp_path)
    export = json.loads((tmp_path / "export.json").read_text())
    assert (export["status"], export["has_failures"]) == ("finished", False)
    assert (export["bucket"], export["source_hostname"]) == ("offline-transfer-export", "https://gdk.test:3000")
    assert export["entities"] == ["flightjs/Flight", "gitlab-org"]
    assert (tmp_path / "store" / "offline-transfer-export" / export["export_prefix"] / "metadata.json.gz").exists()
    assert "MINIO_SECRET_KEY" not in logs + json.dumps(export)
    assert out.splitlines()[-1] == "The archive is as its manifest says."


def test_what_the_page_on_imports_says_works(tmp_path: Path) -> None:
    _, logs = follow("import-from-s3.md", tmp_path)
    plan, made, entities, rollback = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("plan", "import", "entities", "rollback")
    )
    assert plan["blockers"] == []
    assert (made["status"], made["has_failures"], made["source_url"]) == ("finished", False, "https://gdk.test:3000")
    assert entities[0]["destination_full_path"] == "newcomers/from-gdk"
    assert {entity["status"] for entity in entities} == {"finished"}
    for entity in entities:
        for count in entity["stats"].values():
            assert count["source"] == count["imported"] + count["skipped"] + count["failed"]
    assert "newcomers/from-gdk" in (tmp_path / "report.html").read_text()
    assert rollback["rolled_back_at"] is not None
    assert "MINIO_SECRET_KEY" not in logs + json.dumps([plan, made, entities, rollback])
