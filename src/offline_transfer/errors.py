"""The one error tree.

An error's docstring is its message: its first paragraph is a template that the keyword arguments fill, the rest is for readers of
the code. Each class knows its code (printed with `--json`), the exit status of the command line, the HTTP status of the API, and
whether trying again can help. Rooms add their leaves below the branches of this module, in an `errors.py` of their own.
"""

import inspect
from enum import IntEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """Exit statuses of the command line; they are part of its interface and never change their meaning."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_FOUND = 3
    BAD_INPUT = 4
    STORAGE = 5
    DATABASE = 6
    DIFFERENT = 7
    WITH_FAILURES = 8
    CONFLICT = 9
    BLOCKED = 10
    INTERRUPTED = 130


class OfflineTransferError(Exception):
    """Something went wrong in offline-transfer."""

    exit_status: ClassVar[ExitStatus] = ExitStatus.UNEXPECTED
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The first paragraph of the docstring with the details filled in, on one line."""
        return self.template().format(**self.details)

    @classmethod
    def template(cls) -> str:
        """The message with its placeholders, as the reference shows it."""
        paragraph = inspect.cleandoc(cls.__doc__ or "").split("\n\n", 1)[0]
        return " ".join(paragraph.split())

    @classmethod
    def code(cls) -> str:
        """The stable name of this error for programs: the class name in lower case with underscores."""
        name = cls.__name__.removesuffix("Error")
        return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.details)


def _rebuild(error_class: type[OfflineTransferError], details: dict[str, object]) -> OfflineTransferError:
    return error_class(**details)


class UsageError(OfflineTransferError):
    """{problem}. See `offline-transfer --help`."""

    exit_status = ExitStatus.USAGE
    http_status = 400


class NotFoundError(OfflineTransferError):
    """There is no {kind} at {where}."""

    exit_status = ExitStatus.NOT_FOUND
    http_status = 404


class ConflictError(OfflineTransferError):
    """{problem}."""

    exit_status = ExitStatus.CONFLICT
    http_status = 409


class BadInputError(OfflineTransferError):
    """{problem}.

    The branch of everything that an archive, a file or another server sent and that cannot be accepted.
    """

    exit_status = ExitStatus.BAD_INPUT
    http_status = 422


class StorageError(OfflineTransferError):
    """{problem}.

    The branch of stores and disks.
    """

    exit_status = ExitStatus.STORAGE
    http_status = 502


class DatabaseError(OfflineTransferError):
    """{problem}.

    The branch of the database itself: not reachable, of another version, refusing.
    """

    exit_status = ExitStatus.DATABASE
    http_status = 503
