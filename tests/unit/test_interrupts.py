"""Ctrl-C ends what it shall end, also where Python or a library would make something else of it."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from demo.interrupts import Interrupts as DemoInterrupts
from offline_transfer import programs
from offline_transfer.cli import main
from offline_transfer.cli.interrupts import AwaitedInterrupts, Interrupts
from offline_transfer.errors import ExitStatus

DEADLINE = 60.0


class Dropping:
    """Ctrl-C comes while this is cleared away."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def drop() -> None:
    """Has Ctrl-C come where Python drops what is raised."""
    Dropping()


def wait_after(happening: Callable[[], None]) -> None:
    """Something happens, and after it nothing for a long time."""
    happening()
    begun = time.monotonic()
    try:
        threading.Event().wait(DEADLINE)
    finally:
        assert time.monotonic() - begun < DEADLINE, "nobody was woken"


def fail_after_ctrl_c() -> None:
    """What broken off statements do."""
    signal.raise_signal(signal.SIGINT)
    raise ValueError("cannot exit pipeline mode while busy")


def complain_after_ctrl_c() -> None:
    """What pools of connections do."""
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        logging.getLogger("sqlalchemy.pool").error("Exception terminating connection")


@pytest.fixture(autouse=True)
def _same_handlers_afterwards() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    # What `nohup` runs ignores this one.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_is_dropped_is_raised_again(capsys: pytest.CaptureFixture[str]) -> None:
    handler, hook = signal.getsignal(signal.SIGINT), sys.unraisablehook
    interrupts = Interrupts()
    with pytest.raises(KeyboardInterrupt), interrupts:
        wait_after(drop)
    assert (interrupts.came, signal.getsignal(signal.SIGINT), sys.unraisablehook) == (True, handler, hook)
    assert capsys.readouterr().err == ""


def test_a_thread_is_waited_for_to_its_end_or_for_a_while() -> None:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, daemon=True)
    thread.start()
    programs.join(thread, 0.01)
    assert thread.is_alive()
    end.set()
    programs.join(thread)
    assert not thread.is_alive()


def test_libraries_do_not_complain_of_what_was_broken_off(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(KeyboardInterrupt), Interrupts():
        complain_after_ctrl_c()
    logging.getLogger("sqlalchemy.pool").error("Something else")
    assert [record.message for record in caplog.records] == ["Something else"]


def test_other_things_that_are_dropped_are_told_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def __del__(self) -> None:
            raise ValueError

    told: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: told.append(dropped.exc_type))
    with Interrupts() as interrupts:
        Failing()
    assert (told, interrupts.came) == ([ValueError], False)


def test_a_command_that_fails_in_another_way_after_ctrl_c_was_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def app(_arguments: Sequence[str], **_options: object) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("cannot exit pipeline mode while busy") from None
        return 0

    monkeypatch.setattr(main, "app", app)
    assert main.run(["tree"]) == ExitStatus.INTERRUPTED
    assert capsys.readouterr() == ("", "offline-transfer: Interrupted.\n")


def test_an_awaited_one_is_raised_at_the_check() -> None:
    with AwaitedInterrupts() as interrupts:
        interrupts.check()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()


def test_a_second_one_is_raised_at_once() -> None:
    with AwaitedInterrupts():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_where_ctrl_c_is_ignored_it_stays_so() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interrupts() as interrupts:
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert not interrupts.came


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_demonstration_ends_at_its_next_step(number: signal.Signals) -> None:
    interrupts = DemoInterrupts()
    interrupts.__enter__()
    interrupts.check()
    signal.raise_signal(number)
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()


@pytest.mark.parametrize("happening", [lambda: signal.raise_signal(signal.SIGINT), fail_after_ctrl_c])
def test_the_demonstration_was_interrupted_also_if_it_ended_or_failed_meanwhile(happening: Callable[[], None]) -> None:
    with pytest.raises(KeyboardInterrupt), DemoInterrupts():
        happening()


def test_what_the_demonstration_starts_is_started_whole() -> None:
    interrupts, started = DemoInterrupts(), []

    def start() -> None:
        signal.raise_signal(signal.SIGINT)
        interrupts.check()
        started.append("a server")

    interrupts.__enter__()
    with pytest.raises(KeyboardInterrupt), interrupts.held_back():
        start()
    assert started == ["a server"]
