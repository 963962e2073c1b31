"""The settings of a process."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from offline_transfer.errors import ExitStatus
from offline_transfer.settings import (
    InvalidSettingError,
    LogLevel,
    Settings,
    SmtpEncryption,
    environment_names,
    load_settings,
)
from offline_transfer.types import Edition


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/someone")


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load_settings().model_dump() == {
        "data_dir": Path("/home/someone/.local/share/offline-transfer"),
        "database_url": None,
        "secrets_file": None,
        "edition": Edition.EE,
        "batch_size": 1000,
        "flush_bytes": 4_194_304,
        "instance_url": "http://localhost",
        "smtp_host": None,
        "smtp_port": None,
        "smtp_encryption": SmtpEncryption.STARTTLS,
        "smtp_user": None,
        "smtp_password": None,
        "mail_from": None,
        "signing_key_file": None,
        "log_level": LogLevel.INFO,
        "worker_processes": None,
        "worker_memory_mib": 512,
        "worker_grace_seconds": 20.0,
        "heartbeat_seconds": 5.0,
        "stalled_seconds": 30.0,
        "poll_seconds": 2.0,
        "sweep_seconds": 30,
        "job_attempts": 5,
        "retry_seconds": 2.0,
        "store_attempts": 6,
        "store_retry_seconds": 0.5,
        "store_silence_seconds": 300.0,
        "keep_days": 14,
    }


def test_every_setting_can_be_given_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "data_dir": "~/instance",
        "database_url": "postgresql://localhost/forge",
        "secrets_file": "/etc/offline-transfer/keys",
        "edition": "ce",
        "batch_size": "10",
        "flush_bytes": "65536",
        "instance_url": "https://gitlab.example.com/git/",
        "smtp_host": "mail.example.com",
        "smtp_port": "2525",
        "smtp_encryption": "tls",
        "smtp_user": "forge",
        "smtp_password": "hunter2",
        "mail_from": "forge@example.com",
        "signing_key_file": "~/signing.pem",
        "log_level": "debug",
        "worker_processes": "3",
        "worker_memory_mib": "256",
        "worker_grace_seconds": "1.5",
        "heartbeat_seconds": "0.5",
        "stalled_seconds": "2",
        "poll_seconds": "0.25",
        "sweep_seconds": "1",
        "job_attempts": "2",
        "retry_seconds": "0.5",
        "store_attempts": "3",
        "store_retry_seconds": "0.25",
        "store_silence_seconds": "10",
        "keep_days": "1",
    }
    assert given.keys() == Settings.model_fields.keys()
    for name, value in given.items():
        monkeypatch.setenv(environment_names(name)[0], value)
    assert load_settings().model_dump() == {
        "data_dir": Path("/home/someone/instance"),
        "database_url": SecretStr("postgresql://localhost/forge"),
        "secrets_file": Path("/etc/offline-transfer/keys"),
        "edition": Edition.CE,
        "batch_size": 10,
        "flush_bytes": 65536,
        "instance_url": "https://gitlab.example.com/git",
        "smtp_host": "mail.example.com",
        "smtp_port": 2525,
        "smtp_encryption": SmtpEncryption.TLS,
        "smtp_user": "forge",
        "smtp_password": SecretStr("hunter2"),
        "mail_from": "forge@example.com",
        "signing_key_file": Path("/home/someone/signing.pem"),
        "log_level": LogLevel.DEBUG,
        "worker_processes": 3,
        "worker_memory_mib": 256,
        "worker_grace_seconds": 1.5,
        "heartbeat_seconds": 0.5,
        "stalled_seconds": 2.0,
        "poll_seconds": 0.25,
        "sweep_seconds": 1,
        "job_attempts": 2,
        "retry_seconds": 0.5,
        "store_attempts": 3,
        "store_retry_seconds": 0.25,
        "store_silence_seconds": 10.0,
        "keep_days": 1,
    }


@pytest.mark.parametrize(
    ("xdg", "expected"),
    [("/data", "/data/offline-transfer"), ("relative", "/home/someone/.local/share/offline-transfer")],
)
def test_the_xdg_directory_is_used_when_it_is_absolute(
    monkeypatch: pytest.MonkeyPatch, xdg: str, expected: str
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", xdg)
    assert load_settings().data_dir == Path(expected)


def test_the_plain_database_url_is_understood_and_our_own_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://plain")
    assert load_settings().database_url == SecretStr("postgresql://plain")
    monkeypatch.setenv("OFFLINE_TRANSFER_DATABASE_URL", "postgresql://ours")
    assert load_settings().database_url == SecretStr("postgresql://ours")


def test_the_command_line_wins_over_the_environment_where_it_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFLINE_TRANSFER_BATCH_SIZE", "10")
    assert load_settings(batch_size=20).batch_size == 20
    assert load_settings(batch_size=None).batch_size == 10


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OFFLINE_TRANSFER_EDITION", "gold-secret"),
        ("OFFLINE_TRANSFER_BATCH_SIZE", "0"),
        ("OFFLINE_TRANSFER_INSTANCE_URL", "https://user:secret@gitlab.example.com"),
        ("OFFLINE_TRANSFER_LOG_LEVEL", "secret"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettingError) as caught:
        load_settings()
    assert caught.value.message.startswith(f"The setting {variable} is not valid: ")
    assert "secret" not in caught.value.message
    assert caught.value.exit_status is ExitStatus.USAGE


def test_settings_never_change(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    monkeypatch.setenv("OFFLINE_TRANSFER_BATCH_SIZE", "10")
    assert settings.batch_size == 1000
    with pytest.raises(ValidationError, match="frozen"):
        settings.batch_size = 5


def test_a_password_in_the_settings_is_not_shown() -> None:
    assert "hunter2" not in repr(load_settings(database_url="postgresql://someone:hunter2@localhost/forge"))


def test_every_setting_is_described_for_the_reference() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
