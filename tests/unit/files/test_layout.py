"""Each name of an export stands for one part, and everything else is a stranger."""

import pytest

from offline_transfer.files import layout
from offline_transfer.files.layout import Part, Place, place

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("VERSION", Place(Part.FORMAT_VERSION)),
        (layout.ROOT_FILE, Place(Part.PROJECT)),
        (layout.relation_file("ci_pipelines"), Place(Part.PROJECT_RELATION, "ci_pipelines")),
        (layout.GROUP_LIST_FILE, Place(Part.GROUP_LIST)),
        (layout.group_file(4351), Place(Part.GROUP, group=4351)),
        (layout.group_relation_file(4351, "boards"), Place(Part.GROUP_RELATION, "boards", 4351)),
        (layout.BUNDLES["repository"], Place(Part.REPOSITORY)),
        (layout.BUNDLES["wiki"], Place(Part.WIKI)),
        (layout.BUNDLES["design"], Place(Part.DESIGN)),
        (f"{layout.SNIPPETS}/{DIGEST}.bundle", Place(Part.SNIPPET_REPOSITORY, f"{DIGEST}.bundle")),
        (layout.group_wiki(7), Place(Part.GROUP_WIKI, group=7)),
        (f"{layout.UPLOADS}/0123/a name.png", Place(Part.UPLOAD, "0123/a name.png")),
        (f"{layout.AVATAR}/me.png", Place(Part.AVATAR, "avatar/me.png")),
        (f"{layout.LFS_OBJECTS}/{DIGEST}", Place(Part.LFS_OBJECT, DIGEST)),
        (layout.LFS_TYPES_FILE, Place(Part.LFS_TYPES)),
        (layout.MAX_IIDS_FILE, Place(Part.MAX_IIDS)),
        (f"{layout.group_uploads(7)}/0123/b", Place(Part.GROUP_UPLOAD, "0123/b", 7)),
        (layout.group_max_iids(7), Place(Part.GROUP_MAX_IIDS, group=7)),
    ],
)
def test_a_name_is_built_and_understood_alike(path: str, expected: Place) -> None:
    assert place(path) == expected


@pytest.mark.parametrize(
    "path",
    [
        "",
        "version",
        "tree",
        "tree/project/Labels.ndjson",
        "tree/project/labels.json",
        "tree/project/deeper/labels.ndjson",
        "tree/groups/0.json",
        "tree/groups/01.json",
        "tree/groups/9999999999999999999999.json",
        "tree/groups/abc/labels.ndjson",
        f"snippets/{DIGEST[:-1]}.bundle",
        f"lfs-objects/{DIGEST.upper()}",
        "avatar/deeper/me.png",
        "uploads",
        "VERSION\n",
    ],
)
def test_a_name_that_no_export_has_is_a_stranger(path: str) -> None:
    assert place(path) is None
