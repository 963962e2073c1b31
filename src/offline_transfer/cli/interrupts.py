"""Ctrl-C, which Python raises wherever the main thread is just then: also where a library makes another error of it, and where
it is dropped."""

import _thread
import logging
import signal
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Final, Self

AGAIN_SECONDS: Final = 0.01
"""How long after it was dropped an interrupt comes again: by then Python has cleared away what it was at."""


class Interrupts:
    """Notes in the block whether Ctrl-C came, and raises KeyboardInterrupt for it: at once, and again where Python drops it.

    Nothing is changed where Ctrl-C is ignored, or handled by others, and outside the main thread.
    """

    came: bool = False

    def __enter__(self) -> Self:
        self._before = signal.getsignal(signal.SIGINT)
        self._hook = sys.unraisablehook
        self._disabled = logging.root.manager.disable
        self._is_ours = callable(self._before) and threading.current_thread() is threading.main_thread()
        if self._is_ours:
            signal.signal(signal.SIGINT, self._come)
            sys.unraisablehook = self._drop
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._is_ours:
            signal.signal(signal.SIGINT, self._before)
            sys.unraisablehook = self._hook
            logging.disable(self._disabled)

    def _come(self, _number: int, _frame: FrameType | None) -> None:
        self.came = True
        # Libraries log with a traceback that they could not end in order what was broken off.
        logging.disable()
        raise KeyboardInterrupt

    def _drop(self, dropped: "sys.UnraisableHookArgs") -> None:
        """Is told of what was raised in a destructor or the like, where nothing can be raised."""
        if isinstance(dropped.exc_value, KeyboardInterrupt):
            # threading takes locks to start a thread, and this may be called while they are held.
            _thread.start_new_thread(_interrupt_again, ())
        else:
            self._hook(dropped)


class AwaitedInterrupts(Interrupts):
    """Raises only where `check` is called, in between what must not be broken off; a second Ctrl-C is raised at once."""

    def check(self) -> None:
        """Raises KeyboardInterrupt when Ctrl-C has come."""
        if self.came:
            raise KeyboardInterrupt

    def _come(self, _number: int, _frame: FrameType | None) -> None:
        is_second, self.came = self.came, True
        if is_second:
            raise KeyboardInterrupt


def _interrupt_again() -> None:
    time.sleep(AGAIN_SECONDS)
    # To the thread itself, so that it wakes from whatever it waits for.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
