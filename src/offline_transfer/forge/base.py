"""What the models of the forge share."""

from enum import IntEnum, StrEnum
from typing import ClassVar, Generic, TypeVar

from sqlalchemy import SmallInteger
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from offline_transfer import db

E = TypeVar("E", bound=IntEnum)


class Base(db.Base):
    """Base of every model of the forge.

    A model that can hang on rows of several tables names its type and id columns in `__polymorphic__`; a model on
    which such rows hang lists the type names that mean it in `__polymorphic_names__`, the one that we write first.
    """

    __abstract__ = True
    __polymorphic__: ClassVar[tuple[str, str] | None] = None
    __polymorphic_names__: ClassVar[tuple[str, ...]] = ()


class TextFormat(StrEnum):
    """What the text of a column has to look like; a column names it in `info["format"]`.

    Pages put such texts into styles, links and names of classes, where escaping is not enough.
    """

    COLOR = "color"
    """`#rgb`, `#rrggbb` or the name of a colour."""
    URL = "url"
    """A link that a browser may follow: HTTP, HTTPS or FTP, on one line."""
    WORD = "word"
    """A name from a list that somebody else keeps, such as an emoji's."""


class EnumInteger(TypeDecorator[E], Generic[E]):
    """A small integer column that stands for the members of an enumeration."""

    impl = SmallInteger
    cache_ok = True

    def __init__(self, enum_class: type[E]) -> None:
        super().__init__()
        self.enum_class = enum_class

    def process_bind_param(self, value: E | int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> E | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else self.enum_class(value)
