"""What can go wrong with an export."""

from offline_transfer.errors import BadInputError, ConflictError, ExitStatus, NotFoundError, StorageError, UsageError


class PortablesNotFoundError(NotFoundError):
    """There is no group or project {paths} in this instance. `offline-transfer tree` shows what there is."""


class NotExportableError(BadInputError):
    """These groups and projects do not exist, or you may not export them, which takes an Owner of a group and a Maintainer of a
    project: {paths}.

    It does not tell which, since that would tell strangers what there is.
    """

    exit_status = ExitStatus.NOT_FOUND


class NothingToExportError(UsageError):
    """Nothing was named to export. Name groups or projects by their full paths"""

    http_status = 422


class TooManyPortablesError(BadInputError):
    """{count:,} groups and projects were named, and an export takes {limit:,}. Name the groups that they are in."""


class UnknownRelationError(BadInputError):
    """There is no relation {relations} that could be skipped in {path}. There are: {known}."""


class InvalidSourceHostnameError(BadInputError):
    """The source hostname is not valid: {problem}. Give a URL like https://gitlab.example.com, or a plain name of this instance."""


class SourceHostnamePinnedError(BadInputError):
    """An administrator has settled that exports from here say {pinned}. Leave the source hostname out."""


class InvalidBatchSizeError(BadInputError):
    """{size} is not a size of batches. Choose 1 to {largest:,} records."""


class StorageUnreachableError(StorageError):
    """The object storage cannot be reached or does not let us in: {reason}"""

    http_status = 422


class ExportNotFoundError(NotFoundError):
    """There is no export {id} of yours."""


class ExportEndedError(ConflictError):
    """The export {id} is {status}: there is nothing to cancel."""


class ExportNotRetryableError(ConflictError):
    """The export {id} is {status}, and can be tried again only when it has failed, was canceled, took too long, or has failures."""


class CredentialsPurgedError(BadInputError):
    """The credentials of export {id} were removed after it had ended. Give the storage configuration again."""


class OtherPlaceError(BadInputError):
    """The export {id} is in {bucket}, and the rest of it cannot go elsewhere. Give the configuration of that place."""


class PortableGoneError(ConflictError):
    """{portable} was deleted while it was exported. Export again without it."""


class PortableForbiddenError(ConflictError):
    """Whoever asked for the export may not export {portable}, which takes an Owner of a group and a Maintainer of a project."""


class WorkWithdrawnError(ConflictError):
    """This work was taken back: its export has ended, or another worker does it. There is nothing to do."""


class ExportFailedError(StorageError):
    """The export failed, and no archive was made: {reason}

    What one relation meets fails that relation alone; what all of them meet is the place that they are written to.
    """


class ObjectsGoneError(StorageError):
    """{count:,} objects of this export are no longer in {where} as they were written. Export again, to a place that nobody else
    changes meanwhile.
    """
