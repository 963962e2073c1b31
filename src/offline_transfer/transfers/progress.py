"""How work tells whoever watches that it goes on."""

from typing import Protocol


class Progress(Protocol):
    """Called when a step has ended, by the thread that did it."""

    def __call__(self, entity: str, relation: str, *, records: int, size: int) -> None:
        """So many records of this relation of the entity with this full path were done, in so many stored bytes."""


def silent(entity: str, relation: str, *, records: int, size: int) -> None:
    """Tells nobody."""
