"""Which pipelines run for a source of which version."""

import pytest

from offline_transfer.importing.stages import SourceVersions, pipelines
from offline_transfer.types import Edition, PortableKind


@pytest.mark.parametrize("version", ["16.11.0", "16.11.9-ee", "17.0.0", "18.2.3-pre", "100.0", "unknown", ""])
def test_a_version_within_the_bounds_or_one_that_says_nothing_is_no_reason(version: str) -> None:
    assert SourceVersions(minimum="16.11").objection(version) is None


@pytest.mark.parametrize("version", ["16.10.8", "9.5.0"])
def test_a_source_that_is_too_old_is_told_since_when(version: str) -> None:
    told = f"GitLab has had this relation since 16.11, and the source is {version}"
    assert SourceVersions(minimum="16.11").objection(version) == told


def test_both_ends_are_included_whatever_the_patch_level_is() -> None:
    bounds = SourceVersions(minimum="15.1", maximum="15.3")
    assert [version for version in ("15.0.9", "15.1.0", "15.3.9", "15.4.0") if not bounds.objection(version)] == [
        "15.1.0",
        "15.3.9",
    ]
    assert bounds.objection("15.4.0") == "GitLab had this relation up to 15.3, and the source is 15.4.0"


@pytest.mark.parametrize(
    ("kind", "version", "expected"),
    [
        (PortableKind.PROJECT, "15.0.0", ["repository", "commit_notes", "design", "vulnerabilities"]),
        (PortableKind.PROJECT, "16.0.0", ["vulnerabilities"]),
        (PortableKind.GROUP, "15.2.0", ["iterations_cadences", "epic_boards"]),
        (PortableKind.GROUP, "19.0.0", []),
    ],
)
def test_the_stages_name_what_is_out_of_range_and_leave_nothing_out(
    kind: PortableKind, version: str, expected: list[str]
) -> None:
    found = list(pipelines(kind, Edition.EE, version))
    assert [stage.relation for stage in found if stage.objection is not None] == expected
    every = [stage.relation for stage in pipelines(kind, Edition.EE)]
    assert [stage.relation for stage in found] == every


def test_community_edition_has_no_pipelines_of_the_other_one() -> None:
    lacking = {stage.relation for stage in pipelines(PortableKind.GROUP, Edition.EE)} - {
        stage.relation for stage in pipelines(PortableKind.GROUP, Edition.CE)
    }
    assert lacking == {"wiki", "iterations_cadences", "epics", "epic_boards"}
