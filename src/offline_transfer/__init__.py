"""Moves GitLab groups and projects between instances that cannot reach each other."""

__version__ = "0.1.0"
