"""What went wrong with a piece of work, as its row keeps it."""

from dataclasses import dataclass
from typing import Final, Self

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from offline_transfer.logs import message_of

ERROR_CHARACTERS: Final = 255


@dataclass(frozen=True, slots=True)
class Failure:
    """An error by its class, for those who count, and by what it says on one line, for those who read."""

    exception_class: str
    message: str

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """An error, cut to what fits into a row. Of an error of the database it is the driver's class, which says more."""
        cause = getattr(error, "orig", None) or error
        return cls(type(cause).__name__, message_of(error)[:ERROR_CHARACTERS])

    def columns(self) -> dict[str, str]:
        """The values of the columns of `Failable`, for statements that change many rows."""
        return {"error": self.message, "exception_class": self.exception_class}


class Failable:
    """A row whose work can fail; it has both columns or neither."""

    error: Mapped[str | None] = mapped_column(String(ERROR_CHARACTERS))
    exception_class: Mapped[str | None]
    """The class of the error, as in `bulk_import_failures`. Ours."""

    @property
    def failure(self) -> Failure | None:
        """Why it failed."""
        if self.error is None or self.exception_class is None:
            return None
        return Failure(self.exception_class, self.error)

    @failure.setter
    def failure(self, failure: Failure | None) -> None:
        self.error = None if failure is None else failure.message
        self.exception_class = None if failure is None else failure.exception_class
