"""Names and constants of our own in SQL that is put together as text."""

from collections.abc import Sequence
from typing import Final, TypeAlias

_MOST_ARGUMENTS: Final = 100
"""PostgreSQL passes no more to a function."""

Piece: TypeAlias = tuple[str, bool]
"""A part of a text: SQL that gives it, or, where the second is true, the text itself."""


def constant(text: str) -> str:
    """A text, in a statement whose parameters are named in percent signs."""
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def joined(pieces: Sequence[Piece]) -> str:
    """SQL for the text that the pieces make one after another; what is null adds nothing."""
    arguments: list[str] = []
    text = ""
    for piece, is_text in pieces:
        if is_text:
            text += piece
            continue
        if text:
            arguments.append(constant(text))
            text = ""
        arguments.append(piece)
    if text or not arguments:
        arguments.append(constant(text))
    if len(arguments) == 1:
        return arguments[0]
    calls = (arguments[start : start + _MOST_ARGUMENTS] for start in range(0, len(arguments), _MOST_ARGUMENTS))
    return " || ".join(f"concat({', '.join(call)})" for call in calls)
