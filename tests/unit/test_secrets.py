"""What is sealed opens where it was sealed, and nowhere else."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from offline_transfer.secrets import (
    KEYS_FILE,
    SealBrokenError,
    SecretNotListedError,
    SecretsFileExistsError,
    SecretsFileMissingError,
    SecretsFileNotNamedError,
    SecretsFileUnusableError,
    Vault,
    make_keys_file,
)
from offline_transfer.settings import Settings

TABLE = "import_offline_configurations"
COLUMN = "object_storage_credentials"
SECRET = '{"aws_secret_access_key": "hunter2 ✓"}'


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.of(Settings(data_dir=tmp_path))


def seal(vault: Vault, row: int = 7) -> str:
    return vault.seal(SECRET, table=TABLE, column=COLUMN, id=row)


def opened(vault: Vault, token: str, row: int = 7) -> str:
    return vault.open(token, table=TABLE, column=COLUMN, id=row)


def test_a_sealed_value_opens_and_does_not_show_itself(vault: Vault) -> None:
    token = seal(vault)
    assert opened(vault, token) == SECRET
    assert token.isascii()
    assert "hunter2" not in token
    assert token != seal(vault)


def test_a_value_that_was_moved_to_another_row_is_refused(vault: Vault) -> None:
    with pytest.raises(SealBrokenError) as caught:
        opened(vault, seal(vault, 7), 8)
    assert caught.value.message == (
        "The encrypted object_storage_credentials of row 8 of import_offline_configurations cannot be opened: it was made with"
        " another key, for another row, or it is damaged. Give the credentials again, or put the key that made it back into the"
        " file of keys."
    )


@pytest.mark.parametrize("place", [("users", COLUMN), (TABLE, "location")])
def test_a_value_that_was_moved_to_another_column_is_refused(vault: Vault, place: tuple[str, str]) -> None:
    with pytest.raises(SealBrokenError):
        vault.open(seal(vault), table=place[0], column=place[1], id=7)


@pytest.mark.parametrize("position", [0, 10, 40, -1])
def test_a_changed_token_is_refused(vault: Vault, position: int) -> None:
    token = list(seal(vault))
    token[position] = "A" if token[position] != "A" else "B"
    with pytest.raises(SealBrokenError):
        opened(vault, "".join(token))


@pytest.mark.parametrize("token", ["", "{}", SECRET, "gAAAAA", "\x00", "ü"])
def test_what_is_no_token_is_refused(vault: Vault, token: str) -> None:
    seal(vault)
    with pytest.raises(SealBrokenError):
        opened(vault, token)


def test_a_column_that_no_rotation_would_reach_is_refused(vault: Vault) -> None:
    with pytest.raises(SecretNotListedError):
        vault.seal(SECRET, table="users", column="email", id=1)


def test_the_first_key_is_made_for_its_owner_alone(vault: Vault, tmp_path: Path) -> None:
    assert not (tmp_path / KEYS_FILE).exists()
    seal(vault)
    assert stat.S_IMODE((tmp_path / KEYS_FILE).stat().st_mode) == 0o600
    assert len((tmp_path / KEYS_FILE).read_text().splitlines()) == 1


def test_the_data_directory_may_not_exist_yet(tmp_path: Path) -> None:
    vault = Vault.of(Settings(data_dir=tmp_path / "deep" / "instance"))
    assert opened(vault, seal(vault)) == SECRET


def test_all_who_come_at_once_get_one_key(tmp_path: Path) -> None:
    vaults = [Vault.of(Settings(data_dir=tmp_path)) for _ in range(8)]
    together = Barrier(len(vaults))

    def first(vault: Vault) -> str:
        together.wait()
        return seal(vault)

    with ThreadPoolExecutor(len(vaults)) as pool:
        tokens = list(pool.map(first, vaults))
    assert [opened(vaults[0], token) for token in tokens] == [SECRET] * len(vaults)


def test_after_a_new_key_the_old_one_still_opens(vault: Vault, tmp_path: Path) -> None:
    before = seal(vault)
    (old,) = (tmp_path / KEYS_FILE).read_text().split()
    vault.add_key()
    new, kept = (tmp_path / KEYS_FILE).read_text().split()
    assert kept == old
    assert opened(vault, before) == SECRET
    # What is sealed from now on needs the new key.
    (tmp_path / KEYS_FILE).write_text(old)
    token = Fernet(new).encrypt(b"{}").decode()
    with pytest.raises(SealBrokenError):
        opened(vault, token)
    assert stat.S_IMODE((tmp_path / KEYS_FILE).stat().st_mode) == 0o600


def test_a_rotation_reaches_a_vault_that_was_open_before(vault: Vault, tmp_path: Path) -> None:
    seal(vault)
    other = Vault.of(Settings(data_dir=tmp_path))
    other.add_key()
    assert opened(vault, seal(other)) == SECRET


def test_with_a_database_of_somebody_the_file_has_to_be_named(tmp_path: Path) -> None:
    vault = Vault.of(Settings(data_dir=tmp_path, database_url=SecretStr("postgresql://elsewhere/db")))
    with pytest.raises(SecretsFileNotNamedError, match="OFFLINE_TRANSFER_SECRETS_FILE"):
        seal(vault)
    assert list(tmp_path.iterdir()) == []


def test_a_named_file_is_used_and_never_made_by_chance(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    vault = Vault.of(Settings(data_dir=tmp_path, secrets_file=path))
    with pytest.raises(SecretsFileMissingError, match=f"db make-key {path}"):
        seal(vault)
    make_keys_file(path)
    assert opened(vault, seal(vault)) == SECRET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_that_exist_are_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    make_keys_file(path)
    before = path.read_text()
    with pytest.raises(SecretsFileExistsError):
        make_keys_file(path)
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        ("", 0o600, "it is empty"),
        ("not-a-key-0123\n", 0o600, "there is a line in it that is no key"),
        (None, 0o604, "every user of this machine may open it; run `chmod o=` on it"),
    ],
)
def test_a_file_that_is_no_file_of_keys_is_refused_without_being_quoted(
    tmp_path: Path, content: str | None, mode: int, problem: str
) -> None:
    path = tmp_path / "keys"
    path.write_text(Fernet.generate_key().decode() if content is None else content)
    path.chmod(mode)
    with pytest.raises(SecretsFileUnusableError) as caught:
        seal(Vault(path))
    assert caught.value.message == f"The file of encryption keys {path} cannot be used: {problem}."


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(SecretsFileUnusableError, match="No such file or directory"):
        make_keys_file(tmp_path / "nowhere" / "keys")
    with pytest.raises(SecretsFileUnusableError, match="Is a directory"):
        seal(Vault(tmp_path))


def test_a_file_that_an_interrupted_rotation_left_is_in_nobodys_way(vault: Vault, tmp_path: Path) -> None:
    token = seal(vault)
    (tmp_path / f"{KEYS_FILE}.partial").write_text("half a k")
    vault.add_key()
    assert opened(vault, token) == SECRET
    assert sorted(path.name for path in tmp_path.iterdir()) == [KEYS_FILE, f"{KEYS_FILE}.lock"]
