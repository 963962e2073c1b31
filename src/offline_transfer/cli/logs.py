"""Writes what the rooms log to standard error, one JSON object a line."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

from offline_transfer.settings import LogLevel

_PACKAGE: Final = __name__.partition(".")[0]
_OF_EVERY_RECORD: Final = frozenset(logging.makeLogRecord({}).__dict__)


def write_logs(level: LogLevel) -> None:
    """From now on, write what is logged with at least this severity."""
    logger = logging.getLogger(_PACKAGE)
    logger.setLevel(level.upper())
    if not any(isinstance(handler, _StandardError) for handler in logger.handlers):
        logger.addHandler(_StandardError())


class _StandardError(logging.Handler):
    """Looks up `sys.stderr` anew each time: progress bars put something else in its place while they run."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line: time, level and event, then the fields that came with it."""
        fields = {name: value for name, value in record.__dict__.items() if name not in _OF_EVERY_RECORD}
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **fields,
        }
        sys.stderr.write(json.dumps(line, default=str) + "\n")
