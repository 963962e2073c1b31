"""Whoever has a username that an import would give to somebody else keeps it, and gets nothing of the import."""

from offline_transfer.contributions.lookup import ghost_user
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.users import User
from tests.integration.importing.test_placeholder_limit import authors, imported, limit
from tests.integration.importing.test_records import issue
from tests.support.importing import Destination, RecordsSource


def name(destination: Destination, *usernames: str) -> None:
    """Makes people with these names."""
    with destination.database.session() as session:
        session.add_all(User(username=username, email=f"{username}@example.com") for username in usernames)


def test_a_person_called_as_the_import_user_is_not_the_import_user(destination: Destination) -> None:
    name(destination, "import_user", "import_user1")
    limit(destination, 1)
    entity = imported(destination, "app")
    assert authors(destination, entity) == ["user7", "import_user2", "import_user2"]
    assert destination.rows("users", "username", user_type=UserType.import_user) == [("import_user2",)]


def test_a_stand_in_called_as_the_ghost_user_is_not_the_ghost_user(destination: Destination) -> None:
    users = [{"id": 7, "username": "ghost", "name": "Casper"}]
    entity = destination.run(RecordsSource(relations={"user_contributions": [users], "issues": [[issue(1)]]}))
    assert authors(destination, entity) == ["ghost"]
    with destination.database.session() as session:
        ghost = session.get_one(User, ghost_user(session))
        assert (ghost.username, ghost.user_type) == ("ghost1", UserType.ghost)
        assert ghost_user(session) == ghost.id


def test_a_stand_in_is_nobody_else_even_where_both_of_its_names_are_taken(destination: Destination) -> None:
    name(destination, "user7", *(f"user7_placeholder_{number}" for number in range(1, 20)))
    entity = imported(destination, "app")
    author, *others = authors(destination, entity)
    ((source_id,),) = destination.rows("import_source_users", "id", source_user_identifier="7")
    assert [author, *others] == [f"user7_placeholder_{source_id}_2", "user8", "user9"]
    assert destination.rows("users", "user_type", username=author) == [(UserType.placeholder,)]
