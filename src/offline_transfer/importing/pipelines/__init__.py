"""Pipelines of relations that hold files; tree relations need none of their own."""
