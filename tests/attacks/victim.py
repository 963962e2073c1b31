"""The instance that is attacked, through the product's own door, and how one sees that it came to no harm."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.archive.signature import SigningKey
from offline_transfer.db import Database
from offline_transfer.errors import ExitStatus
from offline_transfer.forge import accounts, trusted_keys
from offline_transfer.forge.access import OPERATOR, Actor, actor_of
from offline_transfer.importing import create
from offline_transfer.importing.context import ImportContext, Source
from offline_transfer.importing.request import Everything, ImportRequest, Wanted
from offline_transfer.jobs import marker
from offline_transfer.storage.configuration import Patience, StorageConfiguration
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.location import Location
from offline_transfer.storage.store import Store
from offline_transfer.verify.reader import Archive
from tests.acceptance.program import Instance, Outcome
from tests.support import instances
from tests.support.witness import Witness

CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import says that was let in, perhaps in parts."""

    document: Mapping[str, Any]
    status: int
    said: str

    def counts(self, path: str, entity: str = "top/app") -> tuple[int, int, int, int]:
        """Source, imported, skipped and failed of one path."""
        for row in self.document["relations"]:
            if (row["entity"], row["path"]) == (entity, path):
                return row["source"], row["imported"], row["skipped"], row["failed"]
        return 0, 0, 0, 0

    def reasons(self, path: str, entity: str = "top/app") -> dict[str, int]:
        """Why records of a path were skipped or failed."""
        rows = self.document["relations"]
        return next((row["reasons"] for row in rows if (row["entity"], row["path"]) == (entity, path)), {})

    def dropped(self, path: str) -> dict[str, str]:
        """The attributes of a path that were not taken over, and why."""
        return {item["name"]: item["reason"] for item in self.document["dropped_attributes"] if item["path"] == path}

    @property
    def messages(self) -> list[str]:
        """Why things failed."""
        return [failure["message"] for failure in self.document["failures"]]


@dataclass(frozen=True, slots=True)
class Victim:
    """An instance with a past: a group with a subgroup and a project, a neighbour, an administrator and two people."""

    instance: Instance
    database: Database
    surroundings: Path
    """A directory in which nothing may appear but what is in it."""
    witness: Witness = field(init=False)
    _files: dict[Path, str] = field(init=False)
    _around: frozenset[Path] = field(init=False)

    def __post_init__(self) -> None:
        self.remember()

    def remember(self) -> None:
        """What is now is what was before the attack."""
        object.__setattr__(self, "witness", Witness(self.database))
        object.__setattr__(self, "_files", _digests(self.instance.data_dir))
        object.__setattr__(self, "_around", frozenset(self.surroundings.iterdir()))

    def refuses(self, archive: object, *options: object, status: ExitStatus = ExitStatus.BAD_INPUT) -> str:
        """An import that does nothing at all, and says why on one clean line; gives the line."""
        message = self.instance.run("import", archive, "--all", "", *options).refused(status)
        assert_clean(message)
        assert self.witness.changed() == []
        assert self.witness.added() == {}
        assert self.rows("SELECT count(*) FROM bulk_import_entities WHERE status = 0") == [(0,)]
        assert _digests(self.instance.data_dir) == self._files
        self.assert_surroundings()
        return message

    def takes(self, archive: object, *options: object, grasps: Sequence[tuple[str, int]] = ()) -> Taken:
        """An import that lets in what is harmless: nobody else's rows or files change, nothing new holds on to what was there,
        and every record is accounted for."""
        chosen = options or ("--all", "")
        outcome = self.instance.run("import", archive, *chosen, "--json")
        assert outcome.status in (ExitStatus.OK, ExitStatus.WITH_FAILURES), outcome.err
        taken = Taken(outcome.json, outcome.status, outcome.err)
        self.assert_unharmed(*grasps)
        # What programs read has the texts as they are, and its own escapes for controls.
        assert_quiet(Outcome(outcome.status, "", outcome.err))
        assert not CONTROLS.search(outcome.out.rstrip("\n"))
        for message in taken.messages:
            assert_clean(message)
        for row in taken.document["relations"]:
            assert row["source"] == row["imported"] + row["skipped"] + row["failed"], row
        return taken

    def actor(self, username: str) -> Actor:
        """Somebody who can sign in here."""
        with self.database.session() as session:
            return actor_of(session, accounts.find(session, username).id)

    def asks(self, storage: StorageConfiguration, policy: EgressPolicy) -> None:
        """A request for an import from a store that somebody names."""
        instance = instances.Instance(self.database, self.instance.data_dir)
        context = ImportContext(
            database=instance.database,
            settings=instance.settings,
            repositories=instance.repositories,
            files=instance.files,
            open_source=never_opened,
            egress=policy,
        )
        request = ImportRequest(
            wanted=Everything("place"), storage=storage, export_prefix="x", actor=self.actor("olga")
        )
        create.create_import(context, request)

    def trust(self, hostname: str, key: SigningKey) -> None:
        """Binds a key to a source, as an administrator does."""
        with self.database.session() as session:
            trusted_keys.add(session, hostname, key.public_key(hostname))

    def takes_for(self, username: str, archive: Path, into: str, *, grasps: Sequence[tuple[str, int]] = ()) -> Taken:
        """An import of all groups of an archive for somebody, through the services, into a group."""
        actor = self.actor(username)
        taken = self.imports(archive, into=into, actor=actor)
        (group,) = self.column("SELECT namespace_id FROM routes WHERE path = :path", path=into)
        self.assert_unharmed(("namespaces", group), ("users", actor.id or 0), *grasps)
        return taken

    def imports(
        self,
        archive: Path,
        *,
        into: str = "",
        actor: Actor = OPERATOR,
        store: Callable[[Store], Store] = lambda store: store,
        wanted: Sequence[Wanted] | None = None,
        between: Callable[[], object] = lambda: None,
    ) -> Taken:
        """An import through the services, perhaps from a store that is not what it seems, or where something happens in
        between.
        """
        request = ImportRequest(
            wanted=Everything(into) if wanted is None else wanted,
            storage=StorageConfiguration.from_location(str(archive.parent), {}),
            export_prefix=archive.name,
            actor=actor,
        )
        policy = EgressPolicy(disk_roots=(archive.parent,))

        def open_storage(storage: StorageConfiguration, _policy: EgressPolicy, patience: Patience) -> Location:
            place = storage.open(policy, patience=patience)
            return replace(place, store=store(place.store))

        instance = instances.Instance(self.database, self.instance.data_dir)
        with Archive(store(DiskStore(archive.parent)), ExportPrefix(archive.name)) as opened:
            found = instance.import_request(opened, request, open_storage, between)
        document = {
            "entities": found.destinations,
            "relations": found.rows,
            "failures": found.failures,
            "dropped_attributes": found.dropped,
        }
        return Taken(document, 0 if found.is_clean else 8, "")

    def shows(self, archive: object, *options: object) -> Outcome:
        """The same import as people see it, with tables."""
        return self.instance.run("import", archive, "--all", "", *options)

    def assert_unharmed(self, *grasps: tuple[str, int]) -> None:
        """Everything that was there is as it was, and nothing new refers to it."""
        assert self.witness.changed() == []
        assert self.witness.grasps(*grasps) == []
        now = _digests(self.instance.data_dir)
        assert {path: now.get(path) for path in self._files} == self._files
        self.assert_surroundings()

    def assert_surroundings(self) -> None:
        """Nothing has appeared beside the instance."""
        assert frozenset(self.surroundings.iterdir()) == self._around

    def new_files(self) -> list[str]:
        """What lies in the instance that did not, without what repositories are made of."""
        found = _digests(self.instance.data_dir).keys() - self._files.keys()
        return sorted(str(path.relative_to(self.instance.data_dir)) for path in found)

    def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), parameters)]

    def execute(self, statement: str, **parameters: Any) -> None:
        """Changes the instance, as its people would."""
        with self.database.engine.begin() as connection:
            connection.execute(text(statement), parameters)

    def column(self, statement: str, **parameters: Any) -> list[Any]:
        """The first column of the rows of a query."""
        return [row[0] for row in self.rows(statement, **parameters)]


def never_opened(_context: ImportContext, _bulk_import_id: int) -> AbstractContextManager[Source]:
    """For requests that are refused before anything of an archive is read."""
    raise AssertionError("an archive was opened")


def assert_clean(message: str) -> None:
    """A message for people: one line, and nothing in it that a terminal would obey."""
    assert message.isprintable(), ascii(message)
    assert "Traceback" not in message


def assert_quiet(outcome: Outcome) -> None:
    """No traceback, and nothing that a terminal would obey."""
    said = outcome.out + outcome.err
    assert "Traceback" not in said
    assert all(line.isprintable() for line in said.splitlines()), ascii(said)[:2000]


def _digests(directory: Path) -> dict[Path, str]:
    """The files of an instance but its mark, which whoever works on it first leaves."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != marker.FILE
    }
