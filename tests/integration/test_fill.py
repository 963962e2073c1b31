"""The compact instance reaches every relation, and what checks that can tell when it does not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import String, delete, func, select, text, update

from demo.words import MARK
from offline_transfer.db import Database, connect
from offline_transfer.forge.base import Base
from offline_transfer.forge.files import Files
from offline_transfer.forge.issues import Issue, ZoomMeeting
from offline_transfer.forge.projects import ProjectSetting
from offline_transfer.forge.repositories import Repositories
from offline_transfer.storage.disk import DiskStore
from tests.support.database import TestServer
from tests.support.fill import empty_paths, fill_every_relation, unset_attributes


def fill_below(directory: Path, database: Database) -> Database:
    fill_every_relation(database, Repositories(directory / "repositories"), Files(DiskStore(directory / "files")))
    return database


@pytest.fixture(scope="module")
def filled(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One instance for all tests that leave it as it is."""
    with database_server.clone() as address:
        database = connect(address)
        yield fill_below(tmp_path_factory.mktemp("filled"), database)
        database.close()


def digests(database: Database) -> dict[str, str | None]:
    """A digest of all rows of each table."""
    with database.session() as session:
        return {
            name: session.scalar(text(f"SELECT md5(string_agg(r::text, ' ' ORDER BY r::text)) FROM {name} r"))
            for name in Base.metadata.tables
        }


def test_every_path_has_two_records_and_every_attribute_a_value(filled: Database) -> None:
    assert empty_paths(filled, least=2) == set()
    assert unset_attributes(filled) == set()


def test_a_path_without_records_and_an_attribute_without_values_are_named(database: Database, tmp_path: Path) -> None:
    filled = fill_below(tmp_path, database)
    with filled.session() as session:
        session.execute(delete(ZoomMeeting))
        session.execute(update(Issue).values(weight=None))
        session.execute(update(ProjectSetting).values(merge_commit_template=None))
    assert empty_paths(filled) == {"project.issues.zoom_meetings"}
    assert unset_attributes(filled) == {
        "issues.weight",
        "projects.merge_commit_template",
        "zoom_meetings.created_at",
        "zoom_meetings.issue_status",
        "zoom_meetings.project_id",
        "zoom_meetings.updated_at",
        "zoom_meetings.url",
    }


def test_an_empty_instance_has_no_path_with_records(database: Database) -> None:
    found = empty_paths(database)
    assert {"group.user_contributions", "project.user_contributions", "project.issues.notes.author"} <= found
    assert "project.ci_pipelines.stages.statuses" not in found


def test_the_same_seed_makes_the_same_instance(make_database: Callable[[], Database], tmp_path: Path) -> None:
    first, second = (fill_below(tmp_path / name, make_database()) for name in ("first", "second"))
    assert digests(first) == digests(second)


def test_secrets_lie_in_columns_that_never_travel(filled: Database) -> None:
    found = set()
    with filled.session() as session:
        for name, table in Base.metadata.tables.items():
            for column in table.c:
                if isinstance(column.type, String) and session.scalar(
                    select(func.count()).where(column.contains(MARK))
                ):
                    found.add(f"{name}.{column.name}")
    assert found == {
        "issues.description_html",
        "members.invite_token",
        "namespaces.runners_token",
        "namespaces.runners_token_encrypted",
        "notes.note_html",
        "p_ci_builds.token_encrypted",
        "project_error_tracking_settings.encrypted_token",
        "project_error_tracking_settings.encrypted_token_iv",
        "projects.runners_token",
        "projects.runners_token_encrypted",
        "snippets.encrypted_secret_token",
        "users.encrypted_password",
    }
