"""What the API refuses before a service is asked. Statuses and texts are GitLab's where it has them."""

from offline_transfer.errors import (
    ConflictError,
    DatabaseError,
    ExitStatus,
    NotFoundError,
    OfflineTransferError,
    UsageError,
)


class RequestError(UsageError):
    """{problem}.

    The branch of requests that are not even asked for what they want. In GitLab its framework refuses these, so the answer has the
    shape `{"error": ...}` and not `{"message": ...}`.
    """


class InvalidJsonError(RequestError):
    """The body is not acceptable JSON: {problem}."""


class BodyNotAnObjectError(RequestError):
    """The body is not a JSON object."""


class InvalidParametersError(RequestError):
    """{problem}

    One sentence for each parameter that is wrong, in the words of Grape, joined by commas.
    """


class UnsupportedContentTypeError(RequestError):
    """The provided content-type '{given}' is not supported. Send `Content-Type: application/json`."""

    http_status = 415


class BodyTooLargeError(RequestError):
    """The body is larger than {limit} bytes."""

    http_status = 413


class BodyTooSlowError(RequestError):
    """The body did not arrive within {seconds} seconds."""

    http_status = 408


class MetricsForbiddenError(UsageError):
    """Metrics are for this machine itself, and for others with the token of an administrator."""

    http_status = 403


class HiddenError(NotFoundError):
    """404 Not Found

    What is switched off, what does not exist and what belongs to somebody else look the same.
    """


class TooManyRequestsError(ConflictError):
    """This endpoint has been requested too many times. Try again later."""

    http_status = 429
    retryable = True


class TooManyFailedLoginsError(TooManyRequestsError):
    """Too many tokens from this address were refused. Try again later."""


class BusyError(DatabaseError):
    """The database cannot be used now. Try again later."""

    retryable = True


class AddressRefusedError(OfflineTransferError):
    """The address {host}:{port} cannot be listened on: {reason}. Choose another with `--host` or `--port`."""

    exit_status = ExitStatus.CONFLICT
