"""Which keys of a foreign record are never believed, and which stand for users.

Source: AttributeCleaner, RelationFactory (USER_REFERENCES, PROJECT_REFERENCES) of GitLab's import/export.
"""

import re
from enum import StrEnum

USER_REFERENCES = frozenset(
    {
        "author_id",
        "assignee_id",
        "updated_by_id",
        "merged_by_id",
        "latest_closed_by_id",
        "user_id",
        "created_by_id",
        "last_edited_by_id",
        "merge_user_id",
        "resolved_by_id",
        "closed_by_id",
        "owner_id",
    }
)

_PROHIBITED = re.compile(
    r"cached_markdown_version|.*_ids?|.*_html|.*attributes.*|remote_\w+_(url|urls|request_header)|id", re.DOTALL
)

SENSITIVE_WORDS = ("pass", "secret", "token", "key", "encrypted", "html")
"""Parts of a key that make it suspect; whatever travels under such a name must be listed with a reason."""


class DropReason(StrEnum):
    """Why an attribute of a record was not taken over."""

    PROHIBITED = "prohibited"
    EXCLUDED = "excluded"
    UNKNOWN = "unknown"
    INVALID = "invalid"


def drop_reason(key: str, excluded: frozenset[str]) -> DropReason:
    """Why a key that is no attribute of its relation is dropped."""
    if _PROHIBITED.fullmatch(key):
        return DropReason.PROHIBITED
    return DropReason.EXCLUDED if key in excluded else DropReason.UNKNOWN
