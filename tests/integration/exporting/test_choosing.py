"""Which groups and projects an export has, for whom, and what of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from offline_transfer import queue
from offline_transfer.archive.encryption import EncryptionRequest
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.manifest_reader import Manifest
from offline_transfer.exporting import places
from offline_transfer.exporting.errors import (
    InvalidBatchSizeError,
    NotExportableError,
    NothingToExportError,
    TooManyPortablesError,
    UnlikeEntitiesError,
)
from offline_transfer.exporting.request import RequestedEntity
from offline_transfer.forge import application_settings
from offline_transfer.forge.access import Actor, actor_of
from offline_transfer.forge.enums import AccessLevel
from offline_transfer.forge.errors import InvalidSourceHostnameError
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.members import Member
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.planning import Label
from offline_transfer.forge.projects import Project
from offline_transfer.forge.routes import Route
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.errors import BucketInaccessibleError
from offline_transfer.storage.providers import Provider
from offline_transfer.transfers.errors import CredentialsPurgedError, UnknownSkippedRelationError
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport, RelationExport
from offline_transfer.transfers.places import keep, kept
from offline_transfer.transfers.states import RelationState
from tests.integration.exporting.exporter import Exported, Exporter


def entity(path: str, *skip: str, descendants: bool = True) -> RequestedEntity:
    return RequestedEntity(full_path=path, skip_relations=skip, include_descendants=descendants)


def mapping(exported: Exported) -> object:
    return exported.manifest()["metadata"]["entities_mapping"]


def actor(exporter: Exporter, user_id: int) -> Actor:
    with exporter.database.session() as session:
        return actor_of(session, user_id)


def add_member(exporter: Exporter, user_id: int, source: tuple[str, int], level: AccessLevel) -> None:
    kind, source_id = source
    exporter.add(
        Member(
            access_level=level,
            source_id=source_id,
            source_type=kind,
            user_id=user_id,
            notification_level=3,
            type="GroupMember" if kind == "Namespace" else "ProjectMember",
        )
    )


@pytest.fixture
def tree(exporter: Exporter) -> Exporter:
    """`top` with `top/sub` and in it `top/sub/app`, and beside that `top/other` with `top/other/site` and `top/other/deep`."""
    exporter.add(
        Namespace(id=20, name="Other", path="other", type="Group", parent_id=2),
        Namespace(id=21, name="Deep", path="deep", type="Group", parent_id=20),
        Project(id=22, name="Site", path="site", namespace_id=20),
        Project(id=23, name="Wide", path="wide", namespace_id=2),
        Route(path="top/other", name="Other", namespace_id=20),
        Route(path="top/other/deep", name="Deep", namespace_id=21),
        Route(path="top/other/site", name="Site", project_id=22),
        Route(path="top/wide", name="Wide", project_id=23),
    )
    return exporter


def test_a_group_can_come_without_what_lies_in_it(tree: Exporter) -> None:
    exported = tree.run(tree.ask(entity("top", descendants=False)))
    assert mapping(exported) == {"top": "group_2"}


def test_the_nearest_entity_that_was_named_decides_for_what_lies_below(tree: Exporter) -> None:
    exported = tree.run(tree.ask(entity("top", "labels"), entity("TOP/Other", descendants=False), entity("top/wide")))
    assert mapping(exported) == {
        "top": "group_2",
        "top/other": "group_20",
        "top/sub": "group_3",
        "top/sub/App": "project_5",
        "top/wide": "project_23",
    }
    skipped = [(item["entity"], item["relation"]) for item in exported.manifest()["skipped_relations"]]
    assert skipped == [("group_2", "labels"), ("group_3", "labels"), ("project_5", "labels")]


def test_what_is_left_out_is_said_to_be_left_out_and_is_no_loss(exporter: Exporter) -> None:
    exporter.add(Label(title="bug", project_id=5, type="ProjectLabel"), Issue(iid=1, title="One", project_id=5))
    exported = exporter.run(exporter.ask(entity("top/sub/app", "labels", "repository", "user_contributions")))
    assert exported.is_clean
    assert exported.failures == []
    assert [item for item in exported.object_keys() if "labels" in item or "repository" in item] == [
        "project_5/snippets_repository.tar.gz"
    ]
    manifest = Manifest.read([exported.content("manifest.json.gz")], Limits(), "manifest")
    assert [relation.relation for relation in manifest.skipped_relations] == [
        "labels",
        "repository",
        "user_contributions",
    ]
    with exporter.database.session() as session:
        own = session.scalars(select(RelationExport).where(RelationExport.relation == "self")).one()
    assert own.skip_relations == ["labels", "repository", "user_contributions"]


def test_relations_that_nobody_has_cannot_be_left_out(tree: Exporter) -> None:
    with pytest.raises(UnknownSkippedRelationError) as caught:
        tree.ask(entity("top/wide", "labels", "epics", "self"))
    assert caught.value.details["relations"] == "`epics`, `self`"
    # Projects in a group have relations that groups have not.
    tree.ask(entity("top", "epics", "merge_requests"))


def test_one_path_named_twice_is_one_as_long_as_the_same_is_said(tree: Exporter) -> None:
    exported = tree.run(tree.ask(entity("top/sub", "labels"), entity("/Top/Sub/", "labels")))
    assert mapping(exported) == {"top/sub": "group_3", "top/sub/App": "project_5"}
    with pytest.raises(UnlikeEntitiesError):
        tree.ask(entity("top/sub"), entity("TOP/sub", "labels"))


@pytest.mark.parametrize("paths", [[], ["top", " / "], [""]])
def test_a_request_without_paths_is_refused(exporter: Exporter, paths: list[str]) -> None:
    with pytest.raises(NothingToExportError) as caught:
        exporter.ask(*map(entity, paths))
    assert caught.value.http_status == 422


def test_too_many_entities_are_refused_before_they_are_looked_for(exporter: Exporter) -> None:
    with pytest.raises(TooManyPortablesError):
        exporter.ask(*(entity(f"top/{number}") for number in range(1001)))


def test_what_is_unknown_and_what_is_forbidden_are_named_together(tree: Exporter) -> None:
    add_member(tree, 3, ("Namespace", 3), AccessLevel.owner)
    add_member(tree, 3, ("Project", 22), AccessLevel.developer)
    with pytest.raises(NotExportableError) as caught:
        tree.ask(entity("top/sub"), entity("top"), entity("nowhere"), entity("top/other/site"), actor=actor(tree, 3))
    assert caught.value.message == (
        "These groups and projects do not exist, or you may not export them, which takes an Owner of a group and a Maintainer"
        " of a project: `nowhere`, `top`, `top/other/site`."
    )
    assert caught.value.http_status == 422
    with tree.database.session() as session:
        assert session.scalars(select(OfflineExport)).all() == []


def test_permissions_are_looked_up_again_when_a_group_or_project_starts(tree: Exporter) -> None:
    add_member(tree, 3, ("Namespace", 3), AccessLevel.owner)
    add_member(tree, 3, ("Project", 22), AccessLevel.maintainer)
    created = tree.ask(entity("top/sub"), entity("top/other/site"), actor=actor(tree, 3))
    with tree.database.session() as session:
        member = session.scalars(select(Member).where(Member.source_type == "Project")).one()
        session.delete(member)
    exported = tree.run(created)
    message = (
        "Whoever asked for the export may not export project top/other/site, which takes an Owner of a group and a Maintainer of a"
        " project."
    )
    assert exported.failures == [{"entity": "top/other/site", "path": "self", "message": message}]
    assert exported.manifest()["failed_relations"] == [{"entity": "project_22", "relation": "self", "reason": message}]
    assert mapping(exported) == {"top/sub": "group_3", "top/sub/App": "project_5"}
    assert exported.row.has_failures
    with tree.database.session() as session:
        rows = session.execute(
            select(RelationExport.relation, RelationExport.status).where(RelationExport.project_id == 22)
        )
        assert rows.all() == [("self", RelationState.failed)]


def test_a_project_that_was_deleted_before_its_turn_is_a_failure_and_the_others_go_on(tree: Exporter) -> None:
    created = tree.ask(entity("top/sub"), entity("top/other/site"))
    with tree.database.session() as session:
        session.delete(session.get_one(Project, 22))
    exported = tree.run(created)
    assert exported.failures == [
        {
            "entity": "top/other/site",
            "path": "self",
            "message": "project top/other/site was deleted while it was exported. Export again without it.",
        }
    ]
    assert mapping(exported) == {"top/sub": "group_3", "top/sub/App": "project_5"}


def test_a_project_that_is_deleted_in_its_middle_does_not_seem_to_be_empty(exporter: Exporter) -> None:
    exporter.add(*(Issue(iid=iid, title=f"Issue {iid}", project_id=5) for iid in range(1, 4)))
    created = exporter.create("top/sub/app")

    def delete(entity: str, relation: str, *, records: int, size: int) -> None:
        if relation == "max_iids":
            with exporter.database.session() as session:
                session.delete(session.get_one(Project, 5))

    queue.run_until_empty(replace(exporter.context(), progress=delete))
    exported = exporter.exported(created)
    gone = "project top/sub/App was deleted while it was exported. Export again without it."
    failed = {item["path"]: item["message"] for item in exported.failures}
    assert failed["issues"] == failed["repository"] == gone
    assert mapping(exported) == {"top/sub/App": "project_5"}
    assert next(row for row in exported.rows if row["path"] == "issues")["failed"] == 3


def test_numbers_and_names_that_are_not_said_come_from_the_instance(exporter: Exporter) -> None:
    first = exporter.ask(entity("top"))
    with exporter.database.session() as session:
        application_settings.change(session, "relation_export_batch_size", "7")
        application_settings.change(session, "offline_transfer_source_hostname", "head-office")
    second = exporter.ask(entity("top"), source_hostname="https://elsewhere.example")
    third = exporter.ask(entity("top"), batch_size=3)
    with exporter.database.session() as session:
        sizes = [session.get_one(OfflineExport, made.id).batch_size for made in (first, second, third)]
        names = session.scalars(
            select(OfflineConfiguration.source_hostname).order_by(OfflineConfiguration.offline_export_id)
        ).all()
    assert sizes == [1000, 7, 3]
    assert names == ["http://localhost", "head-office", "head-office"]
    assert [first.source_hostname, second.source_hostname] == ["http://localhost", "head-office"]
    exported = exporter.run(second)
    assert exported.manifest()["metadata"]["source_hostname"] == "head-office"


def test_a_request_that_cannot_be_fulfilled_leaves_nothing(exporter: Exporter, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    nowhere = StorageConfiguration.from_location(str(tmp_path / "file" / "out"), {})
    elsewhere = Exporter(exporter.database, tmp_path / "file")
    with pytest.raises(BucketInaccessibleError):
        elsewhere.ask(entity("top"))
    assert nowhere.provider is Provider.DISK
    for options in ({"batch_size": 0}, {"batch_size": 100_001}):
        with pytest.raises(InvalidBatchSizeError):
            exporter.ask(entity("top"), **options)
    with pytest.raises(InvalidSourceHostnameError):
        exporter.ask(entity("top"), source_hostname=" ")
    with exporter.database.session() as session:
        assert session.scalars(select(OfflineExport)).all() == []
        assert session.scalars(select(RelationExport)).all() == []
    assert queue.waiting() == ()


def test_credentials_lie_sealed_in_their_row(exporter: Exporter) -> None:
    context = exporter.context()
    parameters = {
        "aws_access_key_id": "AKIAEXAMPLE",
        "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG",
        "region": "eu-west-1",
        "path_style": True,
    }
    storage = StorageConfiguration.from_parameters("aws_s3_configuration", parameters, "carry")
    created = exporter.create("top")
    with exporter.database.session() as session:
        row = places.configuration_of(session, created.id)
        assert (row.provider, row.bucket, row.location) == (101, str(exporter.out), str(exporter.out))
        assert (row.object_storage_credentials, kept(context.vault, row)) == (None, exporter.storage)
        row.disk_configuration = None
        keep(session, context.vault, row, storage)
        assert (row.provider, row.bucket, row.prefix, row.location) == (0, "carry", "", "s3://carry")
        assert row.object_storage_credentials is not None
        assert "wJalr" not in row.object_storage_credentials
        assert kept(context.vault, row) == storage
        row.object_storage_credentials = None
        with pytest.raises(CredentialsPurgedError):
            kept(context.vault, row)


def test_a_passphrase_leaves_no_more_than_an_identity_that_it_opens(exporter: Exporter) -> None:
    created = exporter.ask(entity("top/sub/app"), encryption=EncryptionRequest(passphrase="correct horse battery"))
    exported = exporter.run(created)
    assert exported.is_clean
    assert {key.rpartition(".")[2] for key in exported.object_keys()} == {"age", "SHA256SUMS"}
    assert exported.row.encryption is not None
    assert "correct horse" not in str(exported.row.encryption)
    assert (exported.directory / "identity.age").read_bytes().startswith(b"age-encryption.org/v1\n-> scrypt ")
