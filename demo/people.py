"""Users: people, the ghost who holds what deleted accounts left, and a project's bot."""

import hashlib
from datetime import timedelta

from demo.clock import Clock
from demo.rows import Rows
from demo.scene import People, Person
from demo.words import PEOPLE, Words
from offline_transfer.forge.enums import UserType
from offline_transfer.forge.users import PersonalAccessToken, User


def add_people(rows: Rows, words: Words, clock: Clock) -> People:
    """All users of the instance. The first one is its administrator, the last one has left the house and is blocked."""
    humans = tuple(
        _add(rows, words, clock, Person(0, username, name, f"{username.lower()}@harbour.example"), number)
        for number, (username, name) in enumerate(PEOPLE)
    )
    rows.add(
        PersonalAccessToken,
        user_id=humans[0].id,
        name="laptop",
        scopes=["api", "read_repository"],
        token_digest=hashlib.sha256(words.secret().encode()).hexdigest(),
        created_at=clock.tick(),
        expires_at=clock.day(365),
    )
    ghost = Person(0, "ghost", "Ghost User", "ghost@harbour.example")
    bot = Person(0, "project_1_bot_5f2a", "Deploy 🤖", "project_1_bot_5f2a@noreply.harbour.example")
    return People(
        humans,
        _add(rows, words, clock, ghost, len(humans), UserType.ghost),
        _add(rows, words, clock, bot, len(humans) + 1, UserType.project_bot),
    )


def _add(
    rows: Rows, words: Words, clock: Clock, person: Person, number: int, user_type: UserType = UserType.human
) -> Person:
    user_id = rows.add(
        User,
        email=person.email,
        created_at=clock.tick(),
        updated_at=clock.tick() + timedelta(days=number),
        name=person.name,
        admin=number == 0,
        username=person.username,
        encrypted_password=words.secret(),
        state="blocked" if number == len(PEOPLE) - 1 else "active",
        public_email=None if number % 3 == 1 else person.email,
        user_type=user_type,
    )
    return Person(user_id, person.username, person.name, person.email)
