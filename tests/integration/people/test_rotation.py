"""Everything that is sealed is encrypted anew, and nothing is lost on the way."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select, update

from offline_transfer import secrets
from offline_transfer.db import Database
from offline_transfer.forge.models import Base
from offline_transfer.secrets import KEYS_FILE, SEALED_COLUMNS, Rotation, SealBrokenError, Vault
from offline_transfer.settings import Settings
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport

TABLE = "import_offline_configurations"
COLUMN = "object_storage_credentials"
ROWS = 7
PLAIN = '{"credentials": {}}'


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.of(Settings(data_dir=tmp_path))


@pytest.fixture
def sealed(database: Database, vault: Vault) -> Database:
    """Configurations 1 to 7 with sealed credentials, and one without a secret."""
    with database.session() as session:
        session.add_all(OfflineExport(id=number, batch_size=1000) for number in range(1, ROWS + 2))
        session.flush()
        for number in range(1, ROWS + 2):
            token = vault.seal(f"secret {number}", table=TABLE, column=COLUMN, id=number) if number <= ROWS else PLAIN
            session.add(
                OfflineConfiguration(
                    id=number,
                    offline_export_id=number,
                    export_prefix="p",
                    location="l",
                    object_storage_credentials=token,
                )
            )
    return database


def tokens(database: Database) -> dict[int, str]:
    statement = select(OfflineConfiguration.id, OfflineConfiguration.object_storage_credentials)
    with database.session() as session:
        found = {row[0]: str(row[1]) for row in session.execute(statement)}
    assert found.pop(ROWS + 1) == PLAIN
    return found


def opened(vault: Vault, found: Mapping[int, str]) -> dict[int, str]:
    return {number: vault.open(token, table=TABLE, column=COLUMN, id=number) for number, token in found.items()}


SECRETS = {number: f"secret {number}" for number in range(1, ROWS + 1)}


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_all_are_encrypted_with_the_new_key(
    sealed: Database, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(secrets, "ROWS_AT_ONCE", at_once)
    before = tokens(sealed)
    vault.add_key()
    assert vault.reseal(sealed) == Rotation(ROWS, [])
    after = tokens(sealed)
    assert opened(vault, after) == SECRETS
    assert not set(before.values()) & set(after.values())
    # The newest key alone opens all.
    newest, _ = (tmp_path / KEYS_FILE).read_text().split()
    (tmp_path / KEYS_FILE).write_text(newest)
    assert opened(vault, after) == SECRETS
    with pytest.raises(SealBrokenError):
        opened(vault, before)


def test_the_key_before_last_is_forgotten(sealed: Database, vault: Vault, tmp_path: Path) -> None:
    (first,) = (tmp_path / KEYS_FILE).read_text().split()
    for _ in range(2):
        vault.add_key()
        vault.reseal(sealed)
    keys = (tmp_path / KEYS_FILE).read_text().split()
    assert len(keys) == 2
    assert first not in keys
    assert opened(vault, tokens(sealed)) == SECRETS


def test_what_does_not_open_is_named_and_no_key_forgotten(sealed: Database, vault: Vault, tmp_path: Path) -> None:
    moved = tokens(sealed)[1]
    with sealed.session() as session:
        session.execute(
            update(OfflineConfiguration).where(OfflineConfiguration.id == 4).values(object_storage_credentials=moved)
        )
    for _ in range(3):
        vault.add_key()
        assert vault.reseal(sealed) == Rotation(ROWS - 1, [f"{TABLE}.{COLUMN} of row 4"])
    assert len((tmp_path / KEYS_FILE).read_text().split()) == 4
    found = tokens(sealed)
    assert found.pop(4) == moved
    assert opened(vault, found) == {number: secret for number, secret in SECRETS.items() if number != 4}


def test_an_interrupted_rotation_goes_on_with_the_same_key(
    sealed: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "ROWS_AT_ONCE", 2)
    vault.add_key()
    done = 0

    def broken_off(*given: object) -> None:
        nonlocal done
        done += 1
        if done == 5:
            raise KeyboardInterrupt
        update_row(*given)  # type: ignore[arg-type]

    update_row = secrets._update
    monkeypatch.setattr(secrets, "_update", broken_off)
    with pytest.raises(KeyboardInterrupt):
        vault.reseal(sealed)
    assert opened(vault, tokens(sealed)) == SECRETS
    monkeypatch.setattr(secrets, "_update", update_row)
    assert vault.reseal(sealed) == Rotation(ROWS, [])
    assert opened(vault, tokens(sealed)) == SECRETS


def test_the_columns_that_are_said_to_be_sealed_can_hold_what_is_sealed() -> None:
    for place in SEALED_COLUMNS:
        column = Base.metadata.tables[place.table].columns[place.column]
        assert (column.type.python_type, column.nullable) == (str, True), place
        assert "id" in Base.metadata.tables[place.table].columns
