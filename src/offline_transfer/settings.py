"""What one process is told from outside: environment variables, read once and never changed.

What an administrator changes while the instance runs lies in the database (`forge.application_settings`), not here.
"""

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from offline_transfer.errors import UsageError
from offline_transfer.types import Edition

MEBIBYTE: Final = 1024 * 1024
ENVIRONMENT_PREFIX: Final = "OFFLINE_TRANSFER_"


class InvalidSettingError(UsageError):
    """The setting {setting} is not valid: {problem}. Correct or unset it; `docs/reference/settings.md` lists all."""


class LogLevel(StrEnum):
    """The levels of `logging`, by the names that administrators type."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


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
        le=100_000,
        description="How many records of a relation go into one object of an archive.",
    )
    flush_bytes: int = Field(
        default=2 * MEBIBYTE,
        ge=64 * 1024,
        description="How many bytes of records an import holds in memory before it writes them to the database.",
    )
    instance_url: Annotated[str, AfterValidator(_without_slash)] = Field(
        default="http://localhost",
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="The address of this instance: the source hostname of the archives that it writes.",
    )
    log_level: LogLevel = Field(
        default=LogLevel.INFO,
        description="The least severity that is logged: `debug`, `info`, `warning` or `error`.",
    )


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
