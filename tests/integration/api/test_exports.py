"""Offline exports over the API: whole bodies of answers, and what is refused."""

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.db import connect
from offline_transfer.forge import application_settings
from offline_transfer.forge.members import Member
from offline_transfer.forge.tokens import Scope
from offline_transfer.storage.disk import DiskStore
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport
from offline_transfer.transfers.states import ExportState
from offline_transfer.verify.reader import Archive
from tests.integration.api import scene
from tests.support.api import Api, running_api
from tests.support.database import TestServer
from tests.support.s3 import S3Server

NOT_FOUND = {"message": "404 Not Found"}
PATH = "/offline_exports"
ALONE = [{"full_path": "acme", "include_descendants": False}]


@pytest.fixture(scope="module")
def api(database_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API of an instance with a group, on which users may ask as often as they like."""
    with database_server.clone() as url:
        database = connect(url)
        scene.build(database)
        with database.session() as session:
            application_settings.change(session, "offline_export_requests_per_minute", "0")
        with running_api(database, tmp_path_factory.mktemp("exports") / "instance") as running:
            yield running
        database.close()


@pytest.fixture
def ada(api: Api) -> httpx.Client:
    """A client of an owner of the group."""
    return api.client(scene.owner(api))


def started(api: Api, client: httpx.Client, *full_paths: str, **parameters: Any) -> dict[str, Any]:
    """An export that was asked for."""
    answer = client.post(PATH, json=scene.to_directory(api, *full_paths, **parameters))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def shown(client: httpx.Client, export: Mapping[str, Any]) -> dict[str, Any]:
    """An export as it is now."""
    found: dict[str, Any] = client.get(f"{PATH}/{export['id']}").json()
    return found


def without_times(export: dict[str, Any]) -> dict[str, Any]:
    """What of an export is the same each time."""
    return {name: value for name, value in export.items() if name not in ("id", "export_prefix") and "_at" not in name}


def refused(answer: httpx.Response, status: int) -> Any:
    """What a refusal says."""
    assert answer.status_code == status, answer.text
    return answer.json()


def test_an_export_begins_runs_and_ends(api: Api, ada: httpx.Client) -> None:
    first = started(api, ada, "ACME")
    ExportPrefix.parse(first["export_prefix"])
    assert without_times(first) == {
        "status": "created",
        "source_hostname": "http://localhost",
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
        "error": None,
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
        "error": None,
        "updated_at": "",
    }
    assert by_name["issues"]["bytes"] > 0
    assert len(by_name) == int(answer.headers["x-total"]) == shown(ada, export)["done"]["relations"]["finished"]


def test_whoever_polls_gets_an_answer_when_something_has_changed(api: Api, ada: httpx.Client) -> None:
    export = started(api, ada, entities=ALONE)
    for address in (f"{PATH}/{export['id']}", f"{PATH}/{export['id']}/relations", PATH):
        first = ada.get(address)
        assert first.headers["cache-control"] == "max-age=0, private, must-revalidate"
        known = {"If-None-Match": f'"nonsense", {first.headers["etag"]}'}
        same = ada.get(address, headers=known)
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    known = {"If-None-Match": ada.get(f"{PATH}/{export['id']}").headers["etag"]}
    api.work()
    changed = ada.get(f"{PATH}/{export['id']}", headers=known)
    assert (changed.status_code, changed.json()["status"]) == (200, "finished")


def test_lists_are_paged_sorted_and_filtered(api: Api, ada: httpx.Client) -> None:
    ids = [started(api, ada)["id"] for _ in range(5)]
    ada.post(f"{PATH}/{ids[0]}/cancel")
    assert [export["id"] for export in ada.get(PATH).json()] == ids[::-1]
    assert [export["id"] for export in ada.get(PATH, params={"status": "canceled"}).json()] == ids[:1]
    assert ada.get(PATH, params={"status": "failed"}).json() == []

    answer = ada.get(PATH, params={"sort": "asc", "per_page": 2, "page": 2})
    assert [export["id"] for export in answer.json()] == ids[2:4]
    page = f"{api.address}/api/v4{PATH}?sort=asc&page={{}}&per_page=2"
    assert {name: value for name, value in answer.headers.items() if name.startswith("x-") or name == "link"} == {
        "x-page": "2",
        "x-per-page": "2",
        "x-next-page": "3",
        "x-prev-page": "1",
        "x-total": "5",
        "x-total-pages": "3",
        "link": ", ".join(
            f'<{page.format(number)}>; rel="{name}"'
            for name, number in {"prev": 1, "next": 3, "first": 1, "last": 3}.items()
        ),
        "x-request-id": answer.headers["x-request-id"],
        "x-content-type-options": "nosniff",
    }
    assert ada.get(PATH, params={"per_page": 5000}).headers["x-per-page"] == "100"
    beyond = ada.get(PATH, params={"page": 10**30})
    assert (beyond.json(), beyond.headers["x-next-page"], beyond.headers["x-prev-page"]) == ([], "", "")


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"page": 0}, "page does not have a valid value"),
        ({"page": "two"}, "page is invalid"),
        ({"per_page": -1, "sort": "up"}, "per_page does not have a valid value, sort does not have a valid value"),
        ({"status": "lost"}, "status does not have a valid value"),
    ],
)
def test_parameters_of_a_list_are_looked_at(ada: httpx.Client, parameters: dict[str, str], problem: str) -> None:
    assert refused(ada.get(PATH, params=parameters), 400) == {"error": problem}


@pytest.mark.parametrize("path", ["x", "1.5", "%00", "1e3"])
def test_a_number_that_is_none_is_told_so(ada: httpx.Client, path: str) -> None:
    assert refused(ada.get(f"{PATH}/{path}"), 400) == {"error": "id is invalid"}


@pytest.mark.parametrize("number", [0, -1, 999_999_999, 2**63, 10**40])
def test_a_number_that_no_export_has_is_not_found(ada: httpx.Client, number: int) -> None:
    for method, tail in (("GET", ""), ("GET", "/relations"), ("POST", "/cancel"), ("POST", "/retry")):
        assert refused(ada.request(method, f"{PATH}/{number}{tail}"), 404) == NOT_FOUND


@pytest.mark.parametrize("is_admin", [False, True])
def test_the_exports_of_others_do_not_exist(api: Api, ada: httpx.Client, is_admin: bool) -> None:
    export = started(api, ada)
    other = api.client(api.person("eve", admin=is_admin))
    assert other.get(PATH).json() == []
    for method, tail in (("GET", ""), ("GET", "/relations"), ("POST", "/cancel"), ("POST", "/retry")):
        assert refused(other.request(method, f"{PATH}/{export['id']}{tail}"), 404) == NOT_FOUND
    assert shown(ada, export)["status"] == "created"


def test_a_token_that_reads_may_only_look(api: Api) -> None:
    person = scene.owner(api)
    client, reader = api.client(person), api.client(api.token(person, Scope.READ_API))
    export = started(api, client)
    assert reader.get(f"{PATH}/{export['id']}").status_code == 200
    for path in (PATH, f"{PATH}/{export['id']}/cancel", f"{PATH}/{export['id']}/retry"):
        answer = reader.post(path, json=scene.to_directory(api))
        assert refused(answer, 403) == {
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": "api",
        }


def test_a_body_is_not_read_before_it_is_known_whose_it_is(api: Api) -> None:
    answer = api.client().post(PATH, content=b"{nonsense")
    assert refused(answer, 401) == {"message": "401 Unauthorized"}


def test_where_exports_are_switched_off_they_do_not_exist(own_api: Api) -> None:
    ada = own_api.client(own_api.person("ada", admin=True))
    with own_api.instance.database.session() as session:
        application_settings.change(session, "offline_transfer_exports_enabled", "false")
    for answer in (
        ada.get(PATH),
        ada.post(PATH, content=b"{nonsense"),
        ada.get(f"{PATH}/1"),
        ada.post(f"{PATH}/1/cancel"),
    ):
        assert refused(answer, 404) == NOT_FOUND
    assert refused(own_api.client().get(PATH), 401) == {"message": "401 Unauthorized"}


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        (
            b"{",
            {},
            400,
            "The body is not acceptable JSON: Expecting property name enclosed in double quotes (line 1, column 2).",
        ),
        (b"[]", {}, 400, "The body is not a JSON object."),
        (b"\xff", {}, 400, "The body is not acceptable JSON: it is not UTF-8 (byte 1)."),
        (b'{"a": NaN}', {}, 400, "The body is not acceptable JSON: NaN is no JSON number."),
        (b" " * 1024 * 1024 + b"{}", {}, 413, "The body is larger than 1048576 bytes."),
        (
            b"{}",
            {"Content-Type": "text/plain"},
            415,
            "The provided content-type 'text/plain' is not supported. Send `Content-Type: application/json`.",
        ),
        (
            b"{}",
            {"Content-Type": "application/json; charset=latin-1"},
            415,
            "The provided content-type 'application/json; charset=latin-1' is not supported. Send `Content-Type:"
            " application/json`.",
        ),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    ada: httpx.Client, body: bytes, headers: dict[str, str], status: int, said: str
) -> None:
    answer = ada.post(PATH, content=body, headers={"Content-Type": "application/json", **headers})
    assert refused(answer, status) == {"error": said}


def test_a_body_without_a_declared_length_is_measured_all_the_same(ada: httpx.Client) -> None:
    answer = ada.post(PATH, content=(b" " * 1000 for _ in range(2000)), headers={"Content-Type": "application/json"})
    assert refused(answer, 413) == {"error": "The body is larger than 1048576 bytes."}


def test_the_request_of_the_worker_document_would_lose_a_group_and_is_refused(api: Api, ada: httpx.Client) -> None:
    good = json.dumps(scene.to_directory(api, "acme/tools"))
    body = good.replace('"full_path": "acme/tools"', '"full_path": "acme", "full_path": "acme/tools"')
    answer = ada.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert refused(answer, 400) == {
        "error": "The body is not acceptable JSON: the key `full_path` is given twice in one object."
    }


def test_what_is_missing_is_told_at_once(ada: httpx.Client) -> None:
    assert refused(ada.post(PATH, json={}), 400) == {
        "error": "entities is missing, bucket is missing, aws_s3_configuration, s3_compatible_configuration, gcs_configuration,"
        " gcs_hmac_configuration, gcs_adc_configuration, azure_configuration, disk_configuration are missing, exactly one"
        " parameter must be provided"
    }


def test_what_may_not_be_exported_is_not_told_from_what_does_not_exist(api: Api, ada: httpx.Client) -> None:
    stranger = api.client(api.person("eve"))
    said = (
        "These groups and projects do not exist, or you may not export them, which takes an Owner of a group and a Maintainer of"
        " a project: {}."
    )
    assert refused(stranger.post(PATH, json=scene.to_directory(api, "acme")), 422) == {"message": said.format("`acme`")}
    for_ada = ada.post(PATH, json=scene.to_directory(api, "acme", "acme/none", "none"))
    assert refused(for_ada, 422) == {"message": said.format("`acme/none`, `none`")}


def test_a_maintainer_may_export_a_project_and_not_its_group(api: Api) -> None:
    bob = api.person("bob")
    with api.instance.database.session() as session:
        session.add(Member(access_level=40, source_type="Namespace", source_id=2, user_id=bob.id, notification_level=3))
    client = api.client(bob)
    assert client.post(PATH, json=scene.to_directory(api, "acme/tools/Kettle")).status_code == 201
    assert client.post(PATH, json=scene.to_directory(api, "acme/tools")).status_code == 422


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"entities": []}, "Nothing was named to export. Name groups or projects by their full paths"),
        (
            {"source_hostname": ""},
            "The source hostname is not valid: it is blank. Give a URL like https://gitlab.example.com, or a plain name of this"
            " instance.",
        ),
        (
            {"source_hostname": "https://github.com"},
            "The source hostname is not valid: it names a service that other importers read from. Give a URL like"
            " https://gitlab.example.com, or a plain name of this instance.",
        ),
    ],
)
def test_what_the_service_does_not_accept_it_says(
    api: Api, ada: httpx.Client, parameters: dict[str, Any], said: str
) -> None:
    answer = ada.post(PATH, json={**scene.to_directory(api), **parameters})
    assert refused(answer, 422) == {"message": said}


def test_an_archive_that_could_be_opened_by_trying_is_not_made(api: Api, ada: httpx.Client) -> None:
    weak = ada.post(PATH, json=scene.to_directory(api, encryption={"passphrase": "hunter2"}))
    assert refused(weak, 400)["message"].startswith("The passphrase has 7 characters, and at least 12 are needed")
    unknown = ada.post(PATH, json=scene.to_directory(api, encryption={"recipients": ["age1nobody"]}))
    assert "age1nobody" in refused(unknown, unknown.status_code)["message"]
    assert unknown.status_code in (400, 422)


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


def test_six_exports_a_minute_are_enough(own_api: Api) -> None:
    scene.build(own_api.instance.database)
    ada, bob = own_api.client(scene.owner(own_api)), own_api.client(scene.owner(own_api, "bob"))
    body = scene.to_directory(own_api)
    assert ada.post(PATH, json={}).status_code == 400
    assert [ada.post(PATH, json=body).status_code for _ in range(6)] == [201] * 6
    answer = ada.post(PATH, json=body)
    assert refused(answer, 429) == {
        "message": {"error": "This endpoint has been requested too many times. Try again later."}
    }
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert ada.get(PATH).status_code == 200
    assert bob.post(PATH, json=body).status_code == 201


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
        "message": f"The export {export['id']} is in s3://{export['bucket']}, and the rest of it cannot go elsewhere. Give the"
        " configuration of that place."
    }
    assert ada.post(address, json=body).json()["status"] == "created"


@pytest.mark.parametrize("state", [ExportState.failed, ExportState.timeout])
def test_states_have_their_names(api: Api, state: ExportState) -> None:
    person = scene.owner(api)
    client = api.client(person)
    export = started(api, client)
    with api.instance.database.session() as session:
        session.execute(update(OfflineExport).where(OfflineExport.id == export["id"]).values(status=state, error="why"))
    assert (shown(client, export)["status"], shown(client, export)["error"]) == (state.name, "why")
    assert [found["id"] for found in client.get(PATH, params={"status": state.name}).json()] == [export["id"]]


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


@pytest.mark.parametrize("spoilt", ["bucket", "aws_secret_access_key"])
def test_a_store_that_does_not_let_us_in_is_told_so_before_anything_is_written(
    api: Api, ada: httpx.Client, rclone_server: S3Server, spoilt: str
) -> None:
    body = scene.to_bucket(rclone_server, rclone_server.new_bucket().bucket)
    if spoilt == "bucket":
        body["bucket"] = "there-is-no-such-bucket"
    else:
        body["s3_compatible_configuration"] = {**body["s3_compatible_configuration"], spoilt: "a-wrong-secret-key"}
    answer = ada.post(PATH, json=body)
    assert answer.status_code == 422
    assert "a-wrong-secret-key" not in answer.text
    assert rclone_server.access_key_id not in answer.text
    assert ada.get(PATH).json() == []


def test_gitlabs_defaults_let_nobody_name_a_store_of_their_own(
    api: Api, ada: httpx.Client, rclone_server: S3Server
) -> None:
    with api.instance.database.session() as session:
        application_settings.change(session, "allow_s3_compatible_storage_for_offline_transfer", "false")
    try:
        answer = ada.post(PATH, json=scene.to_bucket(rclone_server, "a-bucket"))
    finally:
        with api.instance.database.session() as session:
            application_settings.reset(session, "allow_s3_compatible_storage_for_offline_transfer")
    assert refused(answer, 422) == {
        "message": "S3-compatible object storage is not allowed on this instance. Choose another store, or ask an administrator to"
        " change allow_s3_compatible_storage_for_offline_transfer."
    }


def test_a_directory_outside_the_roots_is_refused(api: Api, ada: httpx.Client) -> None:
    answer = ada.post(PATH, json={**scene.to_directory(api), "disk_configuration": {"directory": "/etc"}})
    assert answer.status_code == 422
    assert "/etc" in answer.json()["message"]


@pytest.mark.slow
def test_a_passphrase_is_in_no_answer(api: Api, ada: httpx.Client) -> None:
    passphrase = "six words that do not belong together"
    answer = ada.post(PATH, json=scene.to_directory(api, encryption={"passphrase": passphrase}))
    assert (answer.status_code, answer.json()["encrypted"]) == (201, True)
    texts = [answer.text, ada.get(f"{PATH}/{answer.json()['id']}").text, ada.get(PATH).text]
    assert all(passphrase not in text for text in texts)
