"""Ends the demonstration when somebody asks for it, so that nothing is left behind."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Remembers what signals came in the block, for `check` to raise KeyboardInterrupt; at the latest the end of the block does.

    Raised wherever the program is just then it could get lost: Python drops what is raised while an object is cleared away, and a
    statement that is broken off becomes an error of the database. Signals that are ignored, as `nohup` has it, stay so.
    """

    def __init__(self) -> None:
        self._came = False
        self._signals = tuple(number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN)

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._come) for number in self._signals}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # After an interrupt the process ends, and another one that comes meanwhile is not worth a word.
        self.check()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raises KeyboardInterrupt when somebody has asked for the end."""
        if self._came:
            raise KeyboardInterrupt

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """What begins in the block is finished, and an interrupt raised at its end.

        Programs that are started there inherit blocked signals, so most of them do not heed the terminal either.
        """
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            # A program in the block may have failed because of the signal.
            self.check()

    def _come(self, _number: int, _frame: FrameType | None) -> None:
        self._came = True
