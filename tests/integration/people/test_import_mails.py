"""What people are told when an import has ended: once, and without a secret."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from offline_transfer.db import Database
from offline_transfer.forge.users import User
from offline_transfer.importing import names
from offline_transfer.importing.mails import send_mail
from offline_transfer.mail import MailServerUnreachableError
from offline_transfer.settings import Settings, SmtpEncryption
from offline_transfer.transfers.accounting import Accounting, Fail, Skip
from offline_transfer.transfers.models import (
    BatchTracker,
    BulkImport,
    ImportEntity,
    ImportFailure,
    OfflineConfiguration,
    Tracker,
)
from offline_transfer.transfers.states import EntityState, ImportState, SourceType, TrackerState
from tests.support.mails import html_of, kept, text_of
from tests.support.smtp import HOST, MailServer, mail_server

PREFIX = "2026-04-16_19-39-00_export_dJtnb3CV"
STARTED = datetime(2026, 4, 16, 19, 39, 0, 123456, tzinfo=UTC)
ENDED = datetime(2026, 4, 16, 20, 5, 7, tzinfo=UTC)
LATER = datetime(2026, 4, 17, 8, 0, 0, tzinfo=UTC)
IMPORT = 5


@pytest.fixture
def ended(database: Database) -> Database:
    """An import of Ada's that has ended: `acme` with a project in it, 12 records of which one was left out."""
    accounting = Accounting()
    accounting.imported("issues", 11)
    accounting.skipped("issues.notes", Skip.INTERNAL_REF)
    with database.session() as session:
        session.add(User(id=2, username="ada", name="Ada", email="ada@example.com"))
        session.flush()
        session.add(
            BulkImport(
                id=IMPORT,
                user_id=2,
                source_type=SourceType.offline_export,
                source_hostname="https://gitlab.example.com",
                status=ImportState.finished,
                created_at=STARTED,
                started_at=STARTED,
                ended_at=ENDED,
            )
        )
        session.flush()
        session.add(OfflineConfiguration(bulk_import_id=IMPORT, export_prefix=PREFIX, location="s3://carry/exports"))
        session.add_all([entity(1, "acme", None), entity(2, "acme/app", 1)])
        session.flush()
        session.add(Tracker(id=1, bulk_import_entity_id=2, relation="issues", stage=1, status=TrackerState.finished))
        session.flush()
        session.add(
            BatchTracker(tracker_id=1, batch_number=1, status=TrackerState.finished, accounting=accounting.to_json())
        )
    return database


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def entity(number: int, path: str, parent_id: int | None) -> ImportEntity:
    return ImportEntity(
        id=number,
        bulk_import_id=IMPORT,
        parent_id=parent_id,
        source_type=0 if parent_id is None else 1,
        source_full_path=path,
        source_prefix=f"group_{number}",
        destination_name=path.rsplit("/", 1)[-1],
        destination_namespace="dest" if parent_id is None else "dest/acme",
        status=EntityState.finished,
    )


def settings_of(server: MailServer, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        smtp_host=HOST,
        smtp_port=server.port,
        smtp_encryption=SmtpEncryption.NONE,
        instance_url="https://forge.example.com",
    )


def change(database: Database, **values: Any) -> None:
    with database.session() as session:
        session.execute(update(BulkImport).values(**values))


def fail_records(database: Database, message: str, count: int = 1) -> None:
    accounting = Accounting()
    accounting.failed("issues", Fail.CONSTRAINT, count)
    with database.session() as session:
        session.add(
            BatchTracker(tracker_id=1, batch_number=2, status=TrackerState.finished, accounting=accounting.to_json())
        )
        session.add_all(
            [
                ImportFailure(
                    bulk_import_entity_id=2,
                    tracker_id=1,
                    pipeline_class="issues",
                    pipeline_step="loader",
                    exception_class=Fail.CONSTRAINT,
                    exception_message=message,
                    subrelation="issues",
                    batch_number=2,
                    line_index=line,
                )
                for line in range(count)
            ]
        )


def test_a_complete_import_is_told_in_full(ended: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    send_mail(ended, settings, IMPORT)
    message = kept(settings)
    assert (message["Subject"], message["To"]) == ("Offline import complete", "Ada <ada@example.com>")
    assert message["Message-ID"] == "<bulk-import-5-20260416200507000000@localhost>"
    assert text_of(message) == (
        """\
Offline import complete

The import is complete: everything that was asked for has come.

Import: 5
Started: 16 April 2026, 19:39 UTC
Ended: 16 April 2026, 20:05 UTC
Source: https://gitlab.example.com
Archive: 2026-04-16_19-39-00_export_dJtnb3CV
Read from: s3://carry/exports
Imported to: dest/acme
Groups and projects: 2 of 2
Records and files: 11 of 12; left out on purpose: 1; failed: 0

What to do:

- Look into the report: GET /api/v4/bulk_imports/5/report, or `offline-transfer report 5` where the instance is.

--\x20
Sent by offline-transfer at http://localhost
"""
    )


def test_what_failed_is_told_with_the_ways_on_and_back(ended: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    change(ended, has_failures=True)
    fail_records(ended, "the title is taken")
    send_mail(ended, settings, IMPORT)
    message = kept(settings)
    assert message["Subject"] == "Offline import complete with failures"
    assert "Records and files: 11 of 13; left out on purpose: 1; failed: 1\n" in text_of(message)
    assert text_of(message).partition("What failed")[2].partition("-- ")[0] == (
        """\
:

- acme/app, issues: the title is taken

What to do:

- Look into the report: GET /api/v4/bulk_imports/5/report, or `offline-transfer report 5` where the instance is.
- Correct what failed, and have that alone imported again: POST /api/v4/bulk_imports/5/retry.
- Or have everything removed that this import has made: POST /api/v4/bulk_imports/5/rollback, or `offline-transfer rollback 5`.

"""
    )
    assert "the title is taken</td>" in html_of(message)


@pytest.mark.parametrize(
    ("status", "subject", "opening"),
    [
        (ImportState.failed, "Offline import failed", "The import failed."),
        (ImportState.timeout, "Offline import timed out", "The import was ended because it did not get on any more."),
    ],
)
def test_an_import_that_did_not_get_through_says_so(
    ended: Database, tmp_path: Path, status: ImportState, subject: str, opening: str
) -> None:
    settings = Settings(data_dir=tmp_path)
    change(ended, status=status, error="no worker was there")
    send_mail(ended, settings, IMPORT)
    message = kept(settings)
    assert message["Subject"] == subject
    text = text_of(message)
    assert f"{opening} What it had made until then is there, and is not whole." in text
    assert "Reason: no worker was there\n" in text


@pytest.mark.parametrize("status", [ImportState.created, ImportState.started, ImportState.canceled])
def test_what_has_not_ended_or_was_canceled_is_not_told(ended: Database, tmp_path: Path, status: ImportState) -> None:
    change(ended, status=status)
    send_mail(ended, Settings(data_dir=tmp_path), IMPORT)
    assert list(tmp_path.iterdir()) == []


def test_nobody_is_told_of_an_import_of_the_operator(ended: Database, tmp_path: Path) -> None:
    change(ended, user_id=None)
    send_mail(ended, Settings(data_dir=tmp_path), IMPORT)
    send_mail(ended, Settings(data_dir=tmp_path), 999)
    assert list(tmp_path.iterdir()) == []


def test_an_end_is_told_once_and_the_next_one_again(ended: Database, server: MailServer, tmp_path: Path) -> None:
    settings = settings_of(server, tmp_path)
    change(ended, status=ImportState.failed)
    server.answers_to_message.append("451 try later")
    with pytest.raises(MailServerUnreachableError):
        send_mail(ended, settings, IMPORT)
    for _ in range(3):
        send_mail(ended, settings, IMPORT)
    assert [message["Subject"] for message in server.messages] == ["Offline import failed"]
    change(ended, status=ImportState.finished, ended_at=LATER)
    for _ in range(2):
        send_mail(ended, settings, IMPORT)
    assert [message["Message-ID"] for message in server.messages] == [
        "<bulk-import-5-20260416200507000000@forge.example.com>",
        "<bulk-import-5-20260417080000000000@forge.example.com>",
    ]


def test_two_workers_do_not_tell_at_once(ended: Database, server: MailServer, tmp_path: Path) -> None:
    with ended.session() as other:
        lock = func.hashtextextended(f"{names.MAIL} {IMPORT}", 0)
        assert other.scalar(select(func.pg_try_advisory_xact_lock(lock)))
        send_mail(ended, settings_of(server, tmp_path), IMPORT)
    assert server.messages == []


def test_what_the_archive_says_stays_text_and_credentials_stay_here(ended: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    change(ended, has_failures=True, error="see http://user:hunter2@store.example.com/x")
    with ended.session() as session:
        session.execute(
            update(OfflineConfiguration).values(
                location="s3://key:hunter2@carry", object_storage_credentials="hunter2", decryption="hunter2"
            )
        )
        session.execute(update(ImportEntity).values(source_full_path="acme</td><script>\u202e"))
    fail_records(ended, "one\ntwo <b>bold</b> {{ 7 * 7 }} {path} https://a:hunter2@b\x1b[31m")
    send_mail(ended, settings, IMPORT)
    message = kept(settings)
    assert "hunter2" not in message.as_string()
    text, html = text_of(message), html_of(message)
    assert "Read from: s3://*****@carry\n" in text
    assert r"issues: one\ntwo <b>bold</b> {{ 7 * 7 }} {path} https://*****@b\x1b[31m" in text
    assert "<script>" not in html
    assert "<b>" not in html
    assert "\u202e" not in text + html


def test_of_many_failures_some_are_shown_and_all_are_counted(ended: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    change(ended, has_failures=True)
    fail_records(ended, "no", 25)
    send_mail(ended, settings, IMPORT)
    text = text_of(kept(settings))
    assert text.count("acme/app, issues: no\n") == 20
    assert "- and 5 more; GET /api/v4/bulk_imports/5/report lists all\n" in text
