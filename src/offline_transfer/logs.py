"""What happens, as JSON lines with the context in which it happens.

Rooms log events named `area.event` with fields (`logger.info("export.relation", extra={...})`); `bound` adds to every line of a
block what the block is about, such as the job, the export and the relation. Of an exception go into the log its class, the places
in the code, and its message only where the message is ours: those of libraries may repeat addresses, credentials or what people
wrote.
"""

import contextlib
import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

from offline_transfer.errors import OfflineTransferError
from offline_transfer.settings import LogLevel

_PACKAGE: Final = __name__.partition(".")[0]
_OF_EVERY_RECORD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}
# Their messages name what is in the program, never what is in the data.
_OF_THE_PROGRAM: Final = (AttributeError, NameError, NotImplementedError, ImportError, RecursionError)
# psycopg warns of each connection that breaks off, which whoever used it says better.
_LIBRARIES: Final[Mapping[str, str]] = {"procrastinate": "WARNING", "psycopg": "ERROR", "uvicorn": "WARNING"}

_context: Final[ContextVar[Mapping[str, object]]] = ContextVar("offline_transfer.logs", default={})  # noqa: B039 - never changed


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Add these fields to every line that this block logs."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def line_of(record: logging.LogRecord) -> str:
    """A record as one line of JSON: time, level and event, the context, then the fields that came with it."""
    line: dict[str, object] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
        "level": record.levelname.lower(),
        "event": record.getMessage(),
        **_context.get(),
    }
    if record.name.partition(".")[0] == _PACKAGE:
        line |= {name: value for name, value in record.__dict__.items() if name not in _OF_EVERY_RECORD}
    if record.exc_info and isinstance(record.exc_info[1], BaseException):
        error = record.exc_info[1]
        line |= {"error_class": type(error).__name__, "error": message_of(error), "traceback": traceback_of(error)}
    return json.dumps(line, default=str)


def message_of(error: BaseException) -> str:
    """What went wrong, on one line, with nothing in it that a library may have taken from an address or from the data."""
    if isinstance(error, OfflineTransferError):
        text = error.message
    elif isinstance(error, OSError) and error.strerror:
        text = f"the system refused: {error.strerror}"
    elif isinstance(error, _OF_THE_PROGRAM):
        text = f"{type(error).__name__}: {error}"
    else:
        cause = getattr(error, "orig", None) or error  # SQLAlchemy's errors carry the driver's
        said = getattr(getattr(cause, "diag", None), "message_primary", None)
        text = f"the database refused: {said}" if said else type(cause).__name__
    return " ".join(text.split())


def traceback_of(error: BaseException) -> str:
    """Where it went wrong: the places of the error and of those that led to it, the last first, without their messages."""
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(parts) < 10:
        frames = "".join(traceback.format_tb(current.__traceback__))
        parts.append(f"{type(current).__name__}: {message_of(current)}\n{frames}".rstrip())
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n\nThis came of:\n\n".join(parts)


def write_logs(level: LogLevel) -> None:
    """From now on, write what is logged with at least this severity to standard error."""
    add_handler(_StandardError(), level)


def add_handler(handler: logging.Handler, level: LogLevel) -> None:
    """Have one handler of this kind write what is logged with at least this severity.

    Of the libraries below us, what goes wrong is written too.
    """
    for name, lowest in ((_PACKAGE, level.upper()), *_LIBRARIES.items()):
        logger = logging.getLogger(name)
        logger.setLevel(lowest)
        if not any(type(known) is type(handler) for known in logger.handlers):
            logger.addHandler(handler)


class _StandardError(logging.Handler):
    """Looks up `sys.stderr` anew each time: progress bars put something else in its place while they run."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. Work does not end because nobody can be told of it: its disk may be full, or its reader gone."""
        with contextlib.suppress(OSError):
            sys.stderr.write(line_of(record) + "\n")
