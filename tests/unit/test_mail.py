"""The one way out for mails, to a real server and into files."""

import stat
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from offline_transfer import mail
from offline_transfer.mail import BadMailError, Mail, MailRefusedError, MailServerUnreachableError
from offline_transfer.settings import Settings, SmtpEncryption
from tests.support.smtp import HOST, MailServer, mail_server, make_certificate

MAIL = Mail(
    id="offline-export-1-20260416",
    to="ada@example.com",
    name='Ada "the first" Lovelace ✓',
    subject="Offline export complete — ✓",
    text="Hello\n.\nä\n",
    html="<p>Hello ä</p>\n",
)


def to(server: MailServer, tmp_path: Path, **more: Any) -> Settings:
    given: dict[str, Any] = {"smtp_encryption": SmtpEncryption.NONE, **more}
    return Settings(
        data_dir=tmp_path,
        smtp_host=HOST,
        smtp_port=server.port,
        instance_url="https://forge.example.com:8443/git",
        **given,
    )


def test_a_mail_arrives_as_text_and_as_html(tmp_path: Path) -> None:
    with mail_server() as server:
        assert mail.send(to(server, tmp_path), MAIL) == HOST
    (message,) = server.messages
    assert (server.recipients, server.senders) == (["ada@example.com"], ["offline-transfer@forge.example.com"])
    assert {name: str(message[name]) for name in ("From", "To", "Subject", "Message-ID", "Auto-Submitted")} == {
        "From": "Offline transfer <offline-transfer@forge.example.com>",
        "To": '"Ada \\"the first\\" Lovelace ✓" <ada@example.com>',
        "Subject": "Offline export complete — ✓",
        "Message-ID": "<offline-export-1-20260416@forge.example.com>",
        "Auto-Submitted": "auto-generated",
    }
    assert "Date" in message
    assert [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()] == [MAIL.text, MAIL.html]
    assert message.get_content_type() == "multipart/alternative"


def test_without_a_server_mails_become_files_of_their_owner(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "instance")
    path = Path(mail.send(settings, MAIL))
    assert path == tmp_path / "instance" / "mail" / "offline-export-1-20260416.eml"
    assert str(path.parent) == mail.where_to(settings)
    message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    assert message["To"].addresses[0].addr_spec == "ada@example.com"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    # Sent again, it is the same mail.
    assert mail.send(settings, MAIL) == str(path)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com\nBcc: eve@example.com",
        "ada@example.com\r\n\r\nHello",
        "ada@example.com, eve@example.com",
        "Ada <ada@example.com>",
        "ada",
        "",
        "ada@exämple.com",
        "ada@example.com\x00",
        "a" * 251 + "@b.c",
    ],
)
def test_what_is_no_address_gets_no_mail(tmp_path: Path, address: str) -> None:
    settings = Settings(data_dir=tmp_path)
    changed = Mail(**{**{name: getattr(MAIL, name) for name in MAIL.__slots__}, "to": address})
    with pytest.raises(BadMailError):
        mail.send(settings, changed)
    with pytest.raises(BadMailError):
        mail.send(Settings(data_dir=tmp_path, mail_from=address or "x"), MAIL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("field", ["name", "subject"])
def test_a_name_or_a_subject_begins_no_header_of_its_own(tmp_path: Path, field: str) -> None:
    hostile = "x\r\nBcc: eve@example.com\n\n<script>\x00\u2028y"
    changed = Mail(**{**{name: getattr(MAIL, name) for name in MAIL.__slots__}, field: hostile})
    with mail_server() as server:
        mail.send(to(server, tmp_path), changed)
    (message,) = server.messages
    assert server.recipients == ["ada@example.com"]
    assert "Bcc" not in message
    assert sorted(message.keys()) == sorted(
        ["From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted", "MIME-Version", "Content-Type"]
    )


def test_user_and_password_are_shown_to_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    with mail_server(user="forge", password="hunter2", tls_context=certificate.context) as server:

        def send(**more: Any) -> None:
            mail.send(to(server, tmp_path, smtp_encryption=SmtpEncryption.STARTTLS, **more), MAIL)

        send(smtp_user="forge", smtp_password=SecretStr("hunter2"))
        assert len(server.messages) == 1
        with pytest.raises(MailRefusedError) as caught:
            send(smtp_user="forge", smtp_password=SecretStr("wrong-hunter3"))
        with pytest.raises(MailRefusedError):
            send(smtp_user="forge", smtp_password=SecretStr("hünter"))
        with pytest.raises(MailRefusedError):
            send()
    assert caught.value.message == (
        f"The mail server {HOST}:{server.port} refuses a mail: its answer was 535. Check the settings that begin with `smtp_`, and"
        " `mail_from`."
    )
    assert not caught.value.retryable


@pytest.mark.parametrize("encryption", [SmtpEncryption.STARTTLS, SmtpEncryption.TLS])
def test_encrypted_connections_are_encrypted_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encryption: SmtpEncryption
) -> None:
    certificate = make_certificate(tmp_path)
    option = "ssl_context" if encryption is SmtpEncryption.TLS else "tls_context"
    options: dict[str, Any] = {option: certificate.context}
    with mail_server(**options) as server:
        settings = to(server, tmp_path, smtp_encryption=encryption)
        with pytest.raises(MailRefusedError, match="its certificate is not trusted"):
            mail.send(settings, MAIL)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        mail.send(settings, MAIL)
    assert len(server.messages) == 1


def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = make_certificate(tmp_path, address="127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
    with (
        mail_server(tls_context=certificate.context) as server,
        pytest.raises(MailRefusedError, match="its certificate is not trusted"),
    ):
        mail.send(to(server, tmp_path, smtp_encryption=SmtpEncryption.STARTTLS), MAIL)


def test_a_server_that_does_not_encrypt_is_told_nothing(tmp_path: Path) -> None:
    with mail_server() as server, pytest.raises(MailRefusedError, match="it does not offer what the settings ask for"):
        mail.send(to(server, tmp_path, smtp_encryption=SmtpEncryption.STARTTLS), MAIL)
    assert server.messages == []


@pytest.mark.parametrize(
    ("to_recipient", "to_message", "error"),
    [
        ("450 mailbox busy", None, MailServerUnreachableError),
        ("550 no such user; you sent PASSWORD", None, MailRefusedError),
        (None, "451 try later", MailServerUnreachableError),
        (None, "554 spam", MailRefusedError),
    ],
)
def test_a_refusal_says_whether_trying_again_can_help(
    tmp_path: Path, to_recipient: str | None, to_message: str | None, error: type[BadMailError]
) -> None:
    with mail_server() as server:
        server.answers_to_recipient += [to_recipient] if to_recipient else []
        server.answers_to_message += [to_message] if to_message else []
        with pytest.raises(error) as caught:
            mail.send(to(server, tmp_path), MAIL)
        said = to_recipient or to_message or ""
        assert f"its answer was {said[:3]}" in str(caught.value)
        assert "PASSWORD" not in str(caught.value)
        mail.send(to(server, tmp_path), MAIL)
    assert len(server.messages) == 1


def test_a_server_that_is_away_may_come_back(tmp_path: Path) -> None:
    with mail_server() as server:
        settings = to(server, tmp_path)
    with pytest.raises(MailServerUnreachableError) as caught:
        mail.send(settings, MAIL)
    assert caught.value.message == (
        f"The mail server {HOST}:{server.port} did not take a mail: Connection refused. It is tried again; check `smtp_host`,"
        " `smtp_port` and the network."
    )
    assert caught.value.retryable


def test_a_disk_that_takes_no_mail_is_no_silence(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(FileExistsError):
        mail.send(Settings(data_dir=tmp_path), MAIL)
