"""Names for paths: from what an export says, or from how its file is called."""

import re
from typing import Final

_LONGEST: Final = 255
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.-]+")
# GitLab names its archives by the time, then the full path with `_` for `/`, then `_export`.
_ARCHIVE_NAME: Final = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d(?:-\d\d)?-\d{3}_(?P<path>.+?)(?:_export)?")
_ENDINGS: Final = (".tar.gz", ".tgz", ".json.gz", ".tar", ".gz", ".json")


def slug_of(text: object) -> str | None:
    """A text made fit to stand in a path; None when nothing of it is."""
    if not isinstance(text, str):
        return None
    fit = _UNFIT.sub("-", text[:_LONGEST]).strip("-.").removesuffix(".git").removesuffix(".atom")
    return fit or None


def slug_of_file(name: str) -> str | None:
    """What an export is called by the name of its file or directory."""
    bare = next((name[: -len(ending)] for ending in _ENDINGS if name.lower().endswith(ending)), name)
    if match := _ARCHIVE_NAME.fullmatch(bare):
        return slug_of(match["path"])
    return slug_of(bare)
