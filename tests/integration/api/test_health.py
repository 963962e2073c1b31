"""Whether the process lives and can serve, and its numbers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import text

from offline_transfer import queue
from offline_transfer.api.metrics import FORWARDED
from offline_transfer.exporting import names
from offline_transfer.forge.tokens import Scope
from offline_transfer.transfers.models import (
    BatchTracker,
    BulkImport,
    ImportEntity,
    OfflineExport,
    RelationExport,
    Tracker,
)
from offline_transfer.transfers.states import (
    EntityState,
    ExportState,
    ImportState,
    RelationState,
    SourceType,
    TrackerState,
)
from tests.integration.api import scene
from tests.support.api import Api
from tests.support.environment import REPOSITORY
from tests.support.faulty_s3 import Answer, Rule, faulty_front
from tests.support.s3 import S3Server

FORBIDDEN = {"message": "Metrics are for this machine itself, and for others with the token of an administrator."}


def numbers(api: Api) -> dict[str, dict[tuple[str, ...], float]]:
    """The samples of the metrics, by name and the values of their labels in the order of those."""
    answer = api.client().get(f"{api.address}/-/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=1.0.0")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_a_process_that_answers_lives(api: Api) -> None:
    client = api.client()
    assert client.get(f"{api.address}/-/liveness").json() == {"status": "ok"}
    assert client.get(f"{api.address}/-/health").text == "offline-transfer OK\n"


def test_it_is_ready_when_the_database_answers_and_has_the_right_schema(api: Api) -> None:
    answer = api.client().get(f"{api.address}/-/readiness")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ok", "db_check": [{"status": "ok"}], "schema_check": [{"status": "ok"}]},
    )


def test_it_is_not_ready_when_the_schema_is_another(own_api: Api) -> None:
    with own_api.instance.database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    answer = own_api.client().get(f"{own_api.address}/-/readiness")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "failed", "db_check": [{"status": "ok"}], "schema_check": [{"status": "failed"}]},
    )


@contextmanager
def gone(api: Api) -> Iterator[None]:
    """The database refuses everybody for as long as the block."""
    conninfo = api.instance.database.conninfo
    name = str(conninfo_to_dict(conninfo)["dbname"])
    with psycopg.connect(make_conninfo(conninfo, dbname="postgres"), autocommit=True) as administrator:
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        administrator.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        administrator.execute(allow.format(sql.Identifier(name), sql.Literal(True)))


def test_it_lives_and_is_not_ready_while_the_database_is_gone(own_api: Api) -> None:
    client = own_api.client(own_api.person("ada"))
    with gone(own_api):
        answer = client.get(f"{own_api.address}/-/readiness")
        assert (answer.status_code, answer.json()) == (
            503,
            {"status": "failed", "db_check": [{"status": "failed"}], "schema_check": [{"status": "failed"}]},
        )
        assert client.get(f"{own_api.address}/-/liveness").status_code == 200
        answer = client.get("/user")
        assert (answer.status_code, answer.json()) == (
            503,
            {"message": "The database cannot be used now. Try again later."},
        )
    assert client.get("/user").status_code == 200


def test_metrics_count_what_the_rows_say(own_api: Api) -> None:
    with own_api.instance.database.session() as session:
        exports = [OfflineExport(status=state, batch_size=1) for state in (ExportState.finished, ExportState.failed)]
        session.add_all(exports)
        session.flush()
        gaps = [{"name": "a", "reason": "it is not there", "kind": "gap", "count": 3}]
        session.add_all(
            RelationExport(
                offline_export_id=export.id,
                project_id=1,
                relation="issues",
                status=RelationState.finished,
                exported_count=7,
                bytes=1000,
                retries=2,
                gaps=gaps,
            )
            for export in exports
        )
        queue.defer(session, names.EXPORT, offline_export_id=exports[0].id)
        bulk_import = BulkImport(source_type=SourceType.offline_export, status=ImportState.started)
        session.add(bulk_import)
        session.flush()
        entity = ImportEntity(
            bulk_import_id=bulk_import.id,
            source_type=0,
            source_full_path="acme",
            source_prefix="group_1",
            destination_name="acme",
            destination_namespace="",
            status=EntityState.failed,
        )
        session.add(entity)
        session.flush()
        tracker = Tracker(bulk_import_entity_id=entity.id, relation="labels", stage=1, status=TrackerState.skipped)
        session.add(tracker)
        session.flush()
        counts = {"labels": {"imported": 3}, "labels.priorities": {"imported": 5}}
        session.add_all(
            BatchTracker(tracker_id=tracker.id, batch_number=number, accounting={"paths": counts}) for number in (1, 2)
        )
        session.add(BatchTracker(tracker_id=tracker.id, batch_number=3))
    found = numbers(own_api)
    assert found["offline_transfer_imports"] == {("started",): 1}
    assert found["offline_transfer_import_entities"] == {("failed",): 1}
    assert found["offline_transfer_import_pipelines"] == {("skipped",): 1}
    assert found["offline_transfer_imported_records"] == {("labels",): 6}
    assert found["offline_transfer_exports"] == {("failed",): 1, ("finished",): 1}
    assert found["offline_transfer_export_relations"] == {("finished",): 2}
    assert found["offline_transfer_exported_records"] == {("issues",): 14}
    assert found["offline_transfer_exported_bytes"] == {("issues",): 2000}
    assert found["offline_transfer_export_retries"] == {("issues",): 4}
    assert found["offline_transfer_export_failures"] == {("gap", "issues"): 6}
    assert found["offline_transfer_jobs"] == {("todo", names.EXPORT): 1}
    assert found["offline_transfer_stale_work_ended"] == {(): 0}
    assert set(found["offline_transfer_queue_oldest_seconds"]) == {(queue_name,) for queue_name in queue.QueueName}


def test_metrics_count_what_a_store_refused_by_its_reason_until_it_was_done(
    api: Api, ada: httpx.Client, rclone_server: S3Server
) -> None:
    denied = {("StorageAccessDeniedError", "issues"): 2.0, ("StorageAccessDeniedError", "labels"): 1.0}
    name = "offline_transfer_export_failures"
    before = numbers(api).get(name, {})
    with faulty_front(rclone_server) as front:
        front.plan(Rule(Answer(403, "AccessDenied"), "PUT", "project_5/(issues/|labels)", times=None))
        body = scene.to_bucket(front.server, rclone_server.new_bucket().bucket, "acme/tools/Kettle", batch_size=2)
        export = ada.post(scene.PATH, json=body).json()
        api.work()
        assert numbers(api)[name] == before | denied
        found = ada.get(f"{scene.PATH}/{export['id']}/relations", params={"per_page": 100}).json()
        failed = {row["relation"]: row["exception_class"] for row in found if row["exception_class"] is not None}
        assert failed == {"issues": "StorageAccessDeniedError", "labels": "StorageAccessDeniedError"}
        front.plan()
        ada.post(f"{scene.PATH}/{export['id']}/retry")
        api.work()
    assert scene.shown(ada, export)["has_failures"] is False
    assert numbers(api).get(name, {}) == before


def test_metrics_count_exports_that_failed_as_a_whole(api: Api, ada: httpx.Client, rclone_server: S3Server) -> None:
    name = "offline_transfer_export_failures"
    before = numbers(api).get(name, {})
    with faulty_front(rclone_server) as front:
        body = scene.to_bucket(front.server, rclone_server.new_bucket().bucket, entities=scene.ALONE)
        export = ada.post(scene.PATH, json=body).json()
        front.plan(Rule(Answer(403, "AccessDenied"), "PUT", "SHA256SUMS"))
        api.work()
        assert scene.shown(ada, export)["status"] == "failed"
        assert numbers(api)[name] == before | {("StorageAccessDeniedError", ""): 1.0}


@pytest.mark.parametrize("header", FORWARDED)
def test_what_a_proxy_passed_on_does_not_come_from_this_machine(api: Api, header: str) -> None:
    answer = api.client(None, **{header: "127.0.0.1"}).get(f"{api.address}/-/metrics")
    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)


def test_metrics_are_for_administrators_elsewhere(api: Api) -> None:
    address, elsewhere = f"{api.address}/-/metrics", {"X-Forwarded-For": "192.0.2.1"}
    admin, ada = api.person("root", scopes=[Scope.READ_API], admin=True), api.person("ada")
    assert api.client(admin, **elsewhere).get(address).status_code == 200
    assert api.client(ada, **elsewhere).get(address).json() == FORBIDDEN
    assert api.client(ada).get(address).json() == FORBIDDEN
    assert api.client(None, **{"PRIVATE-TOKEN": "nonsense"}).get(address).status_code == 401


def test_every_metric_is_described(api: Api) -> None:
    page = (REPOSITORY / "docs" / "howto" / "serve.md").read_text("utf-8")
    text = api.client().get(f"{api.address}/-/metrics").text
    names = {family.name for family in text_string_to_metric_families(text)}
    assert len(names) > 8
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
    assert [name for name in re.findall(r"`(offline_transfer_\w+)`", page) if name not in names] == []
