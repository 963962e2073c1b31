"""Ends the demonstration when somebody asks for it, so that nothing is left behind."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Final, Self

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """The first signal raises KeyboardInterrupt; those after it do not disturb the clearing up.

    Signals that are ignored, as `nohup` has it, stay so.
    """

    def __init__(self) -> None:
        self._came = False
        self._is_held_back = False
        self._signals = tuple(number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN)

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._come) for number in self._signals}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # After an interrupt the process ends. Python's own handlers would complain about a signal that comes meanwhile.
        if not self._came:
            for number, handler in self._before.items():
                signal.signal(number, handler)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """What begins in the block is finished: the interrupt is raised at its end.

        Programs that are started there inherit blocked signals, so most of them do not heed the terminal either.
        """
        self._is_held_back = True
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        try:
            yield
        finally:
            self._is_held_back = False
            if not self._came:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            # The thread that draws may have taken the signal, and a program in the block may have failed because of it.
            if self._came:
                raise KeyboardInterrupt

    def _come(self, _number: int, _frame: FrameType | None) -> None:
        if self._came:
            return
        self._came = True
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        if not self._is_held_back:
            raise KeyboardInterrupt
