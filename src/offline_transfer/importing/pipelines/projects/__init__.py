"""Pipelines of projects."""
