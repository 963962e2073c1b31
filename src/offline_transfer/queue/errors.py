"""What can be wrong with a job."""

from offline_transfer.errors import ConflictError, OfflineTransferError


class UnknownJobError(OfflineTransferError):
    """No function is registered for the job `{name}`. Jobs that are: {known}."""


class DuplicateJobError(OfflineTransferError):
    """Two functions are registered for the job `{name}`."""


class ForegroundJobError(OfflineTransferError):
    """The job `{name}` runs in the process of a command only: no worker can be given what it works on."""


class JobInterruptedError(ConflictError):
    """The worker was asked to end; the job waits for another one to go on with it."""

    retryable = True
