"""How our programs wait, and how they end."""

import gc
import math
import sys
import threading
import time
from typing import Final, Never

LISTEN_SECONDS: Final = 0.5


def join(thread: threading.Thread, seconds: float = math.inf) -> None:
    """Wait for the end of a thread, and hear signals meanwhile.

    It never waits for long at once: Python hears of a signal that comes just before it waits for a lock only when it has waited.
    """
    deadline = time.monotonic() + seconds
    while thread.is_alive() and (left := deadline - time.monotonic()) > 0:
        thread.join(min(left, LISTEN_SECONDS))


def end(status: int) -> Never:
    """End the program. Python would search all that is left for what can be freed, for half a second: the memory goes anyway."""
    gc.freeze()
    sys.exit(status)
