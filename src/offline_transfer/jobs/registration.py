"""Knows all modules of jobs: a program that defers or does jobs calls `register_all` first.

They are imported then and not before: together they are most of the program, and most commands have nothing done.
"""

from importlib import import_module
from typing import Final

MODULES: Final = ("exports", "imports", "rollbacks")


def register_all() -> None:
    """Give every job its function."""
    for name in MODULES:
        import_module(f"{__package__}.{name}")
