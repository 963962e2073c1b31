"""What can go wrong with an export."""

from collections.abc import Sequence

from offline_transfer.errors import (
    BadInputError,
    ConflictError,
    ExitStatus,
    NotFoundError,
    OfflineTransferError,
    StorageError,
    UsageError,
)


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


class UnlikeEntitiesError(BadInputError):
    """{path} is named twice, and not with the same options. Name it once."""


class InvalidBatchSizeError(BadInputError):
    """{size} is not a size of batches. Choose 1 to {largest:,} records."""


class PrefixNotFoundError(NotFoundError):
    """No export of this instance writes below {prefix}. Exports are gone on with by the instance that began them."""


class ExportEndedError(ConflictError):
    """The export {id} is {status}: there is nothing to cancel."""


class ExportNotRetryableError(ConflictError):
    """The export {id} is {status}, and can be tried again only when it has failed, was canceled, took too long, or has failures."""


class PortableGoneError(ConflictError):
    """{portable} was deleted while it was exported. Export again without it."""


class PortableForbiddenError(ConflictError):
    """Whoever asked for the export may not export {portable}, which takes an Owner of a group and a Maintainer of a project."""


class SigningKeyAbsentError(ConflictError):
    """The archive was to be signed with the key {fingerprint}, and the worker that ends the export has another one or none. Start
    workers with the setting `signing_key_file`, then retry the export."""


class NothingWrittenError(OfflineTransferError):
    """Nothing could be written."""


class ExportFailedError(StorageError):
    """The export failed, and no archive was made: {reason} Once the reason is out of the way, `offline-transfer export --resume
    {prefix}` goes on; `offline-transfer archive delete` removes what was written below that prefix.

    What one relation meets fails that relation alone; what all of them meet is the place that they are written to.
    """


class ObjectsGoneError(StorageError):
    """{count:,} objects of this export are no longer in {where} as they were written. Export again, to a place that nobody else
    changes meanwhile.
    """

    @property
    def object_ids(self) -> Sequence[int]:
        """The rows of these objects."""
        ids = self.details.get("object_ids", ())
        assert isinstance(ids, Sequence)
        return ids
