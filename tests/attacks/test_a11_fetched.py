"""Addresses that an importer might fetch."""

import socket
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.making import records
from tests.attacks.victim import Victim


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Notes whoever tries to reach anything, and fails it."""
    tried: list[object] = []

    def refuse(*words: Any, **_more: Any) -> None:
        tried.append(words[1:] if words and isinstance(words[0], socket.socket) else words)
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried


class TestA11Fetched:
    """A11: an attribute such as `remote_attachment_url` makes the importer fetch what only the server can reach.

    It happened to GitLab's project import (CVE-2020-10956).
    Defence: no attribute of an archive makes anybody connect anywhere. `remote_*` is refused by its name, `import_url` and
    its like do not travel, and what is stored as a link is never followed.
    """

    @pytest.mark.parametrize("url", ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:5432/x.png"])
    def test_nothing_is_fetched(self, victim: Victim, tmp_path: Path, no_network: list[object], url: str) -> None:
        taken = victim.takes(records.fetched(tmp_path, url))
        assert no_network == []
        assert taken.messages == []
        assert taken.dropped("self") == {
            "avatar": "excluded",
            "external_webhook_token": "excluded",
            "import_source": "excluded",
            "import_url": "excluded",
            "mirror": "excluded",
            "remote_attachment_url": "prohibited",
            "remote_avatar_request_header": "prohibited",
            "remote_avatar_url": "prohibited",
        }
        assert taken.dropped("issues.notes")["remote_attachment_url"] == "prohibited"

    def test_whoever_tried_would_be_noticed(self, no_network: list[object]) -> None:
        with pytest.raises(OSError, match="no network"):
            socket.create_connection(("127.0.0.1", 9))
        assert no_network != []


class TestA13LocalFiles:
    """A13: `file://` or a path in the place of an address lets an import read files and repositories of the server.

    It happened by the address of a repository (`/etc/passwd`, 2018) and of LFS objects (2022).
    Defence: no address of an archive is followed, whatever its scheme. Git gets bundles as open files, and may use no
    protocol at all; contents count only if the archive brings them.
    """

    @pytest.mark.parametrize("url", ["file:///etc/passwd", "/etc/passwd", "ext::sh -c id"])
    def test_no_file_is_read(self, victim: Victim, tmp_path: Path, no_network: list[object], url: str) -> None:
        taken = victim.takes(records.fetched(tmp_path, url))
        assert no_network == []
        assert taken.dropped("self")["import_url"] == "excluded"
        assert taken.dropped("error_tracking_setting") == {"api_url": "invalid"}
        assert taken.counts("project_badges") == (1, 0, 0, 1)
        contents = b"".join(path.read_bytes() for path in victim.instance.data_dir.rglob("*") if path.is_file())
        assert b"root:x:0:0" not in contents
