"""What can be wrong with a plan file."""

from offline_transfer.errors import BadInputError, ConflictError, NotFoundError


class PlanFileNotReadError(NotFoundError):
    """The plan file {path} cannot be read: {reason}. Write one with `offline-transfer plan URL/PREFIX --output FILE`."""


class InvalidPlanFileError(BadInputError):
    """{path} is not a plan: {problem}. Correct it, or write it again with `offline-transfer plan URL/PREFIX --output FILE`."""


class PlanOfAnotherArchiveError(BadInputError):
    """{path} is the plan of another archive, {planned}, and not of {archive}. Make a plan of this one."""


class PlanFileExistsError(ConflictError):
    """{path} exists already, and somebody may have edited it. Remove it, or name another file."""
