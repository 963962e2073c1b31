"""Knows all modules of jobs: a program that defers or does jobs calls `register_all` first."""

from offline_transfer.jobs import exports, imports, rollbacks

MODULES = (exports, imports, rollbacks)


def register_all() -> None:
    """Every job has its function once this module is imported; calling this says that it is needed."""
