"""Holds what a request says against a model, and says what is wrong in the words of Grape, which GitLab's clients know."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from offline_transfer.api.errors import InvalidParametersError
from offline_transfer.types import JsonObject, JsonValue

SHOWN_CHARACTERS: Final = 100
SHOWN_PROBLEMS: Final = 20

_SAID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "is missing",
        "extra_forbidden": "is not a known parameter",
        "literal_error": "does not have a valid value",
        "enum": "does not have a valid value",
        "greater_than_equal": "does not have a valid value",
        "less_than_equal": "does not have a valid value",
        "too_short": "is empty",
        "string_too_short": "is empty",
        "too_long": "has too many elements",
        "string_too_long": "is too long",
    }
)
_SHAPES: Final = frozenset({"missing", "extra_forbidden", "bool_parsing", "model_type", "string_type", "bool_type"})


class Parameters(BaseModel):
    """What a request may say, and nothing else: a mistyped name is a mistake, not something to pass over."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    @classmethod
    def other_problems(cls, said: JsonObject) -> Iterator[str]:  # noqa: ARG003 - for those who have some
        """What no single field can tell."""
        yield from ()


ParametersT = TypeVar("ParametersT", bound=Parameters)


def checked(model: type[ParametersT], said: JsonObject) -> ParametersT:
    """The parameters of a request. Raises InvalidParametersError naming everything that is wrong."""
    found, problems = None, list[str]()
    try:
        found = model.model_validate(said)
    except ValidationError as error:
        problems += messages(error.errors(include_url=False, include_input=False, include_context=False))
    problems += model.other_problems(said)
    if problems:
        raise InvalidParametersError(problem=", ".join(problems[:SHOWN_PROBLEMS]))
    assert found is not None
    return found


def messages(errors: Iterable[Mapping[str, Any]]) -> list[str]:
    """What Grape would say of these."""
    return [f"{_name(error['loc'])} {_SAID.get(error['type'], 'is invalid')}" for error in errors]


def misshapen(model: type[BaseModel], name: str, value: JsonValue) -> list[str]:
    """What is absent, unknown or of another type in the hash of a parameter; values out of limits are not looked for."""
    try:
        model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        return messages({**item, "loc": (name, *item["loc"])} for item in found if item["type"] in _SHAPES)
    return []


def not_exactly_one(names: Sequence[str], said: JsonObject) -> Iterator[str]:
    """What Grape says when of several parameters none is given, or more than one."""
    given = [name for name in names if name in said]
    if not given:
        yield f"{', '.join(names)} are missing, exactly one parameter must be provided"
    elif len(given) > 1:
        yield f"{', '.join(given)} are mutually exclusive"


def none_of(names: Sequence[str], said: JsonObject, *, inside: str) -> Iterator[str]:
    """What Grape says when of several parameters in the hash of another one none is given."""
    if not any(name in said for name in names):
        listed = ", ".join(f"{inside}[{name}]" for name in names)
        yield f"{listed} are missing, at least one parameter must be provided"


def _name(path: Sequence[int | str]) -> str:
    """A path as Grape writes it: `entities[0][full_path]`."""
    first, *rest = (ascii(str(part)[:SHOWN_CHARACTERS])[1:-1] for part in path)
    return first + "".join(f"[{part}]" for part in rest)
