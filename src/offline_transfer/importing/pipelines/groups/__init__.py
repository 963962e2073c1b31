"""Pipelines of groups."""
