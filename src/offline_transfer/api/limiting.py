"""How often somebody may ask. The counts are in memory: a restart forgets them, and each API process has its own."""

import math
import time
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from offline_transfer.api.errors import TooManyFailedLoginsError, TooManyRequestsError

FAILED_LOGINS: Final = 60


class RateLimits:
    """The counts of one application. Of an address so many tokens a minute may be wrong."""

    def __init__(self, *, failed_logins: int = FAILED_LOGINS) -> None:
        self._windows = FixedWindowRateLimiter(MemoryStorage())
        self._failed_logins = RateLimitItemPerMinute(failed_logins, namespace="failed_logins")

    def count_export(self, user_id: int, *, most: int) -> None:
        """One more export of a user is asked for, of `most` a minute or without limit if that is 0. Raises TooManyRequestsError."""
        self._count_request("offline_export", user_id, most)

    def count_import(self, user_id: int, *, most: int) -> None:
        """The same for imports, which are counted apart."""
        self._count_request("offline_import", user_id, most)

    def count_failed_login(self, address: str) -> None:
        """One more token from an address was refused. Raises TooManyFailedLoginsError."""
        self._count(self._failed_logins, address, TooManyFailedLoginsError)

    def _count_request(self, kind: str, user_id: int, most: int) -> None:
        if most:
            self._count(RateLimitItemPerMinute(most, namespace=kind), str(user_id), TooManyRequestsError)

    def _count(self, limit: RateLimitItem, who: str, error: type[TooManyRequestsError]) -> None:
        if not self._windows.hit(limit, who):
            left = self._windows.get_window_stats(limit, who).reset_time - time.time()
            raise error(seconds=max(math.ceil(left), 1))
