"""What one process is told from outside: environment variables, read once and never changed.

What an administrator changes while the instance runs lies in the database (`forge.application_settings`), not here.
"""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from offline_transfer.errors import UsageError
from offline_transfer.types import Edition

MEBIBYTE: Final = 1024 * 1024
LARGEST_BATCH_SIZE: Final = 100_000
"""How many records of a relation one object of an archive may be asked to hold."""
ENVIRONMENT_PREFIX: Final = "OFFLINE_TRANSFER_"


class InvalidSettingError(UsageError):
    """The setting {setting} is not valid: {problem}. Correct or unset it; `docs/reference/settings.md` lists all."""


class LogLevel(StrEnum):
    """The levels of `logging`, by the names that administrators type."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SmtpEncryption(StrEnum):
    """How the connection to a mail server is encrypted."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


def default_data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Where an instance lies when nobody says otherwise: the XDG data directory of the user."""
    xdg = environment.get("XDG_DATA_HOME", "")
    # The XDG specification tells programs to ignore a relative path.
    base = Path(xdg) if xdg.startswith("/") else Path.home() / ".local" / "share"
    return base / "offline-transfer"


def _without_slash(url: str) -> str:
    return url.rstrip("/")


class Settings(BaseSettings):
    """The settings of a process."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX, frozen=True, extra="ignore", populate_by_name=True)

    data_dir: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default_factory=default_data_dir,
        description="The directory of this instance: its embedded database, repositories, uploads and LFS objects.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("OFFLINE_TRANSFER_DATABASE_URL", "DATABASE_URL"),
        description="A PostgreSQL 15 or later to use instead of the embedded one, as a libpq address: "
        "`postgresql://user:password@host/database`.",
    )
    secrets_file: Annotated[Path, AfterValidator(Path.expanduser)] | None = Field(
        default=None,
        description="The file of the keys that encrypt credentials in the database. The embedded database has one in the data"
        " directory; with `DATABASE_URL` it has to be named, and every machine of an instance needs the same.",
    )
    edition: Edition = Field(
        default=Edition.EE,
        description="`ce` leaves the relations of GitLab's Enterprise Edition out of exports and imports.",
    )
    batch_size: int = Field(
        default=1000,
        ge=1,
        le=LARGEST_BATCH_SIZE,
        description="How many records of a relation go into one object of an archive.",
    )
    flush_bytes: int = Field(
        default=4 * MEBIBYTE,
        ge=64 * 1024,
        description="How many bytes of records an import holds in memory before it writes them to the database.",
    )
    instance_url: Annotated[str, AfterValidator(_without_slash)] = Field(
        default="http://localhost",
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="The address of this instance: the source hostname of the archives that it writes.",
    )
    smtp_host: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9.:_-]+$",
        description="The server that takes mails. Without one they are kept as `.eml` files in the directory `mail` of the data"
        " directory.",
    )
    smtp_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Its port. 587 with `starttls`, 465 with `tls` and 25 with `none` if it is not set.",
    )
    smtp_encryption: SmtpEncryption = Field(
        default=SmtpEncryption.STARTTLS,
        description="How the connection to it is encrypted: `starttls` begins in the clear and insists on encryption, `tls` is"
        " encrypted from the start, `none` is not, and a password goes through the network as it is.",
    )
    smtp_user: str | None = Field(
        default=None,
        description="The user for whom it takes mails, where it asks for one.",
    )
    smtp_password: SecretStr | None = Field(
        default=None,
        description="The password of that user.",
    )
    mail_from: str | None = Field(
        default=None,
        description="The address that mails come from; `offline-transfer@` and the host of `instance_url` if it is not set.",
    )
    signing_key_file: Annotated[Path, AfterValidator(Path.expanduser)] | None = Field(
        default=None,
        description="A file with the Ed25519 key in PEM that signs the archives which this process ends. Without one they are not "
        "signed.",
    )
    log_level: LogLevel = Field(
        default=LogLevel.INFO,
        description="The least severity that is logged: `debug`, `info`, `warning` or `error`.",
    )
    worker_processes: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="How many worker processes `serve` and `worker` start, each of which does one job at a time. "
        "As many as there are cores if it is not set.",
    )
    worker_memory_mib: int = Field(
        default=512,
        ge=64,
        description="How many mebibytes of memory a worker process may hold. One that has more ends at the next step of its job, "
        "and a fresh one takes its place.",
    )
    worker_grace_seconds: float = Field(
        default=20.0,
        ge=0,
        description="How long a worker that is told to end may go on with the step that it is at. Then it ends at once, and its "
        "job is put back.",
    )
    heartbeat_seconds: float = Field(
        default=5.0,
        ge=0.01,
        description="How often a worker says that it lives.",
    )
    stalled_seconds: float = Field(
        default=30.0,
        ge=0.01,
        description="How long a worker may be silent before its job is given to another. A multiple of `heartbeat_seconds`.",
    )
    poll_seconds: float = Field(
        default=2.0,
        ge=0.01,
        description="How often an idle worker looks for jobs. It is woken for new ones; this is for those that were due later.",
    )
    sweep_seconds: int = Field(
        default=30,
        ge=1,
        description="How often the workers look for what slipped through: jobs of dead workers, work that does not move, "
        "credentials that are no longer needed.",
    )
    job_attempts: int = Field(
        default=5,
        ge=1,
        description="How often a job is tried that fails for a reason which may pass, before it is given up.",
    )
    retry_seconds: float = Field(
        default=2.0,
        ge=0,
        description="How long a job that failed waits before it is tried again; twice as long after each further failure, "
        "five minutes at most.",
    )
    store_attempts: int = Field(
        default=6,
        ge=1,
        le=100,
        description="How often a worker asks an object store that fails in a way which may pass, before its job has failed.",
    )
    store_retry_seconds: float = Field(
        default=0.5,
        ge=0,
        description="How long it waits at most before it asks for the second time; twice as long after each further failure, half a"
        " minute at most. How long it is within that is left to chance, so that workers do not come back together.",
    )
    store_silence_seconds: float = Field(
        default=300.0,
        gt=0,
        description="How long an object store may be silent in the middle of a request before it is asked again.",
    )
    keep_days: int = Field(
        default=14,
        ge=1,
        description="How many days jobs that have ended, and logs, are kept.",
    )

    @field_validator("stalled_seconds")
    @classmethod
    def _outlasts_heartbeats(cls, value: float, info: ValidationInfo) -> float:
        if value < 2 * info.data.get("heartbeat_seconds", 0):
            raise ValueError("it has to be at least twice heartbeat_seconds")
        return value


def environment_names(field: str) -> tuple[str, ...]:
    """The environment variables that set a field, the one that wins first."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (f"{ENVIRONMENT_PREFIX}{field.upper()}",)


def load_settings(**overrides: object) -> Settings:
    """The settings of the environment, with what the command line says laid over them.

    An override of None counts as not said. Raises InvalidSettingError without the value, which may be a password.
    """
    said: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**said)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0])
        name = environment_names(field)[0] if field in Settings.model_fields else field
        raise InvalidSettingError(setting=name, problem=first["msg"]) from None
