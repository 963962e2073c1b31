"""What exports and imports refuse alike, and what both end with."""

from offline_transfer.errors import BadInputError, OfflineTransferError


class AdministratorsOnlyError(BadInputError):
    """Only administrators can have a store opened with the credentials of the machine itself. Name a store with its own."""


class CredentialsPurgedError(BadInputError):
    """The credentials of {owner} were removed after it had ended. Give the storage configuration again."""


class OtherPlaceError(BadInputError):
    """The archive of {owner} is in {place}, and the rest of it cannot be elsewhere. Give the configuration of that place."""


class UnknownSkippedRelationError(BadInputError):
    """There is no relation {relations} that could be skipped in {path}. There are: {known}."""


class WorkStuckError(OfflineTransferError):
    """It did not move for {hours:g} hours. The log of its job says where it stood; retry it."""


class WorkStaleError(OfflineTransferError):
    """Nothing moved for {hours:g} hours. See whether workers run, then retry it."""
