"""What an object store's failure means.

The library tells classes of failure apart only in part; the rest stands in its text, which also quotes addresses, key ids and
signatures. So the text is read here, and only what it means leaves this module.
"""

import re
from enum import StrEnum
from typing import Final

from obstore.exceptions import (
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    UnauthenticatedError,
)

from offline_transfer.errors import OfflineTransferError
from offline_transfer.storage.errors import (
    InvalidObjectKeyError,
    ObjectNotFoundError,
    StorageAccessDeniedError,
    StorageFullError,
    StorageRefusedError,
    StorageUnavailableError,
    StoreNotFoundError,
)

FAILURES: Final = (BaseError, OSError, ValueError, NotImplementedError)
"""Everything that a call of the library raises."""

_STATUS: Final = re.compile(r"non-2xx status code: (\d{3})")
_NO_BUCKET: Final = ("<Code>NoSuchBucket<", "<Code>ContainerNotFound<")
_STALE_CREDENTIALS: Final = ("<Code>ExpiredToken<", "<Code>InvalidToken<", "<Code>TokenRefreshRequired<")
_PASSING_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})
# An upload is gone once it was completed, even if nobody heard the answer, and the library says what became of clearing it away.
_GONE_UPLOAD: Final = "<Code>NoSuchUpload<"
_PASSING_CODES: Final = ("<Code>RequestTimeout<", "<Code>SlowDown<", "<Code>InternalError<")
_UNENCRYPTED: Final = "HTTP error: builder error"
_BROKEN_OFF: Final = "HTTP error"
_BAD_CERTIFICATE: Final = "InvalidCertificate("
_NO_ENCRYPTION: Final = "InvalidContentType"
_LASTING: Final = (_UNENCRYPTED, _BAD_CERTIFICATE, _NO_ENCRYPTION)
_NO_RANGES: Final = "non-partial response when range requested"


class Operation(StrEnum):
    """What was asked of the store: one that is not about an existing object cannot fail for want of it."""

    READ = "read"
    WRITE = "write"
    LIST = "list"


def means_no_ranges(failure: Exception) -> bool:
    """Whether the store does not answer with a part of an object where one was asked for."""
    return _NO_RANGES in str(failure)


def meaning(failure: Exception, *, store: str, key: str, operation: Operation) -> OfflineTransferError:
    """Our error for a failure of the library."""
    text = str(failure)
    status = _status(text)
    if _GONE_UPLOAD in text:
        return StorageUnavailableError(key=key, store=store)
    if status == 404 or isinstance(failure, FileNotFoundError):
        if operation is not Operation.READ or any(code in text for code in _NO_BUCKET):
            return StoreNotFoundError(store=store)
        return ObjectNotFoundError(key=key, store=store)
    if _is_denial(failure, status, text):
        return StorageAccessDeniedError(key=key, store=store)
    if isinstance(failure, InvalidPathError):
        return InvalidObjectKeyError(
            key=f"An object below {key} in {store}", problem="a part of its name is empty or not allowed"
        )
    if status == 507:
        return StorageFullError(key=key, store=store)
    if status in _PASSING_STATUSES or any(code in text for code in _PASSING_CODES):
        return StorageUnavailableError(key=key, store=store)
    if status is None and _BROKEN_OFF in text and not any(lasting in text for lasting in _LASTING):
        return StorageUnavailableError(key=key, store=store)
    return StorageRefusedError(key=key, store=store, answer=_answer(status, text))


def _status(text: str) -> int | None:
    found = _STATUS.search(text)
    return int(found[1]) if found else None


def _is_denial(failure: Exception, status: int | None, text: str) -> bool:
    return (
        isinstance(failure, PermissionDeniedError | UnauthenticatedError)
        or status in (401, 403)
        or any(code in text for code in _STALE_CREDENTIALS)
    )


def _answer(status: int | None, text: str) -> str:
    if status == 407:
        # On a redirect the library leaves out what opens a proxy.
        return "it sent the request elsewhere, or the proxy of this network wants other credentials"
    if status is not None:
        return f"it answered with HTTP status {status}"
    if _UNENCRYPTED in text:
        return "its address is not encrypted or not valid"
    if _BAD_CERTIFICATE in text:
        return "its certificate is for another name or time, or of an authority that this machine does not know"
    if _NO_ENCRYPTION in text:
        return "it does not speak https"
    if "redirect" in text:
        return "it sent the request elsewhere"
    return "its answer is not one of an object store"
