"""Shows how the demonstration gets on, and how long each step took."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


@dataclass(frozen=True, slots=True)
class Step:
    """One bar."""

    progress: Progress
    task: TaskID
    watch: Callable[[], None]

    def advance(self, what: str) -> None:
        """One more is done, or begun: this. Raises what `watch` raises."""
        self.watch()
        self.progress.update(self.task, advance=1, what=what)


def keep_on() -> None:
    """Lets a step go on."""


class Steps:
    """One bar for each step; where nobody looks, a line for each step that has ended. `watch` is called now and then, and ends the
    step by raising.
    """

    def __init__(self, console: Console, watch: Callable[[], None] = keep_on) -> None:
        self.seconds: dict[str, float] = {}
        self._console = console
        self._watch = watch
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[what]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Step]:
        """A step of so many parts."""
        task = self._progress.add_task(name, total=total, what="")
        begun = monotonic()
        yield Step(self._progress, task, self._watch)
        self.seconds[name] = monotonic() - begun
        self._progress.update(task, completed=total, total=total, what="")
        if not self._console.is_terminal:
            self._console.print(f"{name}: {self.seconds[name]:.1f} s", highlight=False, markup=False)
