"""What exports and imports refuse alike."""

from offline_transfer.errors import BadInputError


class AdministratorsOnlyError(BadInputError):
    """Only administrators can have a store opened with the credentials of the machine itself. Name a store with its own."""


class CredentialsPurgedError(BadInputError):
    """The credentials of {owner} were removed after it had ended. Give the storage configuration again."""


class OtherPlaceError(BadInputError):
    """The archive of {owner} is in {place}, and the rest of it cannot be elsewhere. Give the configuration of that place."""


class UnknownSkippedRelationError(BadInputError):
    """There is no relation {relations} that could be skipped in {path}. There are: {known}."""
