"""What an administrator changes."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from offline_transfer.forge import application_settings
from offline_transfer.forge.application_settings import NAMES, ApplicationSetting, ApplicationSettings
from offline_transfer.forge.errors import BadApplicationSettingError, UnknownApplicationSettingError
from offline_transfer.settings import Settings
from offline_transfer.storage.egress import EgressPolicy

SHARED = Settings(data_dir=Path("/instance"), database_url=SecretStr("postgresql://elsewhere/db"))
OWN = Settings(data_dir=Path("/instance"))


def test_with_a_database_of_somebody_everything_is_as_in_gitlab(session: Session) -> None:
    assert application_settings.read(session, SHARED).model_dump() == {
        "offline_transfer_exports_enabled": False,
        "offline_transfer_imports_enabled": False,
        "allow_s3_compatible_storage_for_offline_transfer": False,
        "allow_application_default_credentials_for_offline_transfer": False,
        "allow_plain_http_endpoints": False,
        "allow_local_requests": False,
        "offline_transfer_disk_roots": (),
        "offline_transfer_source_hostname": None,
        "relation_export_batch_size": None,
        "concurrent_relation_exports": 5,
        "offline_export_requests_per_minute": 6,
        "offline_import_requests_per_minute": 6,
        "bulk_import_max_download_file_size": 5120,
        "max_decompressed_archive_size": 25600,
        "bulk_import_concurrent_entities": 5,
        "bulk_import_concurrent_pipeline_batch_limit": 25,
        "import_placeholder_user_limit": 0,
        "offline_transfer_signature_policy": "any",
    }


def test_with_the_embedded_database_the_owner_of_the_machine_has_what_is_needed(session: Session) -> None:
    own = application_settings.read(session, OWN)
    shared = application_settings.read(session, SHARED)
    assert {name: value for name, value in own.model_dump().items() if value != getattr(shared, name)} == {
        "offline_transfer_exports_enabled": True,
        "offline_transfer_imports_enabled": True,
        "allow_s3_compatible_storage_for_offline_transfer": True,
        "allow_plain_http_endpoints": True,
        "allow_local_requests": True,
        "offline_transfer_disk_roots": (Path("/instance/exports"),),
    }


def test_the_row_has_a_column_for_each_setting() -> None:
    columns = set(inspect(ApplicationSetting).columns.keys())
    assert columns - {"id", "updated_at"} == set(NAMES)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("offline_transfer_exports_enabled", "true", True),
        ("offline_transfer_exports_enabled", "on", True),
        ("offline_transfer_imports_enabled", "false", False),
        ("concurrent_relation_exports", "12", 12),
        ("offline_export_requests_per_minute", "0", 0),
        ("relation_export_batch_size", "50", 50),
        ("relation_export_batch_size", "none", None),
        ("offline_transfer_disk_roots", "/media/a, /media/b", (Path("/media/a"), Path("/media/b"))),
        ("offline_transfer_disk_roots", "none", ()),
        ("offline_transfer_source_hostname", "https://gitlab.example.com:8443", "https://gitlab.example.com:8443"),
        ("offline_transfer_source_hostname", "site-17", "site-17"),
        ("offline_transfer_source_hostname", "none", None),
    ],
)
@pytest.mark.parametrize("settings", [OWN, SHARED])
def test_what_is_typed_holds(session: Session, settings: Settings, name: str, typed: str, value: object) -> None:
    application_settings.change(session, name, typed)
    assert getattr(application_settings.read(session, settings), name) == value


def test_what_is_shown_can_be_typed(session: Session) -> None:
    for name in NAMES:
        before = getattr(application_settings.read(session, OWN), name)
        application_settings.change(session, name, application_settings.shown(before))
        assert getattr(application_settings.read(session, OWN), name) == before


def test_changes_of_others_stay_and_the_default_can_come_back(session: Session) -> None:
    application_settings.change(session, "concurrent_relation_exports", "7")
    application_settings.change(session, "offline_transfer_exports_enabled", "false")
    assert dict(application_settings.changed(session)) == {
        "concurrent_relation_exports": 7,
        "offline_transfer_exports_enabled": False,
    }
    application_settings.reset(session, "offline_transfer_exports_enabled")
    assert dict(application_settings.changed(session)) == {"concurrent_relation_exports": 7}
    assert application_settings.read(session, OWN).offline_transfer_exports_enabled


@pytest.mark.parametrize(
    ("name", "typed", "problem"),
    [
        ("offline_transfer_exports_enabled", "perhaps", "input should be a valid boolean, unable to interpret input"),
        ("concurrent_relation_exports", "0", "input should be greater than or equal to 1"),
        ("concurrent_relation_exports", "9" * 30, "input should be less than or equal to 1000"),
        ("relation_export_batch_size", "0", "input should be greater than or equal to 1"),
        ("offline_transfer_disk_roots", "media", "every directory has to be named from the root, without `..`"),
        ("offline_transfer_disk_roots", "/a,/b/../c", "every directory has to be named from the root, without `..`"),
        ("offline_transfer_disk_roots", "/a\x00", "every directory has to be named from the root, without `..`"),
    ],
)
def test_what_cannot_be_is_refused(session: Session, name: str, typed: str, problem: str) -> None:
    with pytest.raises(BadApplicationSettingError) as caught:
        application_settings.change(session, name, typed)
    assert caught.value.message == (
        f"The setting `{name}` cannot be {typed!r}: {problem}. `offline-transfer settings get {name}` explains it."
    )
    assert application_settings.changed(session) == {}


@pytest.mark.parametrize(
    "typed", ["https://a:b@example.com", "https://example.com/path", "https://example.com?q", "a b", "a\nb"]
)
def test_a_hostname_holds_no_path_and_no_password(session: Session, typed: str) -> None:
    with pytest.raises(BadApplicationSettingError):
        application_settings.change(session, "offline_transfer_source_hostname", typed)


@pytest.mark.parametrize("name", ["id", "updated_at", "sso", ""])
def test_an_unknown_setting_is_refused(session: Session, name: str) -> None:
    with pytest.raises(UnknownApplicationSettingError):
        application_settings.change(session, name, "1")
    with pytest.raises(UnknownApplicationSettingError):
        application_settings.reset(session, name)


def test_there_is_only_one_row(session: Session) -> None:
    application_settings.change(session, "concurrent_relation_exports", "7")
    with pytest.raises(IntegrityError):
        session.execute(text("INSERT INTO application_settings (id) VALUES (2)"))


def test_the_stores_of_requests_get_what_is_allowed(session: Session) -> None:
    assert application_settings.read(session, SHARED).egress() == EgressPolicy()
    assert application_settings.read(session, OWN).egress() == EgressPolicy(
        allow_s3_compatible=True,
        allow_plain_http=True,
        allow_private=True,
        allow_loopback=True,
        disk_roots=(Path("/instance/exports"),),
    )


def test_every_setting_is_explained() -> None:
    for name, field in ApplicationSettings.model_fields.items():
        assert field.description
        assert (application_settings.unit(name) is not None) == ("int" in str(field.annotation)), name
