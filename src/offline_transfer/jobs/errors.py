"""What can be wrong with workers and jobs."""

from offline_transfer.errors import ConflictError, NotFoundError, OfflineTransferError


class WorkerGivenUpError(ConflictError):
    """This worker was silent for so long that its job was given to another. It ends; nothing that it does counts any more."""


class WorkerDiedError(OfflineTransferError):
    """The worker died {times} times while it did this job: the log of the job says where it was, and the system's log whether
    memory ran out. Less at once may help: a smaller batch size, or fewer worker processes.
    """


class JobNotFoundError(NotFoundError):
    """There is no job {id}. `offline-transfer jobs list` names those that are kept."""


class ForeignDataDirectoryError(ConflictError):
    """The data directory {directory} is not the one that belongs to the database {where}: {problem}. Give the right one with
    `--data-dir` (on another machine it has to lie on a shared file system), or start a worker that needs none with
    `offline-transfer worker --queue rows`.
    """
