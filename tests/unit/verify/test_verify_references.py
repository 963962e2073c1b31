"""Texts that differ by what an import does to them, and by nothing else, are the same."""

from pathlib import Path

import pytest

from offline_transfer.types import JsonObject
from offline_transfer.verify.compare import compare
from offline_transfer.verify.reader import Archive
from tests.unit.verify.archives import Draft

HERE = "https://source.example.com"
THERE = "https://other.example.com:8443"


def unequal(directory: Path, before: str, after: str, *, hostname: str = HERE, now: str = THERE) -> list[str]:
    """The paths that are not the same where a text was one thing before an import and another after it."""
    first = Draft(
        directory / "first", {"top": "group_1", "top/app": "project_7", "top/lib": "project_8"}, hostname=hostname
    )
    second = Draft(
        directory / "second", {"new/t": "group_5", "new/t/app": "project_4", "new/t/lib": "project_3"}, hostname=now
    )
    for draft, text, group, app, lib in ((first, before, 1, 7, 8), (second, after, 5, 4, 3)):
        draft.document(f"group_{group}/self.json.gz", {"name": "Top", "description": text})
        draft.document(f"project_{lib}/self.json.gz", {"name": "Lib"})
        draft.document(f"project_{app}/self.json.gz", {"name": "App", "description": text})
        record: JsonObject = {"iid": 1, "title": "team@example.com", "description": text, "notes": [{"note": text}]}
        draft.records(f"project_{app}/issues/batch_1.ndjson.gz", [record])
        draft.finish()
    with Archive(first.store, first.prefix) as one, Archive(second.store, second.prefix) as other:
        return [f"{path.entity}: {path.path}" for path in compare(one, other).paths if not path.is_equal]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("#1 and ~bug", "#1 and ~bug"),
        (f"{HERE}/top/lib/-/issues/1", f"{THERE}/new/t/lib/-/issues/1"),
        (f"{HERE}/groups/top/-/epics/1", f"{THERE}/groups/new/t/-/epics/1"),
        (f"{HERE}/-/project/8/uploads/x/y.png", f"{THERE}/-/project/3/uploads/x/y.png"),
        (f"{HERE}/top/left/-/issues/1", f"{HERE}/top/left/-/issues/1"),
        ("top/lib#1 and top/app!2", "new/t/lib#1 and new/t/app!2"),
        ("`top/lib#1`", "`top/lib#1`"),
        ("ask @ann", "ask `@ann`"),
        ("ask @ann", "ask @ann"),
    ],
)
def test_what_an_import_does_to_texts_is_no_difference(tmp_path: Path, before: str, after: str) -> None:
    assert unequal(tmp_path, before, after) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{HERE}/top/lib/-/issues/1", f"{HERE}/top/lib/-/issues/1"),
        (f"{HERE}/top/lib/-/issues/1", f"{THERE}/top/lib/-/issues/1"),
        (f"{HERE}/top/lib/-/issues/1", f"{THERE}/new/t/lib/-/issues/2"),
        (f"{HERE}/top/lib/-/issues/1", f"{THERE}/new/t/app/-/issues/1"),
        (f"{HERE}/top/lib", "https://evil.example.com/new/t/lib"),
        (f"{HERE}/top/left/-/issues/1", f"{THERE}/new/t/left/-/issues/1"),
        ("top/lib#1", "top/lib#1"),
        ("top/lib#1", "new/t/lib#2"),
        ("`top/lib#1`", "`new/t/lib#1`"),
        ("ask @ann", "ask `@bob`"),
        ("ask @ann", "ask ann"),
        ("ask ann", "ask `ann`"),
    ],
)
def test_anything_beyond_it_is_a_difference(tmp_path: Path, before: str, after: str) -> None:
    assert unequal(tmp_path, before, after) == [
        "top: self",
        "top/app: self",
        "top/app: issues",
        "top/app: issues.notes",
    ]


def test_only_texts_are_compared_so(tmp_path: Path) -> None:
    first, second = (Draft(tmp_path / name, {"top": "group_1", "top/app": "project_7"}) for name in ("first", "second"))
    for draft, title in ((first, "ask @ann"), (second, "ask `@ann`")):
        draft.records("project_7/issues/batch_1.ndjson.gz", [{"iid": 1, "title": title}])
        draft.finish()
    with Archive(first.store, first.prefix) as one, Archive(second.store, second.prefix) as other:
        assert not compare(one, other).equal


def test_an_alias_has_no_urls(tmp_path: Path) -> None:
    assert unequal(tmp_path, "https://old/top/lib top/lib#1", "https://old/top/lib new/t/lib#1", hostname="old") == []


@pytest.mark.parametrize(
    ("around", "wrong"), [({"top": "group_1"}, ["issues", "issues.epic_issue.epic", "issues.epic_issue"]), ({}, [])]
)
def test_the_text_of_an_epic_goes_with_its_group(tmp_path: Path, around: dict[str, str], wrong: list[str]) -> None:
    first, second = (Draft(tmp_path / name, {**around, "top/app": "project_7"}) for name in ("first", "second"))
    first.hostname, second.hostname = HERE, THERE
    for draft in (first, second):
        epic: JsonObject = {"iid": 1, "title": "e", "description": f"{HERE}/top/app"}
        draft.records("project_7/issues/batch_1.ndjson.gz", [{"iid": 1, "epic_issue": {"epic": epic}}])
        draft.finish()
    with Archive(first.store, first.prefix) as one, Archive(second.store, second.prefix) as other:
        assert [path.path for path in compare(one, other).paths if not path.is_equal] == wrong
