"""Encryption at rest: what must be given back later, and what nobody shall read who only has the database.

A sealed value carries its table, column and row inside the encryption, and opens nowhere else: whoever can write to the database
cannot move another's credentials into a row of his own. Keys lie in a file outside the database, one a line, the newest first. The
file is read anew each time, so that a rotation reaches every process at once.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from offline_transfer.db import Database
from offline_transfer.errors import ConflictError, ExitStatus, OfflineTransferError
from offline_transfer.settings import Settings

KEYS_FILE: Final = "secrets.keys"
KEYS_KEPT: Final = 2
ROWS_AT_ONCE: Final = 100
LARGEST_KEYS_FILE: Final = 64 * 1024
SEAL: Final = "gAAAA"
"""How every sealed value begins, until the year 2106. What nobody needed to seal may lie beside them."""


class SecretsFileError(OfflineTransferError):
    """The file of encryption keys {path}: {problem}.

    The branch of what an administrator of the machine has to set right.
    """

    exit_status = ExitStatus.USAGE
    http_status = 503


class SecretsFileMissingError(SecretsFileError):
    """The file of encryption keys {path} does not exist. Copy the one that this instance used, or make the first one with
    `offline-transfer db make-key {path}`: what was encrypted with lost keys cannot be opened again.
    """


class SecretsFileNotNamedError(SecretsFileError):
    """With DATABASE_URL the keys that encrypt credentials lie in a file that OFFLINE_TRANSFER_SECRETS_FILE names, and it is not
    set. Make one with `offline-transfer db make-key FILE`, and give the same file to every machine of this instance.
    """


class SecretsFileUnusableError(SecretsFileError):
    """The file of encryption keys {path} cannot be used: {problem}."""


class SecretsFileExistsError(ConflictError):
    """There are keys in {path} already. Keep them; `offline-transfer db rotate-key` puts a new one in front."""


class SealBrokenError(OfflineTransferError):
    """The encrypted {column} of row {id} of {table} cannot be opened: it was made with another key, for another row, or it is
    damaged. Give the credentials again, or put the key that made it back into the file of keys.
    """


class SecretNotListedError(OfflineTransferError):
    """{table}.{column} is not among the columns that hold secrets. Add it to SEALED_COLUMNS, so that a rotation reaches it."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column, text and nullable, whose values are sealed; its table has an integer `id`."""

    table: str
    column: str


SEALED_COLUMNS: Final = (
    SealedColumn("import_offline_configurations", "object_storage_credentials"),
    SealedColumn("import_offline_configurations", "decryption"),
)
"""Every column that holds sealed values: what a rotation encrypts anew."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What came of encrypting everything anew: how many values were, and which the keys do not open."""

    resealed: int
    broken: Sequence[str]


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals values and opens them, with the keys of one file. `path` is None where settings should name it and do not.

    Nothing is read or made before it is needed.
    """

    path: Path | None
    makes_first_key: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Vault":
        """The vault of an instance. That of one with the embedded database makes its first key by itself."""
        if settings.secrets_file is not None:
            return cls(settings.secrets_file)
        if settings.database_url is not None:
            return cls(None)
        return cls(settings.data_dir / KEYS_FILE, makes_first_key=True)

    def require_keys(self) -> None:
        """Raise what `seal` would for want of keys: for a service to say at its start, and not to everybody who asks it."""
        path = self._required_path()
        if path.exists() or not self.makes_first_key:
            _read(path)

    def seal(self, value: str, *, table: str, column: str, id: int) -> str:
        """The value as it may lie in this column of this row. Raises the errors of this module."""
        _require_listed(SealedColumn(table, column))
        inside = json.dumps({"table": table, "column": column, "id": id, "value": value})
        return self._keys().encrypt(inside.encode()).decode("ascii")

    def open(self, token: str, *, table: str, column: str, id: int) -> str:
        """The value that was sealed for this column of this row. Raises SealBrokenError for any other."""
        try:
            inside = json.loads(self._keys().decrypt(token.encode()))
        except InvalidToken:
            raise SealBrokenError(table=table, column=column, id=id) from None
        if (inside["table"], inside["column"], inside["id"]) != (table, column, id):
            raise SealBrokenError(table=table, column=column, id=id)
        value = inside["value"]
        assert isinstance(value, str)
        return value

    def add_key(self) -> None:
        """Put a new key in front: what is sealed from now on needs it, what was sealed before still opens."""
        path = self._required_path()
        if self.makes_first_key and not path.exists():
            _make_first(path)
        with _locked(path):
            _write(path, [Fernet.generate_key().decode(), *_read(path)])

    def reseal(self, database: Database) -> Rotation:
        """Encrypt every sealed value of a database with the newest key. When all could be, keys before the last two are forgotten.

        The one before the newest stays for processes that sealed with it while this ran.
        """
        resealed, broken = 0, list[str]()
        for place in SEALED_COLUMNS:
            last = 0
            while rows := self._reseal_some(database, place, last, broken):
                resealed, last = resealed + len(rows), rows[-1].id
        resealed -= len(broken)
        if not broken:
            self._forget_old_keys()
        return Rotation(resealed, broken)

    def _reseal_some(
        self, database: Database, place: SealedColumn, after: int, broken: list[str]
    ) -> Sequence[Row[tuple[int, str]]]:
        """One transaction's worth of rows with higher ids, encrypted anew; `broken` gets what cannot be opened."""
        table, column = place.table, place.column
        with database.session() as session:
            select = text(
                f"SELECT id, {column} AS token FROM {table} WHERE {column} LIKE :sealed AND id > :after"  # noqa: S608 - our names
                " ORDER BY id LIMIT :limit FOR UPDATE"
            )
            given = {"sealed": f"{SEAL}%", "after": after, "limit": ROWS_AT_ONCE}
            rows = session.execute(select, given).all()
            for row in rows:
                try:
                    value = self.open(row.token, table=table, column=column, id=row.id)
                except SealBrokenError:
                    broken.append(f"{table}.{column} of row {row.id}")
                    continue
                _update(session, place, row.id, self.seal(value, table=table, column=column, id=row.id))
        return rows

    def _forget_old_keys(self) -> None:
        path = self._required_path()
        with _locked(path):
            keys = _read(path)
            if len(keys) > KEYS_KEPT:
                _write(path, keys[:KEYS_KEPT])

    def _keys(self) -> MultiFernet:
        path = self._required_path()
        if self.makes_first_key and not path.exists():
            _make_first(path)
        return MultiFernet([Fernet(key) for key in _read(path)])

    def _required_path(self) -> Path:
        if self.path is None:
            raise SecretsFileNotNamedError
        return self.path


def make_keys_file(path: Path) -> None:
    """Write a file with one new key, readable by its owner alone. Raises SecretsFileExistsError."""
    with _locked(path):
        if path.exists():
            raise SecretsFileExistsError(path=path)
        _write(path, [Fernet.generate_key().decode()])


def _make_first(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        # Another process may have been quicker.
        if not path.exists():
            _write(path, [Fernet.generate_key().decode()])


def _require_listed(place: SealedColumn) -> None:
    if place not in SEALED_COLUMNS:
        raise SecretNotListedError(table=place.table, column=place.column)


def _update(session: Session, place: SealedColumn, row: int, token: str) -> None:
    statement = text(f"UPDATE {place.table} SET {place.column} = :token WHERE id = :id")  # noqa: S608 - our names
    session.execute(statement, {"token": token, "id": row})


def _read(path: Path) -> list[str]:
    """The keys of a file, the newest first. Messages hold nothing of what is in it."""
    try:
        with path.open("rb") as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read(LARGEST_KEYS_FILE)
    except FileNotFoundError:
        raise SecretsFileMissingError(path=path) from None
    except OSError as error:
        raise SecretsFileUnusableError(path=path, problem=error.strerror or "it cannot be read") from None
    if mode & 0o007:
        raise SecretsFileUnusableError(
            path=path, problem="every user of this machine may open it; run `chmod o=` on it"
        )
    keys = content.decode("ascii", "replace").split()
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise SecretsFileUnusableError(path=path, problem="there is a line in it that is no key") from None
    if not keys:
        raise SecretsFileUnusableError(path=path, problem="it is empty")
    return keys


def _write(path: Path, keys: Sequence[str]) -> None:
    """Replace the file as a whole. To be called by who holds its lock."""
    unfinished = path.with_name(f"{path.name}.partial")
    try:
        unfinished.unlink(missing_ok=True)
        with open(unfinished, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write("".join(f"{key}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError as error:
        raise SecretsFileUnusableError(path=path, problem=error.strerror or "it cannot be written") from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Alone with a file among all processes that change it through here."""
    try:
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SecretsFileUnusableError(path=path, problem=error.strerror or "it cannot be locked") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
