"""What keeps an archive from being carried."""

from offline_transfer.errors import BadInputError, ConflictError, NotFoundError, UsageError


class ArchiveInTheWayError(ConflictError):
    """An archive cannot be copied to {where}: {reason}. Name another place, or remove what lies there with
    `offline-transfer archive delete`."""


class SourceFaultError(BadInputError):
    """The archive at {where} is not copied: {problem}. `offline-transfer archive verify` says everything that is wrong with it."""


class NothingToRewriteError(BadInputError):
    """The archive at {where} has no manifest, as GitLab's own have none, so it can be copied as it is alone. Copy it without
    --encrypt-to, and encrypt the medium."""


class NotEncryptedError(UsageError):
    """The archive at {where} is not encrypted. Copy it without --decrypt."""


class SamePlaceError(UsageError):
    """{where} is where the archive lies already. Name another place to copy it to."""


class WholeArchiveError(UsageError):
    """There is a whole archive at {where}. Add --yes to remove it."""


class NothingToDeleteError(NotFoundError):
    """There is nothing of an archive at {where}. Check the prefix."""
