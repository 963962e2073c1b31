"""The environment of the tests: nothing that the person who runs them has set may change a result."""

import os
import signal
from pathlib import Path
from typing import Final

SCRUBBED_PREFIXES: Final = ("OFFLINE_TRANSFER_", "AWS_", "GIT_", "PG", "GOOGLE_", "AZURE_")
SCRUBBED_NAMES: Final = frozenset({"DATABASE_URL", "PYTHONDONTWRITEBYTECODE"})
FIXTURES_ABSENT: Final = "fixtures absent"
FIXTURES_VARIABLE: Final = "OFFLINE_TRANSFER_FIXTURES"
REPOSITORY: Final = Path(__file__).resolve().parents[2]


def gitlab_fixtures() -> Path | None:
    """Where GitLab's own fixtures lie, if they are here. Read before the environment is scrubbed."""
    named = os.environ.get(FIXTURES_VARIABLE)
    directory = Path(named) if named else REPOSITORY.parent / "shared" / "fixtures"
    return directory if directory.is_dir() else None


def scrub() -> None:
    """Remove what our program, git, libpq and the clients of object stores would read, and what would have each program that a test
    starts compile all of its code anew or ignore Ctrl-C.
    """
    for name in list(os.environ):
        if name in SCRUBBED_NAMES or name.startswith(SCRUBBED_PREFIXES):
            del os.environ[name]
    # A test that forgot to say where its instance lies fails, instead of finding the one of the person who runs it.
    os.environ["XDG_DATA_HOME"] = os.devnull
    os.environ["GIT_CONFIG_NOSYSTEM"] = "1"
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
    # A shell ignores Ctrl-C for what it runs in the background, and programs inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
