"""What stores say when they cannot do what was asked.

None of these carries the text of a store's answer: servers repeat key ids, signatures and request headers in it.
"""

from offline_transfer.errors import BadInputError, ExitStatus, NotFoundError, StorageError, UsageError


class InvalidObjectKeyError(BadInputError):
    """{key} cannot be the name of an object: {problem}. Rename it where it was made.

    `key` comes escaped, since what makes it invalid may also garble a terminal.
    """


class UnsafeEntryError(BadInputError):
    """{entry} in {store} is {kind}, and only regular files and directories are accepted. Replace it by the file itself."""


class TooManyObjectsError(BadInputError):
    """{store} lists more than {limit} objects below {prefix}. Name a longer prefix.

    A hostile server can list without an end.
    """


class ObjectNotFoundError(NotFoundError, StorageError):
    """There is no object {key} in {store}. Check the name, and that the archive was copied completely."""


class StoreNotFoundError(NotFoundError, StorageError):
    """{store} does not exist, or its credentials may not see it. Create it first, or correct its name."""


class StorageAccessDeniedError(StorageError):
    """{store} refused access to {key}. Check its credentials and permissions, and this machine's clock."""


class ReadOnlyStoreError(StorageError):
    """{store} is read-only, so {key} cannot be changed. Choose another place, or mount it for writing."""


class StorageFullError(StorageError):
    """There is no room for {key} in {store}. Free space there, raise its quota or limit on file sizes, or choose another place."""

    http_status = 507


class ObjectTooLargeError(StorageError):
    """{key} is larger than the {limit} bytes that {store} takes as one object. Write it to a directory instead."""


class KeyConflictError(StorageError):
    """{key} cannot be written to {store}: {kind} of that name is in its way. Remove it, or choose another place."""

    exit_status = ExitStatus.CONFLICT
    http_status = 409


class StorageUnavailableError(StorageError):
    """{store} did not answer, or broke off at {key}. Check the network and the store, then try again."""

    http_status = 503
    retryable = True


class ObjectCutError(StorageError):
    """{key} in {store} ended after {received} of {expected} bytes. Try again; if it stays so, copy the object anew."""

    retryable = True


class StorageRefusedError(StorageError):
    """{store} refused {key}: {answer}. Check its address, its region and what it supports."""


class SourceSpentError(StorageError):
    """An object could not be written at the first attempt, and what it is made of cannot be read again. Run the step again."""

    retryable = True


class InvalidLocationError(UsageError):
    """{problem}. A place is a directory, `file:///directory`, `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`."""


class InvalidCredentialsError(UsageError):
    """The credentials for {store} cannot be used: {problem}. Correct {variable}."""


class MissingCredentialsError(UsageError):
    """There are no credentials for {store}. Set {variables} in the environment."""


class MalformedStorageParameterError(BadInputError):
    """{field} cannot be accepted: {problem}. The reference of the API has the parameters of each kind of store."""

    http_status = 400


class InvalidStorageParameterError(BadInputError):
    """{field} is not valid: {problem}. Correct it and ask again."""


class StorageNotAllowedError(BadInputError):
    """{what} is not allowed on this instance. Choose another store, or ask an administrator to change {setting}."""


class DirectoryNotAllowedError(BadInputError):
    """{directory} does not lie below a directory that exports may be written to. Ask an administrator which are allowed."""


class EgressRefusedError(StorageError):
    """{store} was not contacted, since {destination} is at {kind}. Choose another endpoint, or, where it belongs to this network,
    ask an administrator to change allow_local_requests.

    The address itself is not said: whoever asks need not learn what the names of this network lead to.
    """

    http_status = 422


class StorageElsewhereError(StorageError):
    """{store} sent a request on to {destination}, where it is not followed. Name the endpoint and region that it belongs to."""

    http_status = 422


class EndlessAnswerError(StorageError):
    """{store} answers without an end, or too slowly for a listing. Choose another store."""


class BucketInaccessibleError(BadInputError):
    """Unable to access object storage bucket. {reason}"""

    exit_status = ExitStatus.STORAGE


class DirectoryNotSeenError(StorageError):
    """{host} does not see in {directory} what was left there when it was asked for. Mount the same file system, then try again."""

    http_status = 503
    retryable = True
