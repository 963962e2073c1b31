"""Offline exports over the API, as they go well."""

import gzip
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.storage.disk import DiskStore
from offline_transfer.transfers.models import OfflineConfiguration
from offline_transfer.verify.reader import Archive
from tests.integration.api import scene
from tests.integration.api.scene import ALONE, PATH, refused, shown, started
from tests.support.api import Api
from tests.support.s3 import S3Server


def without_times(export: dict[str, Any]) -> dict[str, Any]:
    """What of an export is the same each time."""
    return {name: value for name, value in export.items() if name not in ("id", "export_prefix") and "_at" not in name}


def test_an_export_begins_runs_and_ends(api: Api, ada: httpx.Client) -> None:
    first = started(api, ada, "ACME")
    ExportPrefix.parse(first["export_prefix"])
    assert without_times(first) == {
        "status": "created",
        "source_hostname": "http://localhost",
        "notice": "People at a destination see http://localhost when they are asked to accept contributions.",
        "has_failures": False,
        "bucket": str(api.instance.settings.data_dir / "exports"),
        "entities": ["acme"],
        "encrypted": False,
        "batch_size": 1000,
        "error": None,
        "done": {
            "relations": {"pending": 1, "started": 0, "finished": 0, "failed": 0},
            "objects_count": 0,
            "bytes": 0,
        },
    }
    assert (first["started_at"], first["ended_at"]) == (None, None)

    api.work()
    last = shown(ada, first)
    assert without_times(last) == {
        **without_times(first),
        "status": "finished",
        "done": last["done"],
    }
    assert last["done"]["relations"] == {
        "pending": 0,
        "started": 0,
        "finished": last["done"]["relations"]["finished"],
        "failed": 0,
    }
    assert last["done"]["objects_count"] >= scene.ISSUES
    assert last["done"]["bytes"] > 1000
    assert (last["id"], last["export_prefix"]) == (first["id"], first["export_prefix"])
    assert last["created_at"] <= last["started_at"] <= last["ended_at"]
    with Archive(
        DiskStore(api.instance.settings.data_dir / "exports"), ExportPrefix.parse(last["export_prefix"])
    ) as archive:
        assert sorted(archive.metadata.entities_mapping) == ["acme", "acme/tools", "acme/tools/Kettle"]


def test_each_relation_tells_how_far_it_is(api: Api, ada: httpx.Client) -> None:
    export = started(api, ada, "acme/tools/kettle")
    address = f"{PATH}/{export['id']}/relations"
    (waiting,) = ada.get(address).json()
    assert {**waiting, "updated_at": ""} == {
        "entity": "acme/tools/Kettle",
        "relation": "self",
        "status": "pending",
        "batches_count": 0,
        "batches_finished_count": 0,
        "total_objects_count": 0,
        "exported_objects_count": 0,
        "failed_objects_count": 0,
        "bytes": 0,
        "retries_count": 0,
        "error": None,
        "exception_class": None,
        "updated_at": "",
    }
    api.work()
    answer = ada.get(address, params={"per_page": 100})
    by_name = {relation["relation"]: relation for relation in answer.json()}
    assert {**by_name["issues"], "updated_at": ""} == {
        "entity": "acme/tools/Kettle",
        "relation": "issues",
        "status": "finished",
        "batches_count": 1,
        "batches_finished_count": 1,
        "total_objects_count": scene.ISSUES,
        "exported_objects_count": scene.ISSUES,
        "failed_objects_count": 0,
        "bytes": by_name["issues"]["bytes"],
        "retries_count": 0,
        "error": None,
        "exception_class": None,
        "updated_at": "",
    }
    assert by_name["issues"]["bytes"] > 0
    assert len(by_name) == int(answer.headers["x-total"]) == shown(ada, export)["done"]["relations"]["finished"]


def test_an_export_has_the_source_hostname_and_the_size_of_batches_that_were_asked_for(
    api: Api, ada: httpx.Client
) -> None:
    export = started(api, ada, "acme/tools/Kettle", source_hostname="The-Old-One", batch_size=2)
    assert (export["source_hostname"], export["batch_size"]) == ("The-Old-One", 2)
    api.work()
    batches = (scene.archive_of(api, export) / "project_5" / "issues").iterdir()
    assert sorted(len(gzip.decompress(batch.read_bytes()).splitlines()) for batch in batches) == [1, 2]


def test_relations_and_descendants_can_be_left_out(api: Api, ada: httpx.Client) -> None:
    entities = [
        {"full_path": "acme", "include_descendants": False},
        {"full_path": "acme/tools/Kettle", "skip_relations": ["issues"]},
    ]
    export = ada.post(PATH, json={**scene.to_directory(api), "entities": entities}).json()
    api.work()
    found = ada.get(f"{PATH}/{export['id']}/relations", params={"per_page": 100}).json()
    assert {relation["entity"] for relation in found} == {"acme", "acme/tools/Kettle"}
    assert "issues" not in {relation["relation"] for relation in found}


def test_an_export_can_be_canceled_once(api: Api, ada: httpx.Client) -> None:
    export = started(api, ada)
    canceled = ada.post(f"{PATH}/{export['id']}/cancel")
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    assert refused(ada.post(f"{PATH}/{export['id']}/cancel"), 409) == {
        "message": f"The export {export['id']} is canceled: there is nothing to cancel."
    }
    api.work()
    assert shown(ada, export)["status"] == "canceled"


def test_a_canceled_export_goes_on_in_the_same_place(api: Api, ada: httpx.Client) -> None:
    export = started(api, ada, entities=ALONE)
    ada.post(f"{PATH}/{export['id']}/cancel")
    api.work()
    retried = ada.post(f"{PATH}/{export['id']}/retry")
    assert (retried.status_code, retried.json()["status"]) == (200, "created")
    api.work()
    assert (shown(ada, export)["status"], shown(ada, export)["export_prefix"]) == ("finished", export["export_prefix"])
    assert (scene.archive_of(api, export) / "metadata.json.gz").exists()
    assert refused(ada.post(f"{PATH}/{export['id']}/retry"), 409) == {
        "message": f"The export {export['id']} is finished, and can be tried again only when it has failed, was canceled, took"
        " too long, or has failures."
    }


def test_a_retry_asks_for_the_store_once_its_credentials_are_gone(
    api: Api, ada: httpx.Client, rclone_server: S3Server
) -> None:
    body = scene.to_bucket(rclone_server, rclone_server.new_bucket().bucket)
    export = ada.post(PATH, json=body).json()
    address = f"{PATH}/{export['id']}/retry"
    ada.post(f"{PATH}/{export['id']}/cancel")
    with api.instance.database.session() as session:
        of_export = OfflineConfiguration.offline_export_id == export["id"]
        session.execute(update(OfflineConfiguration).where(of_export).values(object_storage_credentials=None))
    assert refused(ada.post(address), 422) == {
        "message": f"The credentials of export {export['id']} were removed after it had ended. Give the storage configuration"
        " again."
    }
    del body["entities"]
    elsewhere = {**body, "bucket": rclone_server.new_bucket().bucket}
    assert refused(ada.post(address, json=elsewhere), 422) == {
        "message": f"The archive of export {export['id']} is in s3://{export['bucket']}, and the rest of it cannot be"
        " elsewhere. Give the configuration of that place."
    }
    assert ada.post(address, json=body).json()["status"] == "created"


def test_a_store_is_written_to_and_looked_at_by_somebody_else(
    api: Api, ada: httpx.Client, rclone_server: S3Server
) -> None:
    bucket = rclone_server.new_bucket().bucket
    answer = ada.post(PATH, json=scene.to_bucket(rclone_server, bucket, "acme", "acme/tools/Kettle"))
    export = answer.json()
    assert (answer.status_code, export["bucket"]) == (201, bucket)
    assert rclone_server.secret_access_key not in answer.text
    api.work()
    assert shown(ada, export)["status"] == "finished"
    client, prefix = rclone_server.client(), export["export_prefix"]
    listed = client.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/")["Contents"]
    keys = {item["Key"].removeprefix(f"{prefix}/") for item in listed}
    assert {
        "metadata.json.gz",
        "manifest.json.gz",
        "SHA256SUMS",
        "group_2/self.json.gz",
        "project_5/self.json.gz",
    } <= keys
    metadata = client.get_object(Bucket=bucket, Key=f"{prefix}/metadata.json.gz")["Body"].read()
    assert json.loads(gzip.decompress(metadata))["entities_mapping"] == {
        "acme": "group_2",
        "acme/tools": "group_3",
        "acme/tools/Kettle": "project_5",
    }
    assert shown(ada, export)["done"]["relations"]["finished"] == len(keys) - len(
        {"metadata.json.gz", "manifest.json.gz", "SHA256SUMS"}
    )


@pytest.mark.slow
def test_a_passphrase_is_in_no_answer(api: Api, ada: httpx.Client) -> None:
    passphrase = "six words that do not belong together"
    answer = ada.post(PATH, json=scene.to_directory(api, encryption={"passphrase": passphrase}))
    assert (answer.status_code, answer.json()["encrypted"]) == (201, True)
    texts = [answer.text, ada.get(f"{PATH}/{answer.json()['id']}").text, ada.get(PATH).text]
    assert all(passphrase not in text for text in texts)
