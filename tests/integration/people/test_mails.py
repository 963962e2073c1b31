"""What people are told when an export has ended: once, and without a secret."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from offline_transfer import queue
from offline_transfer.db import Database
from offline_transfer.exporting import mails, names
from offline_transfer.exporting.create import create_export
from offline_transfer.exporting.mails import send_mail
from offline_transfer.exporting.request import ExportRequest, RequestedEntity
from offline_transfer.forge import access
from offline_transfer.forge.members import Member
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.routes import Route
from offline_transfer.forge.users import User
from offline_transfer.mail import MailServerUnreachableError
from offline_transfer.settings import Settings, SmtpEncryption
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport, RelationExport
from offline_transfer.transfers.states import ExportState, RelationState
from tests.support.instances import Instance
from tests.support.mails import html_of, kept, text_of
from tests.support.smtp import HOST, MailServer, mail_server

PREFIX = "2026-04-16_19-39-00_export_dJtnb3CV"
STARTED = datetime(2026, 4, 16, 19, 39, 0, 123456, tzinfo=UTC)
ENDED = datetime(2026, 4, 16, 20, 5, 7, tzinfo=UTC)
LATER = datetime(2026, 4, 17, 8, 0, 0, tzinfo=UTC)
EXPORT = 5


@pytest.fixture
def ended(database: Database) -> Database:
    """An export of Ada's that has ended."""
    with database.session() as session:
        session.add_all(
            [
                User(id=2, username="ada", name="Ada", email="ada@example.com"),
                Namespace(id=10, name="Top", path="top", type="Group"),
            ]
        )
        session.flush()
        session.add(Route(path="top", name="Top", namespace_id=10))
        session.add(
            OfflineExport(
                id=EXPORT,
                user_id=2,
                status=ExportState.finished,
                batch_size=1000,
                created_at=STARTED,
                started_at=STARTED,
                ended_at=ENDED,
            )
        )
        session.flush()
        session.add(
            OfflineConfiguration(
                offline_export_id=EXPORT,
                export_prefix=PREFIX,
                source_hostname="https://gitlab.example.com",
                location="s3://carry/exports",
            )
        )
        session.add(
            RelationExport(
                offline_export_id=EXPORT, group_id=10, relation="self", status=RelationState.finished, full_path="top"
            )
        )
    return database


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


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
        session.execute(update(OfflineExport).values(**values))


def fail_labels(database: Database, message: str, count: int = 1) -> None:
    with database.session() as session:
        session.add_all(
            [
                RelationExport(
                    offline_export_id=EXPORT,
                    group_id=10,
                    relation=name,
                    status=RelationState.failed,
                    error=message,
                )
                for name in ("labels", "milestones", "badges", "boards", "members")[:count]
            ]
        )


def told(settings: Settings, database: Database) -> EmailMessage:
    """The mail that lands on disk."""
    send_mail(database, settings, EXPORT)
    return kept(settings)


def test_a_complete_export_is_told_in_full(ended: Database, tmp_path: Path) -> None:
    message = told(Settings(data_dir=tmp_path), ended)
    assert (message["Subject"], message["To"]) == ("Offline export complete", "Ada <ada@example.com>")
    assert message["Message-ID"] == "<offline-export-5-20260416200507000000@localhost>"
    assert text_of(message) == (
        """\
Offline export complete

The export is complete: the archive has everything that was asked for.

Export: 5
Started: 16 April 2026, 19:39 UTC
Ended: 16 April 2026, 20:05 UTC
Source: https://gitlab.example.com
Export prefix: 2026-04-16_19-39-00_export_dJtnb3CV
Stored in: s3://carry/exports

What to do:

- Carry the directory 2026-04-16_19-39-00_export_dJtnb3CV to the destination as it is, and import it there.
- Delete it when nobody needs it any more: nothing else will.

--\x20
Sent by offline-transfer at http://localhost
"""
    )


def test_what_failed_is_told_with_the_way_to_have_it_again(ended: Database, tmp_path: Path) -> None:
    change(ended, has_failures=True)
    fail_labels(ended, "the store refused: 403")
    message = told(Settings(data_dir=tmp_path), ended)
    assert message["Subject"] == "Offline export complete with failures"
    assert text_of(message).partition("What failed")[2].partition("-- ")[0] == (
        """\
:

- top, labels: the store refused: 403

What to do:

- Correct what failed, and have that alone exported again into the same archive: POST /api/v4/offline_exports/5/retry.
- Or carry the directory 2026-04-16_19-39-00_export_dJtnb3CV to the destination without it. The archive names what it lacks.

"""
    )
    assert "<td" in html_of(message)
    assert "the store refused: 403</td>" in html_of(message)


@pytest.mark.parametrize(
    ("status", "subject", "opening"),
    [
        (ExportState.failed, "Offline export failed", "The export failed."),
        (ExportState.timeout, "Offline export timed out", "The export was ended because it did not get on any more."),
    ],
)
def test_an_export_without_an_archive_says_so(
    ended: Database, tmp_path: Path, status: ExportState, subject: str, opening: str
) -> None:
    change(ended, status=status, error="nothing could be read")
    message = told(Settings(data_dir=tmp_path), ended)
    assert message["Subject"] == subject
    text = text_of(message)
    assert f"{opening} What it has written is no archive and cannot be imported." in text
    assert "Reason: nothing could be read\n" in text
    assert f"Then the directory {PREFIX} can be deleted." in text


@pytest.mark.parametrize("status", [ExportState.created, ExportState.started, ExportState.canceled])
def test_what_has_not_ended_or_was_canceled_is_not_told(ended: Database, tmp_path: Path, status: ExportState) -> None:
    change(ended, status=status)
    send_mail(ended, Settings(data_dir=tmp_path), EXPORT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change_user", [{"email": ""}, {"state": "blocked"}])
def test_whoever_cannot_be_told_is_not(ended: Database, tmp_path: Path, change_user: dict[str, Any]) -> None:
    with ended.session() as session:
        session.execute(update(User).values(**change_user))
    send_mail(ended, Settings(data_dir=tmp_path), EXPORT)
    assert list(tmp_path.iterdir()) == []


def test_an_export_of_the_operator_has_nobody_to_tell(ended: Database, tmp_path: Path) -> None:
    change(ended, user_id=None)
    send_mail(ended, Settings(data_dir=tmp_path), EXPORT)
    send_mail(ended, Settings(data_dir=tmp_path), 999)
    assert list(tmp_path.iterdir()) == []


def test_an_end_is_told_once_and_the_next_one_again(ended: Database, server: MailServer, tmp_path: Path) -> None:
    settings = settings_of(server, tmp_path)
    change(ended, status=ExportState.failed)
    for _ in range(3):
        send_mail(ended, settings, EXPORT)
    assert [message["Subject"] for message in server.messages] == ["Offline export failed"]
    change(ended, status=ExportState.started, ended_at=None)
    send_mail(ended, settings, EXPORT)
    change(ended, status=ExportState.failed, ended_at=LATER)
    for _ in range(2):
        send_mail(ended, settings, EXPORT)
    assert [message["Message-ID"] for message in server.messages] == [
        "<offline-export-5-20260416200507000000@forge.example.com>",
        "<offline-export-5-20260417080000000000@forge.example.com>",
    ]


def test_an_end_that_could_not_be_told_is_told_later(ended: Database, server: MailServer, tmp_path: Path) -> None:
    settings = settings_of(server, tmp_path)
    server.answers_to_message.append("451 try later")
    with pytest.raises(MailServerUnreachableError):
        send_mail(ended, settings, EXPORT)
    assert server.messages == []
    send_mail(ended, settings, EXPORT)
    assert len(server.messages) == 1


def test_two_workers_do_not_tell_at_once(ended: Database, server: MailServer, tmp_path: Path) -> None:
    with ended.session() as other:
        lock = func.hashtextextended(f"{names.MAIL} {EXPORT}", 0)
        assert other.scalar(select(func.pg_try_advisory_xact_lock(lock)))
        send_mail(ended, settings_of(server, tmp_path), EXPORT)
    assert server.messages == []
    send_mail(ended, settings_of(server, tmp_path), EXPORT)
    assert len(server.messages) == 1


def test_telling_is_no_change_of_the_export(ended: Database, tmp_path: Path) -> None:
    with ended.session() as session:
        before = session.get_one(OfflineExport, EXPORT).updated_at
    send_mail(ended, Settings(data_dir=tmp_path), EXPORT)
    with ended.session() as session:
        export = session.get_one(OfflineExport, EXPORT)
        assert (export.updated_at, export.mailed_end) == (before, ENDED)


def test_names_and_reasons_of_others_stay_text_without_secrets(ended: Database, tmp_path: Path) -> None:
    change(ended, has_failures=True, error="see http://user:hunter2@store.example.com/x")
    with ended.session() as session:
        session.execute(
            update(OfflineConfiguration).values(
                source_hostname="https://user:hunter2@gitlab.example.com", location="s3://key:hunter2@carry"
            )
        )
        session.execute(update(User).values(name="Ada\r\nBcc: eve@example.com"))
        session.execute(update(Route).values(path="top</td><script>\u202e"))
    fail_labels(ended, "line one\nline two <b>bold</b> {{ 7 * 7 }} https://a:hunter2@b\x1b[31m" + "x" * 150)
    message = told(Settings(data_dir=tmp_path), ended)
    assert "hunter2" not in message.as_string()
    text, html = text_of(message), html_of(message)
    assert "Source: https://*****@gitlab.example.com\n" in text
    assert "Stored in: s3://*****@carry\n" in text
    assert r"labels: line one\nline two <b>bold</b> {{ 7 * 7 }} https://*****@b\x1b[31mxxx" in text
    assert "<script>" not in html
    assert "<b>" not in html
    assert "\u202e" not in text + html
    assert message["To"].addresses[0].addr_spec == "ada@example.com"
    assert "Bcc" not in message


def test_of_many_failures_some_are_shown_and_all_are_counted(
    ended: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "FAILURES_SHOWN", 2)
    change(ended, has_failures=True)
    fail_labels(ended, "no", 5)
    text = text_of(told(Settings(data_dir=tmp_path), ended))
    assert text.count(": no\n") == 2
    assert "- and 3 more; GET /api/v4/offline_exports/5/relations lists all\n" in text


def test_an_export_that_runs_to_its_end_is_told_to_who_asked_for_it(ended: Database, tmp_path: Path) -> None:
    instance = Instance(ended, tmp_path / "instance")
    with ended.session() as session:
        session.add(Member(user_id=2, source_type="Namespace", source_id=10, access_level=50, notification_level=3))
    with ended.session() as session:
        actor = access.actor_of(session, 2)
    context = instance.export_context()
    request = ExportRequest(
        entities=[RequestedEntity(full_path="top")],
        storage=StorageConfiguration.from_location(str(tmp_path / "archives"), {}),
        actor=actor,
    )
    created = create_export(context, request)
    queue.run_until_empty(context)
    message = kept(instance.settings)
    assert (message["Subject"], message["To"]) == ("Offline export complete", "Ada <ada@example.com>")
    assert f"Export prefix: {created.prefix}\nStored in: {tmp_path / 'archives'}\n" in text_of(message)
