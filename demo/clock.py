"""The time in the made-up world: it only goes forward, and has microseconds."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final

BEGINNING: Final = datetime(2023, 1, 2, 7, 30, tzinfo=UTC)
LONGEST_STEP: Final = timedelta(minutes=20)


class Clock:
    """Gives one time after the other."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._now = BEGINNING

    def tick(self) -> datetime:
        """A moment after all earlier ones."""
        microseconds = self._random.randint(1, int(LONGEST_STEP.total_seconds()) * 1_000_000)
        self._now += timedelta(microseconds=microseconds)
        return self._now

    def later(self, days: int) -> datetime:
        """A moment some days after the present one, which stays as it is."""
        return self._now + timedelta(days=days)

    def day(self, days: int) -> date:
        """A date some days after the present one."""
        return self.later(days).date()
