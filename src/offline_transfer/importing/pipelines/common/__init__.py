"""Pipelines that groups and projects have."""
