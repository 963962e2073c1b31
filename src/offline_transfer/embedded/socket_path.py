"""A short way to the server's socket.

The address of a Unix socket holds about a hundred bytes, and a data directory's path may be longer. The server binds its socket
by a relative path, so only clients meet the limit. They then go through a symbolic link in a private directory for temporary
files; one that was lost or that is not ours is replaced.
"""

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from offline_transfer.embedded.errors import EmbeddedServerError

# sun_path of the strictest systems, less the byte that ends it.
ADDRESS_BYTES: Final = 103
SOCKET_NAME: Final = ".s.PGSQL.5432"
MEMO: Final = "socket-directory"
LINK: Final = "s"


def client_directory(run: Path, *, remembered_in: Path) -> Path:
    """The directory to hand to libpq: where the socket lies, or the short link to it."""
    if _fits(run):
        return run
    memo = remembered_in / MEMO
    if memo.exists():
        link = Path(memo.read_text())
        if _is_private(link.parent):
            if not link.is_symlink():
                link.symlink_to(run)
            if link.readlink() == run:
                return link
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 - the directory made inside is private
        directory = Path(tempfile.mkdtemp(prefix="offline-transfer-", dir=parent))
        link = directory / LINK
        if _fits(link):
            link.symlink_to(run)
            memo.write_text(str(link))
            return link
        directory.rmdir()
    raise EmbeddedServerError(
        directory=remembered_in,
        action="reached",
        reason="the path is too long for a socket, and so is the directory for temporary files",
        remedy="Choose a shorter data directory or TMPDIR",
    )


def forget_client_directory(remembered_in: Path) -> None:
    """Remove the short link, if there is one."""
    memo = remembered_in / MEMO
    if not memo.exists():
        return
    link = Path(memo.read_text())
    memo.unlink()
    if link.is_symlink() and _is_private(link.parent):
        link.unlink()
        link.parent.rmdir()


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / SOCKET_NAME)) <= ADDRESS_BYTES


def _is_private(directory: Path) -> bool:
    """Whether the directory is one that we made: nobody else can have put a link there."""
    try:
        status = directory.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == 0o700
