"""Runs what a page tells people to type."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.acceptance.program import Instance, environment_of
from tests.support.environment import REPOSITORY

SECONDS = 600
_PROGRAM = ".venv/bin/offline-transfer"
# Each instance has a database of its own, which the page does not know of.
_WRAPPER = """#!/usr/bin/env bash
words=("$@")
for position in "${{!words[@]}}"; do
    if [ "${{words[$position]}}" = --data-dir ]; then
        DATABASE_URL="$(cat "${{words[$position + 1]}}.url")"
        export DATABASE_URL
    fi
done
exec {python} -m offline_transfer.cli "$@"
"""


def blocks(page: str) -> list[str]:
    """The blocks of commands of a page of `docs/howto`, in order."""
    text = (REPOSITORY / "docs" / "howto" / page).read_text("utf-8")
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run_page(
    page: str, directory: Path, instances: Sequence[Instance], *, group: str
) -> "subprocess.CompletedProcess[str]":
    """Run all commands of a page in one shell, with `directory` for `/tmp` and `group` for `acme`. The first that fails ends it.

    The instances lie in `directory` under the names that the page gives them.
    """
    for instance in instances:
        (directory / f"{instance.data_dir.name}.url").write_text(instance.environment["DATABASE_URL"])
    wrapper = directory / "offline-transfer"
    wrapper.write_text(_WRAPPER.format(python=sys.executable))
    wrapper.chmod(0o755)
    keys = directory / "secrets.keys"
    script = (
        "\n".join(["set -euo pipefail", *blocks(page)])
        .replace("/tmp/", f"{directory}/")
        .replace(" acme ", f" {group} ")
    )
    return subprocess.run(
        # With a database of its own an instance has to be told where its keys are.
        ["bash", "-c", f"{wrapper} db make-key {keys}\n{script.replace(_PROGRAM, str(wrapper))}"],
        env=environment_of(OFFLINE_TRANSFER_SECRETS_FILE=str(keys)),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
