"""What can be wrong with a command line, and what the other rooms did not foresee."""

from offline_transfer.errors import ConflictError, DatabaseError, OfflineTransferError, StorageError, UsageError


class ArchivePlaceError(UsageError):
    """`{place}` names no archive: it ends with the export prefix, like `/media/disk/2026-04-16_19-39-00_export_dJtnb3CV`."""


class EntityOptionError(UsageError):
    """`--entity {given}` is not SOURCE=NAMESPACE or SOURCE=NAMESPACE:SLUG."""


class LimitOptionError(UsageError):
    """`--limit {given}` is not NAME=NUMBER with one of these names: {known}."""


class MapOptionError(UsageError):
    """`--map {given}` is not A=B: the path of a top of the first archive, and what it is in the second."""


class PassphraseFileError(UsageError):
    """There is no passphrase in {path}: {reason}. It has to be the first line of that file."""


class KeyFileExistsError(ConflictError):
    """{path} exists already. A key that is overwritten is lost, and so is what it opens: name another file."""


class NotEmbeddedError(UsageError):
    """`db {command}` is for the embedded database, and DATABASE_URL names another. Unset it first."""


class DatabaseBrokeOffError(DatabaseError):
    """The database broke off: {reason}. Check that it runs and has room, then run the command again.

    What was committed stays; `offline-transfer tree` names what is not whole.
    """

    retryable = True


class SystemRefusedError(StorageError):
    """The system refused {what}: {reason}. Check its permissions and the room on its disk, then run the command again."""


class ProgramFaultError(OfflineTransferError):
    """This should not have happened, and it is a fault of the program ({kind}). Report it with the lines above."""


class WorkersFailError(OfflineTransferError):
    """The worker processes that should do the work end at once: {reason}. `offline-transfer worker` shows more, and so do the log
    files below `logs` in the data directory.
    """


class ResumeOptionError(UsageError):
    """`export --resume PREFIX` goes on with an export as it was asked for: leave out {words}. `--to` may be said again, for the
    credentials.
    """


class ImportResumeOptionError(UsageError):
    """`import --resume ID` goes on with an import as it was asked for: leave out {words}."""


class ArchiveMissingError(UsageError):
    """Say where the archive is: URL/PREFIX, or `--resume` with the id of an import to go on with."""


class DestinationMissingError(UsageError):
    """Say where the archive goes: `--to` a directory, or a place like s3://bucket/prefix."""
