"""Whether there is room for an import, and how long it may take."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from offline_transfer.importing.planning.plan import Duration, Room
from offline_transfer.importing.planning.problems import Problem, ProblemKind
from offline_transfer.importing.planning.relations import Contents
from offline_transfer.settings import Settings

# Measured: bench/README.md, "What came out" and "What a plan reckons with".
RECORDS_A_SECOND: Final = (10_000, 31_000)
ENTITY_SECONDS: Final = (0.19, 0.26)
FILE_BYTES_A_SECOND: Final = (10_000_000, 40_000_000)
ROW_BYTES: Final = 1.5
"""Bytes of tables and indexes for each byte of JSON, with some room for what the server logs meanwhile."""

_TIGHT: Final = 1.25
"""What has less room than this many times of what will be written is called tight."""


def room_for(contents: Contents, settings: Settings) -> Room:
    """What would be written, and the room that there is."""
    content = contents.content_bytes
    return Room(
        files=contents.file_bytes,
        rows=None if content is None else round(content * ROW_BYTES),
        free=shutil.disk_usage(_existing(settings.data_dir)).free,
        holds_database=settings.database_url is None,
        spool=contents.largest_stored,
        spool_free=shutil.disk_usage(tempfile.gettempdir()).free,
    )


def duration_of(contents: Contents) -> Duration | None:
    """How long one worker process would be at it; None without a manifest, which alone says how many records there are."""
    if contents.records is None:
        return None
    slow, fast = RECORDS_A_SECOND
    slow_bytes, fast_bytes = FILE_BYTES_A_SECOND
    least, most = ENTITY_SECONDS
    return Duration(
        round(contents.entities * least + contents.records / fast + contents.file_bytes / fast_bytes, 1),
        round(contents.entities * most + contents.records / slow + contents.file_bytes / slow_bytes, 1),
    )


def problems(room: Room) -> Iterator[Problem]:
    """Where room is missing, or nearly. Whoever asks over HTTP need not know where this instance lies, so no path is named."""
    needed = room.files + ((room.rows or 0) if room.holds_database else 0)
    if needed > room.free:
        message = f"some {needed:,} bytes would be written into the data directory, and {room.free:,} are free there"
        yield Problem(kind=ProblemKind.NO_ROOM, message=message)
    elif needed * _TIGHT > room.free:
        message = (
            f"some {needed:,} bytes would be written into the data directory, and only {room.free:,} are free there"
        )
        yield Problem(kind=ProblemKind.LITTLE_ROOM, message=message)
    if room.spool > room.spool_free:
        message = (
            f"a private copy of an object of {room.spool:,} bytes is made in the temporary directory, and {room.spool_free:,} are"
            " free there: let TMPDIR name another one"
        )
        yield Problem(kind=ProblemKind.NO_ROOM, message=message)


def _existing(path: Path) -> Path:
    """The path, or the nearest directory above it that is there."""
    return next((parent for parent in (path, *path.absolute().parents) if parent.exists()), Path("/"))
