"""What can go wrong with repositories and files."""

from offline_transfer.errors import (
    BadInputError,
    ConflictError,
    ExitStatus,
    NotFoundError,
    OfflineTransferError,
    StorageError,
)


class GitNotFoundError(OfflineTransferError):
    """The program `git` is not on the PATH. Install Git 2.38 or later (`apt install git`) and try again."""

    exit_status = ExitStatus.UNEXPECTED
    http_status = 503


class GitFailedError(StorageError):
    """`git {command}` failed: {reason}. Run `git fsck` in the repository and restore it from a backup if it is damaged.

    The reason is Git's own last words, cleaned; the places of this instance do not occur in it.
    """


class GitLimitError(StorageError):
    """`git {command}` needed more than {limit} and was stopped. Raise the limits for Git if the repository is to be trusted."""


class GitStoppedError(StorageError):
    """`git {command}` was ended by signal {signal}. Try again, and see in the system's log whether memory ran out."""

    retryable = True


class GitDiskFullError(StorageError):
    """`git {command}` found no space left on the disk. Free some space in the data directory and try again."""

    http_status = 507
    retryable = True


class RepositoryNotFoundError(NotFoundError):
    """There is no {repository} in this instance. Import or create it first."""


class RepositoryExistsError(ConflictError):
    """The {repository} exists already and is not empty. Delete it before creating it anew."""


class RefusedBundleError(BadInputError):
    """The bundle for the {subject} is refused: {reason}. Make the bundle anew from a repository that passes
    `git fsck --strict`.

    Nothing of it is kept: a bundle is unpacked aside and put in place only when it is found sound.
    """


class RefExistsError(ConflictError):
    """{ref} of the {repository} exists already and points to another object. Choose another name."""


class BadRefNameError(BadInputError):
    """{name!r} is no name for a branch or a tag: {reason}. Choose a name that `git check-ref-format` accepts."""


class GitObjectNotFoundError(NotFoundError):
    """The {repository} has no {kind} {oid}. Name one that it has by its full hash."""


class BadCommitError(BadInputError):
    """A commit on {branch!r} of the {repository} cannot be written: {reason}. Correct the input and try again."""


class BadFileNameError(BadInputError):
    """{name} cannot be the name of a file: {reason}. Rename it where it came from.

    `name` comes escaped, since what makes it bad may also garble a terminal.
    """


class BadUploadSecretError(BadInputError):
    """The secret of the upload {name} is not 32 hexadecimal digits in lower case. Export it anew."""


class FileTooLargeError(BadInputError):
    """{file} is larger than {limit} bytes. Raise the limit on file sizes if it is to be trusted."""

    http_status = 413


class LfsContentsError(BadInputError):
    """The LFS object {oid} has the contents of another one: their SHA-256 is {actual}. Export it anew."""
