"""What can go wrong with an export."""

from offline_transfer.errors import ConflictError, NotFoundError, StorageError, UsageError


class PortablesNotFoundError(NotFoundError):
    """There is no group or project {paths} in this instance. `offline-transfer tree` shows what there is."""


class NothingToExportError(UsageError):
    """Nothing was named to export. Name groups or projects by their full paths"""


class PortableGoneError(ConflictError):
    """{portable} was deleted while it was exported. Export again without it."""


class ExportFailedError(StorageError):
    """The export failed, and no archive was made: {reason}

    What one relation meets fails that relation alone; what all of them meet is the place that they are written to.
    """


class ObjectsGoneError(StorageError):
    """{count:,} objects of this export are no longer in {where} as they were written. Export again, to a place that nobody else
    changes meanwhile.
    """
