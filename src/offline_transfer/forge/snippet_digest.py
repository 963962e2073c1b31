"""How the bundle of a snippet's repository is named in an archive."""

import hashlib
from datetime import UTC, datetime


def hexdigest(title: str, description: str | None, created_at: datetime | None, updated_at: datetime | None) -> str:
    """The SHA-256 of title, description and both times as Ruby on Rails prints them. Source: `Snippet#hexdigest` of GitLab."""
    return hashlib.sha256(f"{title}{description or ''}{_time(created_at)}{_time(updated_at)}".encode()).hexdigest()


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
