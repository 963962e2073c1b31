"""Work during which Ctrl-C is heard, whatever it waits for."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from offline_transfer import programs

T = TypeVar("T")


def interruptible(work: Callable[[Callable[[], None]], T]) -> T:
    """Do work in a thread of its own, and give what it gives. Ctrl-C is for the main thread, and as long as that waits for a store
    which says nothing, it is not heard.

    The work is given a function to call now and then, and before it changes anything: after Ctrl-C it raises KeyboardInterrupt.
    Nobody waits for the thread then, and it ends with the program.
    """
    outcome: Future[T] = Future()
    interrupted = threading.Event()

    def watch() -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt

    def run() -> None:
        try:
            outcome.set_result(work(watch))
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            outcome.set_exception(error)

    thread = threading.Thread(target=run, name="interruptible", daemon=True)
    thread.start()
    try:
        programs.join(thread)
        return outcome.result()
    except KeyboardInterrupt:
        interrupted.set()
        raise
