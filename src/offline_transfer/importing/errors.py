"""What can go wrong with an import as a whole."""

from offline_transfer.errors import BadInputError, ConflictError, NotFoundError


class DestinationNotFoundError(NotFoundError):
    """There is no group `{path}` to import into. Create it first, or name another destination."""


class InvalidDestinationError(BadInputError):
    """`{path}` cannot be a path of a group or project: {reason}. Choose another with `--entity SOURCE=NAMESPACE:SLUG`."""


class SourceEntityNotFoundError(NotFoundError):
    """The archive holds no `{path}`. It holds: {known}."""


class NothingToImportError(BadInputError):
    """The archive at {where} holds no top-level group. Name its projects with `--entity SOURCE=NAMESPACE`."""


class DamagedArchiveError(BadInputError):
    """The archive at {where} is damaged, and nothing was imported: {problem}. Copy it again and run
    `offline-transfer archive verify`.
    """


class DestinationTakenError(ConflictError):
    """`{path}` exists already. Choose another path with `--entity SOURCE=NAMESPACE:SLUG`."""


class WrongAttributesError(BadInputError):
    """The attributes of {path} (`{where}`) cannot be used: {problem}."""
