"""One PostgreSQL cluster in a directory of ours: made, started, looked at, stopped. `server` says who may when.

<directory>/            0700, ours: the locks and the password
  password              0600: of the one database user
  server/               0700, the server user's
    data/               the cluster
    run/                0700: the socket
    log                 what the server says
"""

import os
import secrets
import shlex
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final
from urllib.parse import quote

import psycopg

from offline_transfer.embedded.errors import EmbeddedServerError
from offline_transfer.embedded.program import find_program
from offline_transfer.embedded.socket_path import SOCKET_NAME, client_directory, forget_client_directory

DATABASE_USER: Final = "offline_transfer"
DATABASE_NAME: Final = "offline_transfer"
PORT: Final = 5432
START_SECONDS: Final = 300
STOP_SECONDS: Final = 60
POLL_SECONDS: Final = 0.05
LOG_LINES_SHOWN: Final = 8
LOG_BYTES_SHOWN: Final = 4096
LOG_BYTES_KEPT: Final = 16 * 1024 * 1024
NAME_PREFIX: Final = "offline-transfer-"

# The server enters its data directory through this link, which leads there whatever the parents' permissions are.
WORKING_DIRECTORY: Final = "/proc/self/cwd"

# Statements and details hold what people transfer, so they stay out of the log.
FIXED_PARAMETERS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_directories": "../run",
    "port": str(PORT),
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster below one directory."""

    directory: Path

    @property
    def server(self) -> Path:
        """The part that belongs to the server user."""
        return self.directory / "server"

    @property
    def data(self) -> Path:
        """PostgreSQL's own directory."""
        return self.server / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.server / "log"

    def identity(self) -> str | None:
        """Which run of the server this is: its process and start time; None while none runs."""
        claim = self._pid_file()
        return f"{claim[0]}@{claim[1]}" if claim is not None and self._is_our_server(claim[0]) else None

    def url(self) -> str:
        """The address for libpq, with the password."""
        password = (self.directory / "password").read_text().strip()
        socket_directory = quote(str(client_directory(self.server / "run", remembered_in=self.directory)), safe="")
        return f"postgresql://{DATABASE_USER}:{password}@/{DATABASE_NAME}?host={socket_directory}&port={PORT}"

    def create(self, parameters: Mapping[str, str], *, lock: int) -> None:
        """Make the cluster unless it exists; one that an earlier attempt left unfinished is made anew.

        The lock is a descriptor that initdb inherits: if we are killed, nobody else begins before it has ended too.
        """
        if self.data.exists():
            return
        program = find_program(self.data)
        unfinished = self.server / "data.partial"
        if self.server.exists():
            shutil.rmtree(self.server)
        password = secrets.token_urlsafe(32)
        _write_private(self.directory / "password", password)
        for path in (self.server, unfinished, self.server / "run"):
            path.mkdir(mode=0o700)
        _write_private(self.server / "password", password)
        if program.user is not None:
            for path in (self.server, unfinished, self.server / "run", self.server / "password"):
                os.chown(path, program.user.uid, program.user.gid)
        arguments = [f"--pgdata={_data_argument(unfinished)}", f"--username={DATABASE_USER}", "--pwfile=../password"]
        arguments += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        arguments += [f"--set={name}={value}" for name, value in FIXED_PARAMETERS.items()]
        if parameters.get("fsync") == "off":
            arguments.append("--no-sync")
        answer = program.run("initdb", arguments, inside=unfinished, inherit=[lock])
        (self.server / "password").unlink()
        if answer.returncode != 0:
            raise self._error("created", answer.stdout)
        unfinished.rename(self.data)

    def start(self, parameters: Mapping[str, str]) -> None:
        """Start the server unless it runs, and wait until it answers.

        One that is starting, recovering or stopping is waited for. Raises EmbeddedServerError with the end of the log.
        """
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline:
                raise self._error("reached", f"{self._log_since(0)}\nit did not answer in {START_SECONDS} s")
            if self.identity() is None:
                self._launch(parameters)
            else:
                time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop the server if it runs: its connections end, what was committed is on disk."""
        if self.identity() is not None:
            answer = self._pg_ctl(["stop", "--mode=fast", "--wait", f"--timeout={STOP_SECONDS}"])
            if answer.returncode != 0 and self.identity() is not None:
                raise self._error("stopped", answer.stdout)
        forget_client_directory(self.directory)

    def _options(self, parameters: Mapping[str, str]) -> str:
        given = {"cluster_name": self._cluster_name(), **parameters}
        return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in given.items())

    def _cluster_name(self) -> str:
        """A name on the server's command line by which its process is known from any other."""
        status = self.data.stat()
        return f"{NAME_PREFIX}{status.st_dev:x}-{status.st_ino:x}"

    def _is_our_server(self, process: int) -> bool:
        """Whether this process is our server: after a crash of the machine its number may be somebody else's."""
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        try:
            command = Path(f"/proc/{process}/cmdline").read_bytes()
        except OSError:
            # Not to be seen, so it may be ours.
            return True
        is_another_instance = NAME_PREFIX.encode() in command and self._cluster_name().encode() not in command
        return Path(os.fsdecode(command.split(b"\0")[0])).name == "postgres" and not is_another_instance

    def _discard_stale_claims(self) -> None:
        """Remove the claims of a server that is gone, lest PostgreSQL take another program with its number for it.

        That program may be the dead server itself, where nobody collects the ended children of others. Children of it that still
        live are found by their shared memory, without these files.
        """
        pid_file = self.data / "postmaster.pid"
        claim = self._pid_file()
        if not pid_file.exists() or (claim is not None and not self._is_our_server(claim[0])):
            pid_file.unlink(missing_ok=True)
            (self.server / "run" / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)

    def _pid_file(self) -> tuple[int, int] | None:
        """The process and the start time in PostgreSQL's own file; None where there is none, or none that can be read yet."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            return int(lines[0]), int(lines[2])
        except (FileNotFoundError, ValueError, IndexError):
            return None

    def _launch(self, parameters: Mapping[str, str]) -> None:
        """Start the server process. Returns without one where the reason will pass."""
        self._discard_stale_claims()
        log_start = self._rotate_log()
        arguments = [
            "start",
            "--wait",
            f"--timeout={START_SECONDS}",
            "--log=../log",
            f"--options={self._options(parameters)}",
        ]
        answer = self._pg_ctl(arguments)
        if answer.returncode == 0 or self.identity() is not None:
            return
        said = self._log_since(log_start)
        if "shared memory block" not in said:
            raise self._error("started", said or answer.stdout)
        # The children of a server that was killed take a moment to notice.
        time.sleep(POLL_SECONDS)

    def _answers(self) -> bool:
        """Whether the server lets us in, making our database when it is new."""
        url = self.url()
        try:
            psycopg.connect(url, connect_timeout=10).close()
        except psycopg.OperationalError as error:
            if "authentication failed" in str(error):
                raise self._error("reached", str(error)) from None
            if f'database "{DATABASE_NAME}" does not exist' not in str(error):
                return False
            with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {DATABASE_NAME}")
        return True

    def _pg_ctl(self, arguments: Sequence[str]) -> CompletedProcess[str]:
        program = find_program(self.data)
        return program.run("pg_ctl", [f"--pgdata={_data_argument(self.data)}", *arguments], inside=self.data)

    def _rotate_log(self) -> int:
        """Put a log that has grown large aside; the size of the one that goes on."""
        size = self.log.stat().st_size if self.log.exists() else 0
        if size < LOG_BYTES_KEPT:
            return size
        self.log.replace(self.log.with_suffix(".old"))
        return 0

    def _log_since(self, start: int) -> str:
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(start, self.log.stat().st_size - LOG_BYTES_SHOWN))
            return log.read().decode(errors="replace")

    def _error(self, action: str, reason: str) -> EmbeddedServerError:
        return EmbeddedServerError(
            directory=self.directory,
            action=action,
            reason=" / ".join(line.strip() for line in reason.splitlines()[-LOG_LINES_SHOWN:] if line.strip()),
            remedy=f"Its log is {self.log}. Free disk space or memory if they ran out, choose a data directory on a local disk, "
            "or set DATABASE_URL to a PostgreSQL 15 or later.",
        )


def _data_argument(data: Path) -> str:
    return WORKING_DIRECTORY if Path(WORKING_DIRECTORY).exists() else str(data)


def _write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, from its first moment."""
    path.unlink(missing_ok=True)
    with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
