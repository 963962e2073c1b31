"""`python -m demo`: fills an instance, moves its groups to another one, and shows that nothing was lost."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from rich.console import Console

from demo import report
from demo.interrupts import Interrupts
from demo.stage import Places, Stage
from demo.steps import Steps
from offline_transfer import programs
from offline_transfer.errors import ExitStatus, OfflineTransferError

WIDTH: Final = 150
"""Characters in a line where no terminal says how many."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demonstration and gives the exit status: 0 when everything arrived."""
    parser = _parser()
    options = parser.parse_args(arguments)
    console, errors = Console(width=None if sys.stdout.isatty() else WIDTH), Console(stderr=True)
    if options.keep is not None and not _is_free(options.keep):
        parser.error(f"{options.keep} is not an empty directory: name another with --keep, or empty it first")
    kept = None if options.keep is None else nullcontext(options.keep.absolute())
    try:
        with (
            Interrupts() as interrupts,
            kept or _removed_directory() as directory,
            Steps(errors, interrupts.check) as steps,
        ):
            stage = Stage(directory=directory, seed=options.seed, steps=steps, undisturbed=interrupts.held_back)
            outcome = stage.play()
    except OfflineTransferError as error:
        errors.print(f"demo: {error.message}", markup=False, highlight=False)
        return error.exit_status
    except KeyboardInterrupt:
        errors.print("demo: Interrupted.")
        return ExitStatus.INTERRUPTED
    return report.show(console, outcome, steps.seconds, kept=None if kept is None else Places(directory=directory))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Fill an instance, export its groups into a directory, import them into an empty second instance, export "
        "them again, and compare. Both instances have databases of their own and are removed at the end.",
    )
    parser.add_argument(
        "--keep", metavar="DIR", type=Path, help="make everything in this directory, and leave it there"
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, default=1, help="another number fills the source with other data"
    )
    return parser


def _is_free(directory: Path) -> bool:
    """Whether a directory is empty, or can still be made."""
    try:
        return next(directory.iterdir(), None) is None
    except FileNotFoundError:
        return True
    except OSError:
        return False


@contextmanager
def _removed_directory() -> Iterator[Path]:
    """A private directory that is removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="offline-transfer-demo-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    programs.end(main())
