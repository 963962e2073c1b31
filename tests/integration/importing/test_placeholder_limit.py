"""How many placeholder users imports may make below one top-level group."""

import orjson

from offline_transfer.forge import application_settings
from offline_transfer.forge.enums import UserType
from offline_transfer.importing.report.render import ReportFormat, render
from offline_transfer.transfers.models import ImportEntity
from tests.integration.importing.test_records import issue
from tests.support.importing import Destination, RecordsSource

USERS = [{"id": number, "username": f"user{number}", "name": f"User {number}"} for number in (7, 8, 9)]
ISSUES = [issue(1), issue(2, author_id=8), issue(3, author_id=9, issue_assignees=[{"user_id": 8}, {"user_id": 9}])]


def limit(destination: Destination, users: int) -> None:
    """Lets imports make so many placeholders below a top-level group."""
    with destination.database.session() as session:
        application_settings.change(session, "import_placeholder_user_limit", str(users))


def imported(destination: Destination, slug: str) -> ImportEntity:
    """A project whose issues have three authors."""
    return destination.run(RecordsSource(relations={"user_contributions": [USERS], "issues": [ISSUES]}), slug=slug)


def authors(destination: Destination, entity: ImportEntity) -> list[str]:
    """The usernames of the authors of the issues of a project."""
    names = dict(destination.rows("users", "id", "username"))
    return [names[author] for (author,) in destination.rows("issues", "author_id", project_id=entity.project_id)]


def standing_in(destination: Destination, entity: ImportEntity) -> tuple[int, int]:
    """What a report says of placeholders and of the import user."""
    with destination.database.session() as session:
        said = orjson.loads(b"".join(render(session, entity.bulk_import_id, ReportFormat.JSON)))
    return said["placeholders"], said["import_user_contributors"]


def test_beyond_the_limit_contributions_are_the_import_users_and_the_report_counts_whose(
    destination: Destination,
) -> None:
    limit(destination, 1)
    entity = imported(destination, "app")
    assert authors(destination, entity) == ["user7", "import_user", "import_user"]
    assert standing_in(destination, entity) == (1, 2)
    # Two assignees who are one by now: one of them comes, and the other has failed.
    assert len(destination.rows("issue_assignees", "user_id")) == 1
    count = destination.accounting(entity).paths["issues.issue_assignees"]
    assert (count.source, count.imported, count.failed) == (2, 1, 1)
    assert len(destination.rows("users", "id", user_type=UserType.import_user)) == 1


def test_who_has_a_stand_in_keeps_it_whatever_the_limit_is(destination: Destination) -> None:
    first = imported(destination, "first")
    assert authors(destination, first) == ["user7", "user8", "user9"]
    limit(destination, 1)
    assert authors(destination, imported(destination, "second")) == ["user7", "user8", "user9"]
    assert standing_in(destination, first) == (3, 0)


def test_the_limit_counts_what_earlier_imports_have_made(destination: Destination) -> None:
    limit(destination, 2)
    destination.run(RecordsSource(relations={"issues": [[issue(1, author_id=4)]]}), slug="earlier")
    entity = imported(destination, "app")
    assert authors(destination, entity) == ["user7", "import_user", "import_user"]
    assert standing_in(destination, entity) == (2, 2)
