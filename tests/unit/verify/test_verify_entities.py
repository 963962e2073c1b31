import pytest

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.verify.entities import EntityPair, match
from offline_transfer.verify.errors import UnknownRootError
from offline_transfer.verify.findings import Finding, FindingKind


def mapping(**entities: str) -> dict[str, EntityPrefix]:
    return {path.replace("__", "/"): EntityPrefix.parse(entity) for path, entity in entities.items()}


def pairs(first: dict[str, EntityPrefix], second: dict[str, EntityPrefix], **roots: str) -> list[tuple[str, str]]:
    matching = match(first, second, {mine: theirs.replace("__", "/") for mine, theirs in roots.items()})
    assert matching.findings == ()
    return [(pair.path, str(pair.second)) for pair in matching.pairs]


def test_a_tree_is_matched_below_another_namespace_and_under_another_name() -> None:
    first = mapping(top="group_1", top__sub="group_2", top__sub__app="project_7")
    second = mapping(x__y__other="group_30", x__y__other__sub="group_20", x__y__other__sub__app="project_10")
    assert pairs(first, second) == [("top", "group_30"), ("top/sub", "group_20"), ("top/sub/app", "project_10")]
    assert match(first, second).pairs[2] == EntityPair(
        path="top/sub/app",
        parent="top/sub",
        root="top",
        first=EntityPrefix.parse("project_7"),
        second=EntityPrefix.parse("project_10"),
    )


def test_several_tops_are_matched_by_the_last_part_of_their_path() -> None:
    first = mapping(one="group_1", two="group_2", two__app="project_3")
    second = mapping(new__two="group_7", new__one="group_8", new__two__app="project_9")
    assert pairs(first, second) == [("one", "group_8"), ("two", "group_7"), ("two/app", "project_9")]


def test_the_last_unmatched_top_on_each_side_is_a_pair() -> None:
    first = mapping(one="group_1", two="group_2", app="project_2")
    second = mapping(one="group_7", renamed="group_8", other="project_9")
    assert pairs(first, second) == [("app", "project_9"), ("one", "group_7"), ("two", "group_8")]


def test_tops_are_matched_as_it_is_said() -> None:
    first = mapping(one="group_1", two="group_2")
    second = mapping(one="group_7", two="group_8")
    assert pairs(first, second, one="two", two="one") == [("one", "group_8"), ("two", "group_7")]


def test_a_top_that_does_not_exist_cannot_be_chosen() -> None:
    with pytest.raises(UnknownRootError, match="`three` is not the top of anything in the archive, which has: one"):
        match(mapping(one="group_1"), mapping(one="group_1"), {"three": "one"})


def test_what_has_no_partner_is_named() -> None:
    first = mapping(top="group_1", top__sub="group_2", top__same="group_3")
    second = mapping(top="group_1", top__app="project_2", top__same="project_3")
    assert match(first, second).findings == (
        Finding(
            kind=FindingKind.ONLY_IN_SECOND, entity="top/app", reason="no project of the other archive is this one"
        ),
        Finding(kind=FindingKind.ONLY_IN_FIRST, entity="top/same", reason="no group of the other archive is this one"),
        Finding(kind=FindingKind.ONLY_IN_FIRST, entity="top/sub", reason="no group of the other archive is this one"),
    )


def test_tops_of_which_nobody_can_say_what_they_are_stay_alone() -> None:
    kinds = [
        finding.kind for finding in match(mapping(a="group_1", b="group_2"), mapping(c="group_1", d="group_2")).findings
    ]
    assert sorted(kinds) == [FindingKind.ONLY_IN_FIRST] * 2 + [FindingKind.ONLY_IN_SECOND] * 2
