"""The page on exports to S3, followed word by word: its own commands, with other ports and directories."""

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

from tests.acceptance.program import SECONDS, environment_of
from tests.support.environment import REPOSITORY

PAGE: Final = REPOSITORY / "docs" / "howto" / "export-to-s3.md"
SERVING: Final = re.compile(r"^\S+(rclone serve|offline-transfer serve).*$", re.MULTILINE)


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def script(directory: Path) -> str:
    """The commands of the page as one script; the two servers run beside it, and end with it."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    text, servers = SERVING.subn(r"\g<0> &>> LOG &", "\n".join(blocks))
    assert (len(blocks), servers) == (7, 2)
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


def test_what_the_page_says_works(tmp_path: Path) -> None:
    with subprocess.Popen(
        ["bash", "-c", script(tmp_path)],
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
    logs = (tmp_path / "servers.log").read_text()
    assert process.returncode == 0, out + logs
    export = json.loads((tmp_path / "export.json").read_text())
    assert (export["status"], export["has_failures"]) == ("finished", False)
    assert (export["bucket"], export["source_hostname"]) == ("offline-transfer-export", "https://gdk.test:3000")
    assert export["entities"] == ["flightjs/Flight", "gitlab-org"]
    assert (tmp_path / "store" / "offline-transfer-export" / export["export_prefix"] / "metadata.json.gz").exists()
    assert "MINIO_SECRET_KEY" not in logs + json.dumps(export)
    assert out.splitlines()[-1] == "The archive is as its manifest says."
