"""Turns what no room has foreseen into errors of ours.

Neither SQL nor its parameters get into a message: they hold what people wrote.
"""

import sys
import traceback

from offline_transfer.cli.errors import DatabaseBrokeOffError, ProgramFaultError, SystemRefusedError
from offline_transfer.errors import OfflineTransferError


def as_ours(error: Exception) -> OfflineTransferError:
    """The error that stands for one of a library or of the system; of a fault of the program the traceback is printed."""
    if isinstance(error, OfflineTransferError):
        return error
    reason = _database_reason(error)
    if reason is not None:
        return DatabaseBrokeOffError(reason=reason)
    if isinstance(error, OSError) and error.strerror:
        return SystemRefusedError(what=ascii(str(error.filename or "a file"))[1:-1], reason=error.strerror)
    traceback.print_exception(error, file=sys.stderr)
    return ProgramFaultError(kind=type(error).__name__)


def _database_reason(error: Exception) -> str | None:
    """What the database objected to; None when the error does not come from there."""
    # An error of a library that was never loaded cannot have been raised, and loading them takes longer than `--help`.
    if "psycopg" not in sys.modules:
        return None
    from psycopg import OperationalError
    from sqlalchemy.exc import DBAPIError

    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, OperationalError):
        return None
    return " ".join((cause.diag.message_primary or str(cause) or type(cause).__name__).split()).rstrip(".")
