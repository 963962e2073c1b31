"""What lies in an archive, object by object."""

import hashlib
import json
from pathlib import Path

from sqlalchemy import select

from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.contributions.models import SourceUser
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.namespaces import NamespaceSetting
from offline_transfer.forge.notes import Note
from offline_transfer.forge.planning import Label, LabelPriority, Milestone
from offline_transfer.forge.routes import InternalId
from offline_transfer.forge.users import User
from offline_transfer.storage.disk import DiskStore
from offline_transfer.transfers.models import ExportObject
from offline_transfer.transfers.states import ExportState
from offline_transfer.verify.reader import Archive
from tests.integration.exporting.conftest import NOON
from tests.integration.exporting.exporter import Exporter

NOON_TEXT = "2024-02-29T12:00:00.123456Z"


def test_an_empty_project_is_one_explicit_object_for_every_relation(exporter: Exporter) -> None:
    exported = exporter.export("top/sub/app")
    empty = [
        "issues", "labels", "milestones", "snippets", "releases", "project_members", "merge_requests",
        "external_pull_requests", "commit_notes", "ci_pipelines", "auto_devops", "pipeline_schedules",
        "container_expiration_policy", "protected_branches", "protected_tags", "project_feature", "custom_attributes",
        "project_badges", "ci_cd_settings", "error_tracking_setting", "boards", "service_desk_setting",
        "protected_environments", "security_setting", "push_rule", "approval_rules", "vulnerabilities",
        "user_contributions",
    ]  # fmt: skip
    tars = ["repository", "wiki", "design", "snippets_repository", "uploads", "lfs_objects"]
    assert exported.object_keys("project_5") == sorted(
        [f"project_5/{relation}.ndjson.gz" for relation in empty]
        + [f"project_5/{relation}.tar.gz" for relation in tars]
        + ["project_5/self.json.gz", "project_5/max_iids.json.gz"]
    )
    assert {exported.content(f"project_5/{relation}.ndjson.gz") for relation in empty} == {b""}
    assert [exported.members(f"project_5/{relation}.tar.gz") for relation in tars] == [
        *({} for _ in tars[1:]),
        {"lfs_objects.json": b"{}"},
    ]
    assert exported.content("project_5/max_iids.json.gz") == b"{}\n"
    assert exported.row.status is ExportState.finished
    assert exported.is_clean


def test_community_edition_leaves_out_what_is_marked(exporter: Exporter) -> None:
    community = Exporter(exporter.database, exporter.directory, {"edition": "ce"})
    exported = community.export("top")
    keys = exported.object_keys()
    assert {"group_2/epics.ndjson.gz", "project_5/push_rule.ndjson.gz"} & set(keys) == set()
    assert exported.manifest()["metadata"]["instance_enterprise"] is False
    assert "group_2/labels.ndjson.gz" in keys


def test_records_are_whole_values(exporter: Exporter) -> None:
    times = {"created_at": NOON, "updated_at": NOON}
    exporter.add(
        Label(id=10, title="bug", color="#ff0000", project_id=5, type="ProjectLabel", **times),
        LabelPriority(label_id=10, project_id=5, priority=7, **times),
        NamespaceSetting(namespace_id=2, prevent_sharing_groups_outside_hierarchy=True),
    )
    exported = exporter.export("top")
    text_times = {"created_at": NOON_TEXT, "updated_at": NOON_TEXT}
    assert exported.relation("project_5", "labels") == [
        {
            "title": "bug",
            "color": "#ff0000",
            "project_id": 5,
            "group_id": None,
            **text_times,
            "template": False,
            "description": None,
            "type": "ProjectLabel",
            "priorities": [{"project_id": 5, "priority": 7, **text_times}],
        }
    ]
    assert exported.object_keys("project_5/labels") == ["project_5/labels/batch_1.ndjson.gz"]
    assert exported.records("group_2/namespace_settings.ndjson.gz") == [
        {"prevent_sharing_groups_outside_hierarchy": True}
    ]
    assert exported.records("group_3/self.json.gz") == [
        {
            "name": "Sub",
            "path": "sub",
            "created_at": NOON_TEXT,
            "membership_lock": False,
            "share_with_group_lock": False,
            "visibility_level": 20,
            "request_access_enabled": True,
            "lfs_enabled": None,
            "require_two_factor_authentication": False,
            "two_factor_grace_period": 48,
            "project_creation_level": None,
            "auto_devops_enabled": None,
            "subgroup_creation_level": 1,
            "max_artifacts_size": None,
            "mentions_disabled": None,
            "default_branch_protection": None,
            "shared_runners_enabled": True,
            "allow_descendants_override_disabled_shared_runners": False,
            "description": None,
            "emails_enabled": True,
        }
    ]


def test_issues_leave_by_position_with_nulls_last_across_batches(exporter: Exporter) -> None:
    positions = {1: 30, 2: None, 3: 10, 4: 10, 5: None}
    exporter.add(
        *(
            Issue(id=iid, iid=iid, title=f"Issue {iid}", project_id=5, relative_position=position)
            for iid, position in positions.items()
        )
    )
    exported = Exporter(exporter.database, exporter.directory, {"batch_size": 2}).export("top/sub/app")
    keys = [f"project_5/issues/batch_{number}.ndjson.gz" for number in (1, 2, 3)]
    assert exported.object_keys("project_5/issues") == keys
    assert [[record["iid"] for record in exported.records(key)] for key in keys] == [[3, 4], [1, 2], [5]]
    assert [row for row in exported.rows if row["path"] == "issues"] == [
        {
            "entity": "top/sub/App",
            "path": "issues",
            "source": 5,
            "imported": 5,
            "skipped": 0,
            "failed": 0,
            "reasons": {},
        }
    ]


def test_user_contributions_are_all_users_whom_the_relations_name(exporter: Exporter) -> None:
    exporter.add(
        User(id=6, username="eve", name="Eve"),
        Issue(id=1, iid=1, title="Issue", project_id=5, author_id=4),
        Note(noteable_type="Issue", noteable_id=1, note="hi", project_id=5, author_id=3),
        Label(title="named by nobody", group_id=2, type="GroupLabel"),
    )
    exported = exporter.export("top")
    assert exported.records("project_5/user_contributions.ndjson.gz") == [
        {"id": 3, "public_email": "ada@example.com", "username": "ada", "name": "Ada"},
        {"id": 4, "public_email": None, "username": "bob", "name": "Bob"},
    ]
    assert exported.records("group_2/user_contributions.ndjson.gz") == []


def test_who_stands_in_for_a_user_says_what_that_user_said(exporter: Exporter) -> None:
    exporter.add(
        User(id=7, username="ada_placeholder_1", name="Placeholder Ada", user_type=UserType.placeholder),
        User(id=8, username="real", name="Real", public_email="real@example.com"),
        Issue(id=1, iid=1, title="Issue", project_id=5, author_id=7, updated_by_id=8),
        Note(noteable_type="Issue", noteable_id=1, note="hi", project_id=5, author_id=7),
    )
    for identifier, user_id in (("99", 7), ("98", 8)):
        exporter.add(
            SourceUser(
                namespace_id=2,
                source_hostname="https://source.example",
                import_type="gitlab_migration",
                source_user_identifier=identifier,
                source_username="ada.source",
                source_name="Ada of the Source",
                source_public_email=None,
                placeholder_user_id=user_id,
            )
        )
    exported = exporter.export("top/sub/app")
    assert exported.records("project_5/user_contributions.ndjson.gz") == [
        {"id": 7, "public_email": None, "username": "ada.source", "name": "Ada of the Source"},
        {"id": 8, "public_email": "real@example.com", "username": "real", "name": "Real"},
    ]
    (issue,) = exported.relation("project_5", "issues")
    assert issue["author_id"] == 7
    assert issue["notes"][0]["author"] == {"name": "Ada of the Source"}


def test_max_iids_are_the_highest_that_were_ever_given(exporter: Exporter) -> None:
    exporter.add(
        Issue(iid=4, title="Issue", project_id=5),
        Milestone(iid=2, title="One", project_id=5),
        InternalId(project_id=5, usage="issues", last_value=9),
        InternalId(project_id=5, usage="ci_pipelines", last_value=3),
        Milestone(iid=6, title="One", group_id=2),
    )
    exported = exporter.export("top")
    assert exported.records("project_5/max_iids.json.gz") == [{"issues": 9, "project_milestones": 2, "ci_pipelines": 3}]
    assert exported.records("group_2/max_iids.json.gz") == [{"group_milestones": 6}]


def test_the_description_of_an_archive_says_what_lies_there(exporter: Exporter) -> None:
    exporter.add(
        User(id=20, username="ghost", name="Ghost", user_type=UserType.ghost),
        Label(title="bug", project_id=5, type="ProjectLabel"),
    )
    instance = Exporter(
        exporter.database, exporter.directory, {"instance_url": "https://gitlab.example.com:8443/below/it"}
    )
    exported = instance.export("top")
    metadata = json.loads(exported.content("metadata.json.gz"))
    assert metadata == {
        "instance_version": "19.3.0",
        "instance_enterprise": True,
        "export_prefix": exported.directory.name,
        "export_tag": exported.directory.name,
        "source_hostname": "https://gitlab.example.com:8443",
        "batched": True,
        "entities_mapping": {"top": "group_2", "top/sub": "group_3", "top/sub/App": "project_5"},
        "source_ghost_user_id": 20,
        "format_version": 1,
        "generator": metadata["generator"],
    }
    manifest = exported.manifest()
    assert manifest["metadata"] == metadata
    keys = [item["key"] for item in manifest["objects"]]
    assert sorted([*keys, "manifest.json.gz", "SHA256SUMS", "metadata.json.gz"]) == exported.object_keys()
    (labels,) = [item for item in manifest["objects"] if item["key"] == "project_5/labels/batch_1.ndjson.gz"]
    stored = (exported.directory / labels["key"]).read_bytes()
    content = exported.content(labels["key"])
    assert labels == {
        "key": "project_5/labels/batch_1.ndjson.gz",
        "entity": "project_5",
        "relation": "labels",
        "batch": 1,
        "bytes": len(stored),
        "sha256": hashlib.sha256(stored).hexdigest(),
        "content_bytes": len(content),
        "content_sha256": hashlib.sha256(content).hexdigest(),
        "records": {"labels": 1},
        "read_at": labels["read_at"],
    }


def test_a_carrier_and_a_reader_find_an_archive_whole(exporter: Exporter) -> None:
    exported = exporter.export("top")
    sums = [line.split("  ") for line in exported.content("SHA256SUMS").decode().splitlines()]
    assert {key: sha256 for sha256, key in sums} == {
        key: hashlib.sha256((exported.directory / key).read_bytes()).hexdigest()
        for key in exported.object_keys()
        if key not in ("SHA256SUMS", "metadata.json.gz")
    }
    with Archive(DiskStore(exported.directory.parent), ExportPrefix(exported.directory.name)) as archive:
        assert list(archive.check_structure()) == []
        assert list(archive.check_objects(archive.all_objects())) == []


def test_the_same_records_give_the_same_bytes(exporter: Exporter) -> None:
    exporter.add(*(Issue(iid=iid, title=f"Issue {iid}", project_id=5) for iid in range(1, 8)))
    first, second = exporter.export("top/sub/app"), exporter.export("top/sub/app")
    with exporter.database.session() as session:
        hashes = session.execute(select(ExportObject.key, ExportObject.content_sha256, ExportObject.sha256)).all()
    assert len(hashes) == 2 * len(set(hashes))
    assert _without_description(first.directory) == _without_description(second.directory)


def _without_description(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.glob("*_*/**/*.gz")}
