"""Archives as GitLab itself writes them come in: without manifest, without what GitLab does not move, in either spelling."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from offline_transfer.archive.errors import UnsupportedSourceVersionError
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.db import Database
from offline_transfer.importing.errors import UnexpectedObjectError
from offline_transfer.importing.request import Wanted
from offline_transfer.transfers.models import BulkImport
from offline_transfer.types import JsonObject
from tests.support.fill import fill_every_relation
from tests.support.gitlab_archives import BLUEPRINT, GITLAB, OURS, Writing, as_gitlab, change_metadata, copy
from tests.support.importing import Destination
from tests.support.instances import Exported, Imported, Instance, compared
from tests.unit.verify.archives import Draft

MakeDatabase = Callable[[], Database]

MOMENT = "2026-01-02T03:04:05.678Z"
PREFIX = ExportPrefix("2026-04-16_19-39-00_export_dJtnb3CV")
ALICE: JsonObject = {"id": 1, "public_email": None, "username": "alice", "name": "Alice"}

GAPS_OF_GROUP = [
    "badges", "boards", "epic_boards", "epics", "iterations_cadences", "members", "milestones", "namespace_settings", "uploads",
    "user_contributions", "wiki",
]  # fmt: skip
GAPS_OF_PROJECT = [
    "approval_rules", "auto_devops", "boards", "ci_cd_settings", "ci_pipelines", "commit_notes", "container_expiration_policy",
    "custom_attributes", "design", "error_tracking_setting", "external_pull_requests", "lfs_objects", "merge_requests",
    "milestones", "pipeline_schedules", "project_badges", "project_members", "protected_branches", "protected_environments",
    "protected_tags", "push_rule", "releases", "security_setting", "service_desk_setting", "snippets", "snippets_repository",
    "vulnerabilities", "wiki",
]  # fmt: skip


def issue(iid: int) -> JsonObject:
    return {"iid": iid, "title": f"Issue {iid}", "author_id": 1, "created_at": MOMENT, "updated_at": MOMENT}


def draft(directory: Path, *, hostname: str = "https://source.example.com", prefix: ExportPrefix = PREFIX) -> Draft:
    """An archive of ours with a little of everything, some of it empty."""
    found = Draft(directory, hostname=hostname, prefix=prefix)
    found.document("group_1/self.json.gz", {"name": "Top", "path": "top", "visibility_level": 0})
    found.document("group_1/max_iids.json.gz", {})
    found.records(
        "group_1/labels/batch_1.ndjson.gz", [{"title": "of the group", "color": "#112233", "type": "GroupLabel"}]
    )
    found.records("group_1/boards.ndjson.gz", [])
    found.document("project_7/self.json.gz", {"name": "App", "visibility_level": 0})
    found.document("project_7/max_iids.json.gz", {"issues": 30})
    found.records("project_7/labels/batch_1.ndjson.gz", [{"title": "bug", "color": "#112233", "type": "ProjectLabel"}])
    for number in (1, 2, 3):
        found.records(f"project_7/issues/batch_{number}.ndjson.gz", [issue(number), issue(number + 10)])
    found.records("project_7/merge_requests.ndjson.gz", [])
    found.records("project_7/project_feature.ndjson.gz", [{"issues_access_level": 10}])
    found.records("project_7/snippets.ndjson.gz", [])
    found.records("project_7/user_contributions.ndjson.gz", [ALICE])
    found.files("project_7/repository.tar.gz", {}, count=0)
    found.files("project_7/wiki.tar.gz", {}, count=0)
    found.files("project_7/uploads.tar.gz", {f"{'0a' * 16}/logo.png": b"picture"})
    found.files("project_7/lfs_objects.tar.gz", {})
    return found.finish()


def listed(archive: Path) -> list[str]:
    return sorted(str(path.relative_to(archive)) for path in archive.rglob("*") if path.is_file())


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """GitLab's archive of `top` and `top/app`."""
    made = draft(tmp_path / "bucket").path("")
    as_gitlab(made)
    return made


@pytest.fixture
def instance(destination: Destination) -> Instance:
    """An instance with a group `dest`."""
    return Instance(destination.database, destination.directory / "instance")


def brought(instance: Instance, archive: Path, *wanted: Wanted) -> Imported:
    exported = Exported(archive.parent, ExportPrefix(archive.name), [], [])
    return instance.import_archive(exported, wanted or [Wanted("top", "dest")])


def gaps(imported: Imported, entity: str) -> list[str]:
    return sorted(str(gap["relation"]) for gap in imported.gaps if gap["entity"] == entity)


def counts(imported: Imported) -> dict[str, tuple[object, object]]:
    return {f"{row['entity']} {row['path']}": (row["source"], row["imported"]) for row in imported.rows}


def unchecked(destination: Destination) -> Sequence[tuple[str | None, str]]:
    with destination.database.session() as session:
        (bulk_import,) = session.query(BulkImport)
        return [(item.get("where"), item["reason"]) for item in bulk_import.unchecked]


EVERYTHING = {
    "top self": (1, 1),
    "top labels": (1, 1),
    "top/app self": (1, 1),
    "top/app labels": (1, 1),
    "top/app issues": (6, 6),
    "top/app project_feature": (1, 1),
    "top/app uploads": (1, 1),
    "top/app user_contributions": (1, 1),
}

NOBODY_KNOWS = [
    ("manifest.json.gz", "without a manifest nobody can say whether an object is missing or was changed"),
    ("manifest.json.gz", "without a manifest the records of an object cannot be counted against what was exported"),
]


def test_the_archive_is_as_gitlab_writes_it(archive: Path) -> None:
    assert listed(archive) == [
        "group_1/labels/batch_1.ndjson.gz",
        "group_1/max_iids.json.gz",
        "group_1/self.json.gz",
        "metadata.json.gz",
        "project_7/issues/batch_1.ndjson.gz",
        "project_7/issues/batch_2.ndjson.gz",
        "project_7/issues/batch_3.ndjson.gz",
        "project_7/labels/batch_1.ndjson.gz",
        "project_7/max_iids.json.gz",
        "project_7/project_feature.ndjson.gz",
        "project_7/repository.tar.gz",
        "project_7/self.json.gz",
        "project_7/uploads/batch_1.tar.gz",
        "project_7/user_contributions.ndjson.gz",
    ]


@pytest.mark.parametrize("writing", [GITLAB, BLUEPRINT, Writing("-"), Writing(is_compressed=False)], ids=str)
def test_every_spelling_brings_the_same(
    destination: Destination, instance: Instance, tmp_path: Path, writing: Writing
) -> None:
    made = draft(tmp_path / "bucket").path("")
    as_gitlab(made, writing)
    imported = brought(instance, made)
    assert imported.failures == []
    assert imported.unbalanced() == []
    assert counts(imported) == EVERYTHING
    assert imported.is_clean
    assert destination.rows("issues", "iid") == [(1,), (11,), (2,), (12,), (3,), (13,)]


def test_what_the_archive_does_not_hold_is_named_and_refuses_nothing(
    destination: Destination, instance: Instance, archive: Path
) -> None:
    imported = brought(instance, archive)
    assert gaps(imported, "top") == GAPS_OF_GROUP
    assert gaps(imported, "top/app") == GAPS_OF_PROJECT
    assert {gap["reason"] for gap in imported.gaps} == {"the archive holds nothing of this relation"}
    assert unchecked(destination) == NOBODY_KNOWS


def test_what_lies_beside_the_objects_is_passed_over_and_named(
    destination: Destination, instance: Instance, archive: Path
) -> None:
    for name in (
        "desktop.ini",
        "project_7/.DS_Store",
        "project_7/issues/batch_0.ndjson.gz",
        "project_99/issues.ndjson.gz",
    ):
        path = archive / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"[.ShellClassInfo]")
    imported = brought(instance, archive)
    assert counts(imported) == EVERYTHING
    reason = "it is not the key of an object, and it is passed over"
    assert unchecked(destination)[2:] == [
        ("desktop.ini", reason),
        ("project_7/.DS_Store", reason),
        ("project_7/issues/batch_0.ndjson.gz", reason),
        ("project_99/issues.ndjson.gz", reason),
    ]


def test_of_many_strangers_some_are_named(destination: Destination, instance: Instance, archive: Path) -> None:
    for number in range(130):
        (archive / f"{number:03}.txt").touch()
    brought(instance, archive)
    assert len(unchecked(destination)) == 103
    assert unchecked(destination)[-1] == (None, "there are 30 objects more that are passed over")


def test_a_batch_that_is_missing_between_others_is_a_gap(
    destination: Destination, instance: Instance, archive: Path
) -> None:
    (archive / "project_7/issues/batch_2.ndjson.gz").unlink()
    imported = brought(instance, archive)
    assert [gap for gap in imported.gaps if gap["relation"] == "issues"] == [
        {"entity": "top/app", "relation": "issues", "reason": "of its batches 1 to 3 the archive lacks 2"}
    ]
    assert imported.failures == []
    assert destination.rows("issues", "iid") == [(1,), (11,), (3,), (13,)]
    reason = "not all of its batches 1 to 3 are there, and the others are imported"
    assert unchecked(destination)[2:] == [("project_7/issues", reason)]


def test_an_object_that_is_there_twice_is_refused(instance: Instance, archive: Path) -> None:
    (archive / "project_7-labels").mkdir()
    (archive / "project_7-labels/batch_1.ndjson.gz").write_bytes(
        (archive / "project_7/labels/batch_1.ndjson.gz").read_bytes()
    )
    with pytest.raises(UnexpectedObjectError, match="in another form"):
        brought(instance, archive)


def test_the_version_of_the_source_counts(instance: Instance, archive: Path) -> None:
    change_metadata(archive, instance_version="18.11.4-ee")
    with pytest.raises(UnsupportedSourceVersionError) as error:
        brought(instance, archive)
    assert error.value.message == (
        "The archive was written by GitLab 18.11.4-ee; the oldest version that can be imported is 19.0.0. Upgrade the source and"
        " export again."
    )
    change_metadata(archive, instance_version="19.4.0-pre", source_ghost_user_id=1, something_new={"a": 1})
    assert brought(instance, archive).is_clean


def test_an_archive_lies_wherever_somebody_put_it(instance: Instance, archive: Path) -> None:
    # As long as nothing below it has another name; the one beside it begins like it.
    moved = copy(archive, archive.with_name("carried"))
    copy(archive, archive.with_name("carried-again"))
    assert counts(brought(instance, moved)) == EVERYTHING


def test_exports_of_two_hosts_in_one_bucket_share_nothing(
    destination: Destination, instance: Instance, tmp_path: Path
) -> None:
    for number in (1, 2):
        made = draft(
            tmp_path / "bucket",
            hostname=f"https://host-{number}.example.com",
            prefix=ExportPrefix(f"export{'_more' * number}"),
        )
        as_gitlab(made.path(""))
        imported = brought(instance, made.path(""), Wanted("top/app", "dest", f"app-{number}"))
        assert imported.failures == []
        assert imported.unbalanced() == []
    people = destination.rows("import_source_users", "source_hostname", "source_user_identifier", "placeholder_user_id")
    assert [person[:2] for person in people] == [
        ("https://host-1.example.com", "1"),
        ("https://host-2.example.com", "1"),
    ]
    stand_ins = [person[2] for person in people]
    assert len({*stand_ins}) == 2
    first, second = (project_id for (project_id,) in destination.rows("projects", "id"))
    assert destination.rows("issues", "author_id", project_id=first) == [(stand_ins[0],)] * 6
    assert destination.rows("issues", "author_id", project_id=second) == [(stand_ins[1],)] * 6
    assert destination.rows("labels", "title", "project_id", "group_id") == [
        ("bug", first, None),
        ("bug", second, None),
    ]
    keys = [key for (key,) in destination.rows("uploads", "storage_key")]
    assert len({*keys}) == 2


@pytest.mark.slow
def test_all_that_gitlab_moves_of_a_full_instance_comes_in(make_database: MakeDatabase, tmp_path: Path) -> None:
    source, destination = (
        Instance(make_database(), tmp_path / name, {"batch_size": 3}) for name in ("source", "destination")
    )
    for instance in (source, destination):
        instance.directory.mkdir()
    fill_every_relation(source.database, source.repositories, source.files)
    exported = source.export(tmp_path / "bucket", "fill")
    as_gitlab(copy(exported.directory, exported.place / "gitlab"))
    as_gitlab(copy(exported.directory, exported.place / "blueprint"), BLUEPRINT)
    first, second = (replace(exported, prefix=ExportPrefix(name)) for name in ("gitlab", "blueprint"))
    assert compared(first, second).equal
    imported = destination.import_archive(second)
    assert imported.failures == []
    assert imported.unbalanced() == []
    assert gaps(imported, "fill/first") == sorted(OURS | {"project_members", "project_badges", "snippets"})
