"""Typed access to the keys of a JSON object that somebody else wrote. Nothing is converted: a number in quotes is no number."""

import re
import unicodedata
from collections.abc import Mapping
from typing import NoReturn

from offline_transfer.archive.errors import InvalidFieldError
from offline_transfer.types import JsonObject, JsonValue


class Fields:
    """The keys of one JSON object. Every method raises `InvalidFieldError`, naming the key and never the value."""

    def __init__(self, values: JsonObject) -> None:
        self._values = values

    def has(self, key: str) -> bool:
        """Whether the key is there with another value than null."""
        return self._values.get(key) is not None

    def boolean(self, key: str) -> bool:
        value = self._value(key)
        return value if isinstance(value, bool) else self._refuse(key, "it is not true or false")

    def integer(self, key: str, *, smallest: int, largest: int) -> int:
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
            self._refuse(key, f"it is not a whole number between {smallest} and {largest}")
        return value

    def optional_integer(self, key: str, *, smallest: int, largest: int) -> int | None:
        """The number, or None where the key is absent or null."""
        return self.integer(key, smallest=smallest, largest=largest) if self.has(key) else None

    def text(self, key: str, *, longest: int) -> str:
        """A text on one line, without control characters."""
        value = self._value(key)
        if not isinstance(value, str) or not 1 <= len(value) <= longest:
            self._refuse(key, f"it is not a text of 1 to {longest} characters")
        if any(unicodedata.category(char) == "Cc" for char in value):
            self._refuse(key, "it holds control characters")
        return value

    def matching(self, key: str, pattern: re.Pattern[str], *, ending: str = "") -> str:
        """A text that a pattern describes as a whole, once an optional ending has been taken off."""
        value = self._value(key)
        bare = value.removesuffix(ending) if isinstance(value, str) else ""
        return bare if pattern.fullmatch(bare) else self._refuse(key, "it does not have the form that is specified")

    def object(self, key: str) -> JsonObject:
        value = self._value(key)
        return value if isinstance(value, dict) else self._refuse(key, "it is not an object")

    def counts(self, key: str, *, pattern: re.Pattern[str], largest: int) -> Mapping[str, int]:
        """An object whose keys a pattern describes and whose values are whole numbers from 0."""
        fields = Fields(self.object(key))
        if any(pattern.fullmatch(name) is None for name in fields._values):
            self._refuse(key, "one of its keys does not have the form that is specified")
        return {name: fields.integer(name, smallest=0, largest=largest) for name in fields._values}

    def _value(self, key: str) -> JsonValue:
        if key not in self._values:
            self._refuse(key, "it is missing")
        return self._values[key]

    def _refuse(self, key: str, problem: str) -> NoReturn:
        raise InvalidFieldError(key=key, problem=problem)
