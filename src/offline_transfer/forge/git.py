"""The one way in which Git is called.

Git works on data that strangers made, so every call has the same fixed options and a clean environment: no configuration
but ours, no hooks, no transport, no replacement objects, no questions. Git runs inside the repository's directory and gets
files as open descriptors, so that no place of this instance is an argument or can show in a message.
"""

import contextlib
import math
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final

from offline_transfer.forge.errors import (
    GitDiskFullError,
    GitFailedError,
    GitLimitError,
    GitNotFoundError,
    GitStoppedError,
)

MEBIBYTE: Final = 1024 * 1024
POLL_SECONDS: Final = 0.5
TAIL_BYTES: Final = 4096
REASON_CHARACTERS: Final = 500

# Defects that real histories carry from old or foreign programs and that harm nobody. A strict Git would refuse them.
HARMLESS_DEFECTS: Final = ("badTimezone", "missingSpaceBeforeDate", "zeroPaddedFilemode")

CONFIGURATION: Final = {
    "core.attributesFile": "/dev/null",
    "core.bigFileThreshold": "64m",  # larger blobs are streamed and not held in memory
    "core.excludesFile": "/dev/null",
    "core.hooksPath": "/dev/null",
    "core.logAllRefUpdates": "false",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    "credential.helper": "",
    "gc.auto": "0",  # nothing may go on in the background of a directory that is about to be renamed
    "maintenance.auto": "false",
    "pack.threads": "1",  # as many workers run as there are cores; and the same repository gives the same pack
    "protocol.allow": "never",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
    "transfer.fsckObjects": "true",
    **{f"fsck.{defect}": "ignore" for defect in HARMLESS_DEFECTS},
}

ENVIRONMENT: Final = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_ASKPASS": "",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "TZ": "UTC",
}

# How Git, in the language that the environment asks for, says what is not the fault of its input.
_CHILD_ENDED: Final = re.compile(r"died of signal (\d+)")
_DISK_FULL: Final = ("No space left on device", "Disk quota exceeded")
_MEMORY_FULL: Final = ("Out of memory", "out of memory", "Cannot allocate memory")

_OPTIONS: Final = tuple(part for name, value in CONFIGURATION.items() for part in ("-c", f"{name}={value}"))


@dataclass(frozen=True, slots=True)
class GitLimits:
    """What one call of Git may take: wall-clock seconds, and bytes of memory (on Linux with util-linux)."""

    seconds: float = 3600.0
    memory_bytes: int = 4096 * MEBIBYTE


def never_interrupt() -> None:
    """The interrupt of work that nobody cancels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """Calls of Git under the same limits.

    `fsync` is what Git brings to the disk before it ends, in the words of its `core.fsync`.
    `interrupt` is called in the caller's thread about twice a second while Git works; when it raises, Git and all its
    children are killed and the exception goes on. It is called, too, before a repository that was built aside is put in place.
    """

    limits: GitLimits = GitLimits()
    fsync: str = "committed,reference"
    interrupt: Callable[[], None] = never_interrupt

    def run(
        self, directory: Path, *arguments: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
    ) -> None:
        """Run a Git command inside the bare repository `directory`.

        `stdin` is read from its current position on, `stdout` written to at its own; both must be real files.
        Raises GitFailedError for another exit status than 0, GitLimitError, GitStoppedError, GitDiskFullError.
        """
        command = arguments[0]
        process = self._start(directory, arguments, stdin=stdin, stdout=stdout)
        assert process.stderr is not None
        tail = bytearray()
        # A thread, because a Git whose standard error nobody reads stands still, and a file would have no limit.
        reader = threading.Thread(target=_keep_tail, args=(process.stderr.fileno(), tail), daemon=True)
        reader.start()
        try:
            self._wait(process, command)
        finally:
            # Children outlive a Git that a signal ended, and would keep its standard error open.
            if process.returncode is None or process.returncode < 0:
                _kill_group(process)
            reader.join()
            process.stderr.close()
        self._judge(process.returncode, command, _reason(bytes(tail), directory))

    def output(self, directory: Path, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a Git command whose input and output are small and return what it printed."""
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            self.run(directory, *arguments, stdin=given, stdout=printed)
            printed.seek(0)
            return printed.read()

    def lines(self, directory: Path, *arguments: str) -> Iterator[bytes]:
        """Run a Git command and give what it printed line by line, without the line feeds, at flat memory."""
        with tempfile.TemporaryFile() as printed:
            self.run(directory, *arguments, stdout=printed)
            printed.seek(0)
            for line in printed:
                yield line.removesuffix(b"\n")

    def _start(
        self, directory: Path, arguments: tuple[str, ...], *, stdin: IO[bytes] | None, stdout: IO[bytes] | None
    ) -> "subprocess.Popen[bytes]":
        if stdin is not None:
            # The descriptor stands where Python has filled its buffer from, which is beyond what was read of it.
            os.lseek(stdin.fileno(), stdin.tell(), os.SEEK_SET)
        if shutil.which("git") is None:
            raise GitNotFoundError
        return subprocess.Popen(
            [*_limiter(self.limits), "git", *_OPTIONS, "-c", f"core.fsync={self.fsync}", "--git-dir=.", *arguments],
            cwd=directory,
            env={**ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath)},
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.DEVNULL if stdout is None else stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _wait(self, process: "subprocess.Popen[bytes]", command: str) -> None:
        deadline = time.monotonic() + self.limits.seconds
        while not _has_ended(process, within=max(0.0, min(POLL_SECONDS, deadline - time.monotonic()))):
            self.interrupt()
            if time.monotonic() >= deadline:
                raise GitLimitError(command=command, limit=f"{self.limits.seconds:g} seconds")

    def _judge(self, status: int, command: str, reason: str) -> None:
        if status == 0:
            return
        ended = _CHILD_ENDED.search(reason)
        if status < 0 or ended:
            raise GitStoppedError(command=command, signal=int(ended[1]) if ended else -status)
        if any(words in reason for words in _DISK_FULL):
            raise GitDiskFullError(command=command)
        if any(words in reason for words in _MEMORY_FULL):
            raise GitLimitError(command=command, limit=f"{self.limits.memory_bytes // MEBIBYTE} MiB of memory")
        raise GitFailedError(command=command, reason=reason or f"exit status {status}")


def _has_ended(process: "subprocess.Popen[bytes]", *, within: float) -> bool:
    """Waits so many seconds for the end of a child, and says whether it came.

    The kernel tells at once, where it can. Python alone looks up to 50 ms later, and a small repository takes a dozen calls.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(within)
        return process.returncode is not None
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        poller.poll(math.ceil(within * 1000))
    finally:
        os.close(descriptor)
    return process.poll() is not None


def _limiter(limits: GitLimits) -> tuple[str, ...]:
    """The program that sets the limits and then becomes Git, where there is one (util-linux, so on nearly every Linux).

    Setting them from here after the start comes too late on a busy machine, and between fork and exec Python is not safe.
    """
    if shutil.which("prlimit") is None:
        return ()
    memory = _within_hard_limit(resource.RLIMIT_DATA, limits.memory_bytes)
    # Processor time bounds a Git whose worker was killed and can no longer watch the clock.
    processor = _within_hard_limit(resource.RLIMIT_CPU, math.ceil(limits.seconds) + 1)
    return "prlimit", f"--data={memory}", f"--cpu={processor}", "--"


def _within_hard_limit(kind: int, value: int) -> int:
    hard = resource.getrlimit(kind)[1]
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _keep_tail(descriptor: int, tail: bytearray) -> None:
    for block in iter(partial(os.read, descriptor, TAIL_BYTES), b""):
        tail += block
        del tail[:-TAIL_BYTES]


def _reason(tail: bytes, directory: Path) -> str:
    text = tail.decode(errors="backslashreplace").replace(os.fspath(directory), ".")
    lines = (line.strip().removesuffix(".") for line in text.splitlines())
    joined = "; ".join(line for line in lines if line)
    return "".join(char if char.isprintable() else "\ufffd" for char in joined)[-REASON_CHARACTERS:]
