"""The API as clients meet it: over a socket, in a thread of the test's process, with users and tokens of the test's own."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from offline_transfer import queue
from offline_transfer.api import server
from offline_transfer.api.app import create_app
from offline_transfer.api.limiting import RateLimits
from offline_transfer.db import Database
from offline_transfer.forge import tokens
from offline_transfer.forge.tokens import Scope
from offline_transfer.forge.users import User
from offline_transfer.jobs import registration
from offline_transfer.jobs.instance import Instance, instance_of
from offline_transfer.queue import InlineQueue, Registration, Registry
from offline_transfer.settings import Settings

SECONDS = 30
"""After which a server that does not answer is taken to hang."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user with a token."""

    id: int
    username: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Api:
    """A running server, and the instance behind it."""

    instance: Instance
    address: str
    clients: ExitStack
    jobs: InlineQueue

    def client(self, person: Person | None = None, **headers: str) -> httpx.Client:
        """A client with the token of a person, or without one."""
        token = {"PRIVATE-TOKEN": person.token} if person else {}
        client = httpx.Client(
            base_url=f"{self.address}/api/v4", headers={**token, **headers}, timeout=SECONDS, trust_env=False
        )
        return self.clients.enter_context(client)

    def person(self, name: str, *, scopes: Collection[Scope] = (Scope.API,), **columns: Any) -> Person:
        """A new user of a name like this, with a token."""
        username = f"{name}-{uuid4().hex[:8]}"
        with self.instance.database.session() as session:
            user = User(username=username, name=name.title(), email=f"{username}@example.com", **columns)
            session.add(user)
            session.flush()
            return Person(user.id, username, tokens.create(session, user, scopes=scopes).text)

    def work(self) -> int:
        """Does the jobs that wait, in this thread, as workers do them; gives how many there were."""
        return self.jobs.run_until_empty(self.instance)

    def token(self, person: Person, *scopes: Scope) -> Person:
        """The same person with another token."""
        with self.instance.database.session() as session:
            user = session.get_one(User, person.id)
            return Person(person.id, person.username, tokens.create(session, user, scopes=scopes).text)


def _as_workers_do() -> Registry:
    """All jobs, as functions of an instance: each makes its own context of it."""
    registry = Registry()
    for registered in queue.registrations():
        registry.register(registered.name)(partial(_do, registered))
    return registry


def _do(registered: Registration, instance: Instance, **ids: int) -> None:
    assert registered.context is not None
    registered.function(*registered.context(instance), **ids)


@contextmanager
def running_api(
    database: Database,
    directory: Path,
    *,
    limits: RateLimits | None = None,
    deferring: Callable[[Database, InlineQueue], Database] = queue.inline,
    **overrides: Any,
) -> Iterator[Api]:
    """The API of an instance in a directory, which is one person's unless settings say otherwise.

    Jobs wait until `work`, unless `deferring` gives a database that has others do them.
    """
    registration.register_all()
    settings = Settings(data_dir=directory, **overrides)
    jobs = InlineQueue(_as_workers_do())
    instance = instance_of(settings, deferring(database, jobs))
    with ExitStack() as stack:
        listening = stack.enter_context(closing(server.listen("127.0.0.1", 0)))
        running = server.make_server(create_app(instance, limits))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, name="api")
        thread.start()
        stack.callback(thread.join, SECONDS)
        stack.callback(setattr, running, "should_exit", True)
        yield Api(instance, server.address_of(listening), stack.enter_context(ExitStack()), jobs)
