"""What an administrator changes while the instance runs: one row, in which a null means the default.

The defaults are GitLab's: everything that reaches out is off until somebody switches it on. An instance with the embedded database
belongs to the owner of one machine, and what that person needs is on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Text, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from offline_transfer.forge.base import Base
from offline_transfer.forge.errors import BadApplicationSettingError, UnknownApplicationSettingError
from offline_transfer.settings import LARGEST_BATCH_SIZE, Settings
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.types import JsonObject, JsonValue

ONLY_ROW: Final = 1
EXPORTS_DIRECTORY: Final = "exports"
LONGEST_SHOWN: Final = 200
NOTHING: Final = "none"
"""What people type where a setting can be empty."""


class SignaturePolicy(StrEnum):
    """Which archives may be imported."""

    ANY = "any"
    SIGNED = "signed"
    KNOWN = "known"


class ApplicationSetting(Base):
    """The one row of `application_settings`; null is the default."""

    __tablename__ = "application_settings"
    __table_args__ = (CheckConstraint(f"id = {ONLY_ROW}", name="only_row"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )
    offline_transfer_exports_enabled: Mapped[bool | None]
    offline_transfer_imports_enabled: Mapped[bool | None]
    allow_s3_compatible_storage_for_offline_transfer: Mapped[bool | None]
    allow_application_default_credentials_for_offline_transfer: Mapped[bool | None]
    allow_plain_http_endpoints: Mapped[bool | None]
    allow_local_requests: Mapped[bool | None]
    offline_transfer_disk_roots: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    offline_transfer_source_hostname: Mapped[str | None]
    relation_export_batch_size: Mapped[int | None]
    concurrent_relation_exports: Mapped[int | None]
    offline_export_requests_per_minute: Mapped[int | None]
    offline_import_requests_per_minute: Mapped[int | None]
    bulk_import_max_download_file_size: Mapped[int | None]
    max_decompressed_archive_size: Mapped[int | None]
    bulk_import_concurrent_entities: Mapped[int | None]
    bulk_import_concurrent_pipeline_batch_limit: Mapped[int | None]
    import_placeholder_user_limit: Mapped[int | None]
    offline_transfer_signature_policy: Mapped[str | None]


def _directories(text: object) -> object:
    """Directories as people type them: with commas between, or `none`."""
    if not isinstance(text, str):
        return text
    return [] if text.strip() in ("", NOTHING) else [part.strip() for part in text.split(",")]


def _absolute(path: Path) -> Path:
    if not path.is_absolute() or ".." in path.parts or not str(path).isprintable():
        raise ValueError("every directory has to be named from the root, without `..`")
    return path


def _or_nothing(text: object) -> object:
    return None if isinstance(text, str) and text.strip() in ("", NOTHING) else text


Directories = Annotated[
    tuple[Annotated[Path, AfterValidator(_absolute)], ...], BeforeValidator(_directories), Field(max_length=100)
]
Hostname = Annotated[
    Annotated[str, Field(max_length=255, pattern=r"^(https?://[^\s/?#@]+/?|[A-Za-z0-9][A-Za-z0-9._-]*)$")] | None,
    BeforeValidator(_or_nothing),
]
BatchSize = Annotated[Annotated[int, Field(ge=1, le=LARGEST_BATCH_SIZE)] | None, BeforeValidator(_or_nothing)]


class ApplicationSettings(BaseModel):
    """What holds now. The defaults here are GitLab's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offline_transfer_exports_enabled: bool = Field(
        default=False,
        description="Whether groups and projects can be exported over the API. Off, its paths do not exist.",
    )
    offline_transfer_imports_enabled: bool = Field(
        default=False, description="Whether archives can be imported over the API. Off, its paths do not exist."
    )
    allow_s3_compatible_storage_for_offline_transfer: bool = Field(
        default=False, description="Whether a request may name an object store with an address of its own."
    )
    allow_application_default_credentials_for_offline_transfer: bool = Field(
        default=False,
        description="Whether administrators may have Google's stores opened with the credentials of this machine.",
    )
    allow_plain_http_endpoints: bool = Field(
        default=False,
        description="Whether the address of an object store may begin with `http://`: credentials go unencrypted then.",
    )
    allow_local_requests: bool = Field(
        default=False,
        description="Whether object stores may be on this machine or in a private network. GitLab calls the same"
        " `allow_local_requests_from_web_hooks_and_services`.",
    )
    offline_transfer_disk_roots: Directories = Field(
        default=(),
        description="The directories below which archives may be written and read, with commas between, or `none`. Every"
        " worker has to see them.",
    )
    offline_transfer_source_hostname: Hostname = Field(
        default=None,
        description="What every archive says it comes from, whatever a request says: a URL of scheme, host and port, or an alias."
        " `none` leaves it to the request.",
    )
    relation_export_batch_size: BatchSize = Field(
        default=None,
        description="How many records of a relation go into one object, where the request does not say. `none` is the process"
        " setting `batch_size`.",
        json_schema_extra={"unit": "records"},
    )
    concurrent_relation_exports: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="How many jobs of one export may run at once.",
        json_schema_extra={"unit": "jobs"},
    )
    offline_export_requests_per_minute: int = Field(
        default=6,
        ge=0,
        le=1_000_000,
        description="How many exports a user may ask for. 0 is no limit.",
        json_schema_extra={"unit": "requests a minute"},
    )
    offline_import_requests_per_minute: int = Field(
        default=6,
        ge=0,
        le=1_000_000,
        description="How many imports a user may ask for. 0 is no limit.",
        json_schema_extra={"unit": "requests a minute"},
    )
    bulk_import_max_download_file_size: int = Field(
        default=5120,
        ge=0,
        le=1024 * 1024 * 1024,
        description="How large one object of an archive may be that is imported. 0 is no limit.",
        json_schema_extra={"unit": "MiB"},
    )
    max_decompressed_archive_size: int = Field(
        default=25600,
        ge=0,
        le=1024 * 1024 * 1024,
        description="How large one object of an archive may become when it is unpacked. 0 is no limit.",
        json_schema_extra={"unit": "MiB"},
    )

    bulk_import_concurrent_entities: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="How many groups and projects of one import may be worked on at once.",
        json_schema_extra={"unit": "groups and projects"},
    )
    bulk_import_concurrent_pipeline_batch_limit: int = Field(
        default=25,
        ge=1,
        le=1000,
        description="How many pipelines and batches of one import may be worked on at once, beside the groups and projects"
        " themselves.",
        json_schema_extra={"unit": "pipelines and batches"},
    )
    import_placeholder_user_limit: int = Field(
        default=0,
        ge=0,
        le=1_000_000_000,
        description="How many placeholder users imports may make below one top-level group. What further users of a source have"
        " contributed is given to the import user. 0 is no limit, as in GitLab where nobody has set one for the plan.",
        json_schema_extra={"unit": "users"},
    )
    offline_transfer_signature_policy: SignaturePolicy = Field(
        default=SignaturePolicy.ANY,
        description="Which archives may be imported: `any`, those that somebody has `signed`, or those signed with a key that is"
        " `known` as that of their source.",
    )

    def egress(self) -> EgressPolicy:
        """What this allows to the stores that a request names."""
        return EgressPolicy(
            allow_s3_compatible=self.allow_s3_compatible_storage_for_offline_transfer,
            allow_application_default_credentials=self.allow_application_default_credentials_for_offline_transfer,
            allow_plain_http=self.allow_plain_http_endpoints,
            allow_private=self.allow_local_requests,
            allow_loopback=self.allow_local_requests,
            disk_roots=self.offline_transfer_disk_roots,
        )


NAMES: Final = tuple(ApplicationSettings.model_fields)


def defaults(settings: Settings) -> ApplicationSettings:
    """What holds where nobody changed anything. That the database is the embedded one says that the instance is one person's."""
    if settings.database_url is not None:
        return ApplicationSettings()
    return ApplicationSettings(
        offline_transfer_exports_enabled=True,
        offline_transfer_imports_enabled=True,
        allow_s3_compatible_storage_for_offline_transfer=True,
        allow_plain_http_endpoints=True,
        allow_local_requests=True,
        offline_transfer_disk_roots=(settings.data_dir.absolute() / EXPORTS_DIRECTORY,),
    )


def read(session: Session, settings: Settings) -> ApplicationSettings:
    """What holds now."""
    return defaults(settings).model_copy(update=changed(session))


def changed(session: Session) -> Mapping[str, Any]:
    """The settings that somebody changed, with their values."""
    row = session.execute(select(ApplicationSetting.__table__)).mappings().one_or_none()
    given = {name: row[name] for name in NAMES if row[name] is not None} if row is not None else {}
    return MappingProxyType(ApplicationSettings(**given).model_dump(include=set(given)))


def change(session: Session, name: str, text: str) -> None:
    """Set one, as it is typed: numbers, `true` and `false`, directories with commas between.

    Raises UnknownApplicationSettingError, BadApplicationSettingError.
    """
    require_known(name)
    try:
        value = ApplicationSettings.model_validate({name: text}).model_dump(mode="json")[name]
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise BadApplicationSettingError(
            name=name, value=text[:LONGEST_SHOWN], problem=problem[:1].lower() + problem[1:]
        ) from None
    _store(session, name, value)


def reset(session: Session, name: str) -> None:
    """Go back to the default. Raises UnknownApplicationSettingError."""
    require_known(name)
    _store(session, name, None)


@dataclass(frozen=True, slots=True)
class Described:
    """One setting, for people."""

    name: str
    value: Any
    default: Any
    unit: str | None
    changed: bool
    description: str

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "name": self.name,
            "value": _plain(self.value),
            "default": _plain(self.default),
            "unit": self.unit,
            "changed": self.changed,
            "description": self.description,
        }


def described(session: Session, settings: Settings) -> list[Described]:
    """All settings, in the order in which they are explained."""
    by_default, given = defaults(settings), changed(session)
    return [
        Described(
            name=name,
            value=given.get(name, getattr(by_default, name)),
            default=getattr(by_default, name),
            unit=unit(name),
            changed=name in given,
            description=str(field.description),
        )
        for name, field in ApplicationSettings.model_fields.items()
    ]


def unit(name: str) -> str | None:
    """What the number of a setting counts."""
    extra = ApplicationSettings.model_fields[name].json_schema_extra
    return str(extra["unit"]) if isinstance(extra, dict) else None


def _plain(value: Any) -> JsonValue:
    """A value as JSON has it."""
    return [str(item) for item in value] if isinstance(value, tuple) else value


def shown(value: object) -> str:
    """A value as it would be typed."""
    if value in (None, (), []):
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def require_known(name: str) -> None:
    """Raise UnknownApplicationSettingError for what is none."""
    if name not in NAMES:
        raise UnknownApplicationSettingError(name=name[:LONGEST_SHOWN])


def _store(session: Session, name: str, value: object) -> None:
    statement = insert(ApplicationSetting).values({"id": ONLY_ROW, name: value})
    changes = {name: value, "updated_at": func.now()}
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changes))
