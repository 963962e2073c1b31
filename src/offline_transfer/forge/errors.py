"""What can go wrong with repositories and files."""

from offline_transfer.errors import (
    BadInputError,
    ConflictError,
    ExitStatus,
    NotFoundError,
    OfflineTransferError,
    StorageError,
    UsageError,
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


class NotSignedInError(OfflineTransferError):
    """There is no token, or none that is known here. Send one in the header `PRIVATE-TOKEN` or as `Authorization: Bearer`;
    `offline-transfer token create` makes one.

    The branch of everybody who may not act at all. The other reasons are told only to who has the right token.
    """

    http_status = 401


class TokenRevokedError(NotSignedInError):
    """The token was revoked. Make another one with `offline-transfer token create`."""


class TokenExpiredError(NotSignedInError):
    """The token expired on {day}. Make another one with `offline-transfer token create`."""


class UserMayNotSignInError(NotSignedInError):
    """The user {username} may not sign in: the account is {state}. Ask an administrator."""

    http_status = 403


class ScopeMissingError(OfflineTransferError):
    """The token has not the scope `{scope}` that this needs. Make one that has it."""

    http_status = 403


class BadUserNameError(UsageError):
    """{name!r} cannot be the name of a user: {reason}. Choose 1 to 255 letters, digits, `_`, `-` and `.`, as in `ada.lovelace`."""


class BadEmailError(UsageError):
    """{email!r} is not an e-mail address. Write it as in `ada@example.com`."""


class UserExistsError(ConflictError):
    """There is a user with the {what} {value} already. Choose another, or see `offline-transfer user list`."""


class NameOfStandInError(ConflictError):
    """The name {name} belongs to a user that an import made, who stands for one of its source. Choose another."""


class UserNotFoundError(NotFoundError):
    """There is no user {name!r} in this instance. `offline-transfer user list` shows who there is."""


class TokenNotFoundError(NotFoundError):
    """There is no token with the number {id}. `offline-transfer token list` shows which there are."""


class BadExpiryError(UsageError):
    """A token that expires on {day} could not be used at all. Choose a day after today."""


class MemberNotFoundError(NotFoundError):
    """{username} is not a direct member of `{path}`. `offline-transfer member list` shows who is."""


class PlaceNotFoundError(NotFoundError):
    """There is no group or project {path!r} in this instance. `offline-transfer tree` shows what there is."""


class UnknownApplicationSettingError(NotFoundError):
    """There is no setting {name!r}. `offline-transfer settings list` shows which there are."""


class BadApplicationSettingError(BadInputError):
    """The setting `{name}` cannot be {value!r}: {problem}. `offline-transfer settings get {name}` explains it."""

    exit_status = ExitStatus.USAGE


class InvalidSourceHostnameError(BadInputError):
    """The source hostname is not valid: {problem}. Give a URL like https://gitlab.example.com, or a plain name of this instance."""


class TrustedKeyNotFoundError(NotFoundError):
    """No key {fingerprint} is taken for one of {hostname}. `offline-transfer trust list` shows which are."""
