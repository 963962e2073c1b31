"""Changes records as somebody would who wants an import to fall over: types swapped, keys dropped and invented, odd values."""

import random
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final

import orjson

_DEEP: Any = "bottom"
for _ in range(60):
    _DEEP = [_DEEP]

# Text that does not compress, longer than what fits into an index.
_LONG = "".join(map(chr, random.Random(1).choices(range(0x4E00, 0x9FFF), k=4000)))  # noqa: S311

VALUES: Final[Sequence[Any]] = (
    None, True, False, 0, 1, -1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), 0.5, 1.0, 1e308, -1e308,
    "", " ", "0", "9" * 5000, "-1", "1.5", "²", "٣", "nan", "true", "null", "\\N", "\\.", "\t", "a\nb", "\u0000", "\\u0000",
    "{}", '{"a": 18446744073709551616}', '{"a": "\\u0000"}', '{"a":' * 900 + "1" + "}" * 900, _LONG, "x" * 300, "😀" * 100,
    "2020-13-45", "0000-00-00", "2020-01-01T25:61:61Z", "99999-01-01", "infinity", "now", "2020-01-01", "2020-01-01T00:00:00Z",
    "Issue", "MergeRequest", "Commit", "Epic", "Namespace", "User", "DiffNote", "GroupLabel", "ProjectLabel", "Ci::Bridge",
    "active", "closed", "success", "running", "admin", "ghost", "a_" + "9" * 5000 + "_1", "a_99999999999999999999_2",
    [], {}, [[]], [{}], [None], ["x"], [1, "a", {}], {"a": {"b": [1]}}, {"__class__": "os.system"}, {"id": 1}, {"title": []},
    {"title": "odd", "iid": 2**63 - 1}, {"start_line_code": "a_" + "9" * 5000 + "_1"},
    {"line_range": {"start_line_code": "a_" + "9" * 5000 + "_1", "end_line_code": "a_99999999999999999999_2"}}, _DEEP,
)  # fmt: skip

KEYS: Final = (
    "id", "type", "iid", "title", "name", "project_id", "group_id", "namespace_id", "author_id", "user_id", "noteable_type",
    "noteable_id", "noteable", "commit_id", "target_type", "target_id", "issue_id", "label_id", "milestone_id", "epic_id",
    "note_html", "description_html", "cached_markdown_version", "token", "runners_token", "encrypted_token", "custom_attributes",
    "attributes", "remote_avatar_url", "__class__", "__proto__", "constructor", "", " ", ".", "notes.author", "'; --", "created_at",
    "iid\n", "position", "author_name", "author_email", "committer_name", "exported_work_item_type", "issue_type",
    "diff_export", "utf8_diff", "emails_disabled", "email", "source_project_id", "target_project_id", "label", "labels", "notes",
    "events", "milestone", "user", "author", "parent", "design", "commit_author", "merge_request", "branch_name",
)  # fmt: skip

LINES: Final = (
    b"", b"null", b"[]", b"{", b"}", b"1", b'"text"', b"{]", b"\xff\xfe", b'{"title":"\\ud800"}', b"{'a':1}", b"[" * 5000, b"true",
    b'{"iid":99999999999999999999999}',
)  # fmt: skip


def tampered(chance: random.Random, records: Sequence[dict[str, Any]]) -> list[bytes]:
    """The records as lines, about half of them changed; some are lost, doubled or no records at all."""
    lines = []
    for original in records:
        line = orjson.dumps(damaged(chance, original, records) if chance.random() < 0.5 else original)
        roll = chance.random()
        lines.extend([line, line] if roll < 0.03 else [chance.choice(LINES)] if roll < 0.05 else [line])
    return lines


def damaged(chance: random.Random, original: dict[str, Any], others: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """A record changed in one to four places; `others` may lend it pieces."""
    record = deepcopy(original)
    for _ in range(chance.randint(1, 4)):
        _tamper(chance, record, others or [original])
    return record


def _tamper(chance: random.Random, record: dict[str, Any], others: Sequence[dict[str, Any]]) -> None:
    place = chance.choice(_containers(record))
    if not place:
        place[chance.choice(KEYS)] = deepcopy(chance.choice(VALUES))
        return
    key = chance.choice(list(place))
    match chance.randrange(8):
        case 0:
            del place[key]
        case 1:
            place[key] = [place[key]]
        case 2 if isinstance(place[key], list):
            place[key] = place[key] + deepcopy(place[key])
        case 2 if isinstance(place[key], dict):
            place[key] = [place[key], deepcopy(place[key]), {}]
        case 3 if isinstance(place[key], list) and place[key]:
            place[key] = place[key][0]
        case 4:
            place[chance.choice(KEYS)] = deepcopy(chance.choice(VALUES))
        case 5:
            other = chance.choice(list(place))
            place[key], place[other] = place[other], place[key]
        case 6:
            donor = chance.choice(_containers(deepcopy(chance.choice(others))))
            place.update(donor)
        case _:
            place[key] = deepcopy(chance.choice(VALUES))


def _containers(value: Any, depth: int = 0) -> list[dict[str, Any]]:
    """Every object inside a value, itself included."""
    found = [value] if isinstance(value, dict) else []
    if depth < 8 and isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            found.extend(_containers(item, depth + 1))
    return found
