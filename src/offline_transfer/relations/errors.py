"""What can go wrong when somebody asks about relations."""

from offline_transfer.errors import ExitStatus, NotFoundError


class UnknownRelationError(NotFoundError):
    """There is no relation `{name}` whose records have a schema. `offline-transfer archive schema` without a name prints them all,
    by kind and name."""

    exit_status = ExitStatus.NOT_FOUND
