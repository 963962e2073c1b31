"""How messages about archives are put together."""

import pytest

from offline_transfer.archive.errors import about

KEY = "project_7/labels.ndjson.gz"


@pytest.mark.parametrize(
    ("name", "message", "said"),
    [
        (KEY, "it is not in the store", f"{KEY}: it is not in the store"),
        (KEY, f"{KEY} is cut off.", f"{KEY} is cut off."),
        (KEY, f"There is no object export/{KEY} in s3://bucket.", f"There is no object export/{KEY} in s3://bucket."),
        ("top", "`top/app` lies in it", "top: `top/app` lies in it"),
    ],
)
def test_a_message_names_what_it_is_about_once(name: str, message: str, said: str) -> None:
    assert about(name, message) == said
