"""`serve` as the program that it is: it answers, its workers work, and it ends in order."""

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from offline_transfer.errors import ExitStatus
from tests.acceptance.conftest import Prepared
from tests.acceptance.program import SECONDS, Instance, Program, start, started

VARYING = ("time", "request_id", "bytes", "seconds", "host", "pid")
QUICKLY = {"OFFLINE_TRANSFER_POLL_SECONDS": "0.2", "OFFLINE_TRANSFER_HEARTBEAT_SECONDS": "0.5"}


@dataclass(slots=True)
class Serving:
    """A server that runs, and what it logs."""

    process: "subprocess.Popen[str]"
    address: str
    log: list[str] = field(default_factory=list)

    def client(self, token: str) -> httpx.Client:
        """A client with a token."""
        headers = {"PRIVATE-TOKEN": token}
        return httpx.Client(base_url=f"{self.address}/api/v4", headers=headers, timeout=SECONDS, trust_env=False)

    def end(self, number: signal.Signals) -> int:
        """Tell it to end; gives its exit status."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)

    def lines(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self.log]


@contextmanager
def serving(*words: object, **variables: str) -> Iterator[Serving]:
    """The server on a free port, once it is ready."""
    with started("serve", "--port", 0, *words, **QUICKLY, **variables) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        log: list[str] = []
        reading = threading.Thread(target=log.extend, args=(process.stderr,))
        reading.start()
        try:
            first = process.stdout.readline()
            assert first.startswith("Serving http://127.0.0.1:"), (first, process.wait(SECONDS), log)
            address = first.split()[1]
            assert httpx.get(f"{address}/-/readiness", timeout=SECONDS, trust_env=False).status_code == 200
            yield Serving(process, address, log)
        finally:
            process.kill()
            reading.join()


def polled(client: httpx.Client, export_id: int) -> dict[str, Any]:
    """An export once it has ended, asked for as seldom as the server lets us; gives it as it is then."""
    deadline = time.monotonic() + SECONDS
    answer, unchanged = client.get(f"/offline_exports/{export_id}"), 0
    while answer.status_code == 304 or answer.json()["status"] in ("created", "started"):
        assert time.monotonic() < deadline, answer.text
        threading.Event().wait(0.05)
        answer = client.get(f"/offline_exports/{export_id}", headers={"If-None-Match": answer.headers["etag"]})
        unchanged += answer.status_code == 304
    assert unchanged > 0
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def shared_source(filled: tuple[Prepared, Path], program: Program, tmp_path: Path) -> Iterator[Instance]:
    """A copy of the filled instance on a database of somebody else's, where everything was off until it was allowed."""
    with filled[0].copied(program, tmp_path / "source") as copy:
        instance = copy.having(OFFLINE_TRANSFER_SECRETS_FILE=str(tmp_path / "keys"))
        instance.program.run("db", "make-key", tmp_path / "keys").ok()
        for name, value in (("offline_transfer_exports_enabled", "true"), ("offline_transfer_disk_roots", tmp_path)):
            instance.run("settings", "set", name, value).ok()
        yield instance


def test_an_export_is_asked_for_watched_and_verified(shared_source: Instance, tmp_path: Path) -> None:
    instance = shared_source
    instance.run("user", "create", "grace", "--email", "grace@example.com").ok()
    instance.run("member", "add", "fill", "grace", "--role", "owner").ok()
    token = instance.run("token", "create", "grace").ok().out.strip()
    with serving("--data-dir", instance.data_dir, "--workers", 2, **instance.environment) as server:
        with server.client(token) as client:
            answer = client.post(
                f"/offline_exports?private_token={token}",
                json={
                    "disk_configuration": {"directory": str(tmp_path / "archives")},
                    "entities": [{"full_path": "fill"}],
                },
            )
            assert answer.status_code == 201, answer.text
            export = polled(client, answer.json()["id"])
        assert (export["status"], export["has_failures"], export["error"]) == ("finished", False, None)
        assert server.end(signal.SIGTERM) == ExitStatus.OK
    archive = tmp_path / "archives" / export["export_prefix"]
    assert instance.program.run("archive", "verify", archive, environment={}).status == ExitStatus.OK
    (posted,) = [
        line
        for line in server.lines()
        if (line["event"], line.get("route"), line.get("method"))
        == ("request.answered", "/api/v4/offline_exports", "POST")
    ]
    assert {name: value for name, value in posted.items() if name not in VARYING} == {
        "level": "info",
        "event": "request.answered",
        "method": "POST",
        "route": "/api/v4/offline_exports",
        "path_parameters": {},
        "status": 201,
        "client": "127.0.0.1",
        "user_id": posted["user_id"],
    }
    assert token not in "".join(server.log)
    ended = [line["event"] for line in server.lines() if line["event"] in ("server.ended", "worker.ended")]
    assert sorted(ended) == ["server.ended", "worker.ended", "worker.ended"]


def test_a_machine_of_ones_own_needs_nothing_else_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    directory = tmp_path / "forge"
    with serving("--data-dir", directory, "--workers", 0) as server:
        assert server.process.stdout is not None
        assert server.process.stdout.readline() == f"Mails go to {directory}/mail\n"
        assert server.end(signal.SIGINT) == ExitStatus.OK
    assert [line["event"] for line in server.lines() if line["level"] != "info"] == []
    assert list(directory.glob("**/postmaster.pid")) == []


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = start("serve", "--port", port, "--data-dir", tmp_path / "forge")
    assert outcome.refused(ExitStatus.CONFLICT) == (
        f"The address 127.0.0.1:{port} cannot be listened on: address already in use. Choose another with `--host` or `--port`."
    )
    assert not (tmp_path / "forge").exists()


def test_services_begin_with_an_object_where_json_was_asked_for(tmp_path: Path) -> None:
    place = ("--data-dir", tmp_path / "forge", "--json")
    with started("serve", "--port", 0, "--workers", 0, *place, **QUICKLY) as process:
        assert process.stdout is not None
        begun = json.loads(process.stdout.readline())
        assert begun == {"address": begun["address"], "mails": f"{tmp_path}/forge/mail"}
        assert httpx.get(f"{begun['address']}/-/readiness", timeout=SECONDS, trust_env=False).status_code == 200
        again = start("serve", "--port", begun["address"].rpartition(":")[2], *place).ended(ExitStatus.CONFLICT)
        assert again.json["error"]["code"] == "address_refused"
    with started("worker", "--processes", 1, "--queue", "rows", *place, **QUICKLY) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == {"processes": 1, "queues": ["rows"]}
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == ExitStatus.OK


def test_a_host_that_nobody_knows_is_named(tmp_path: Path) -> None:
    outcome = start("serve", "--host", "no.such.host.invalid", "--data-dir", tmp_path / "forge")
    assert "The address no.such.host.invalid:8080 cannot be listened on: " in outcome.refused(ExitStatus.CONFLICT)


def test_a_database_with_an_older_schema_is_not_served(shared_source: Instance, empty_database_url: str) -> None:
    variables = {**shared_source.environment, "DATABASE_URL": empty_database_url}
    outcome = start("serve", "--port", 0, "--data-dir", shared_source.data_dir, **variables)
    assert "run `offline-transfer db migrate`" in outcome.refused(ExitStatus.DATABASE)


@pytest.mark.parametrize("words", [("serve", "--port", 0, "--workers", 0), ("worker", "--processes", 1)])
def test_without_keys_for_credentials_no_service_begins(
    program: Program, tmp_path: Path, database_url: str, words: tuple[object, ...]
) -> None:
    elsewhere = Instance(program, tmp_path / "forge", {"DATABASE_URL": database_url})
    assert elsewhere.run(*words).refused(ExitStatus.USAGE) == (
        "With DATABASE_URL the keys that encrypt credentials lie in a file that OFFLINE_TRANSFER_SECRETS_FILE names, and it is"
        " not set. Make one with `offline-transfer db make-key FILE`, and give the same file to every machine of this instance."
    )
    lost = elsewhere.having(OFFLINE_TRANSFER_SECRETS_FILE=str(tmp_path / "keys"))
    assert lost.run(*words).refused(ExitStatus.USAGE) == (
        f"The file of encryption keys {tmp_path}/keys does not exist. Copy the one that this instance used, or make the first one"
        f" with `offline-transfer db make-key {tmp_path}/keys`: what was encrypted with lost keys cannot be opened again."
    )
    assert list(tmp_path.iterdir()) == []
