"""Exports that are refused, and what is said then."""

from typing import Any

import httpx
import pytest

from offline_transfer.forge import application_settings
from offline_transfer.forge.members import Member
from offline_transfer.forge.tokens import Scope
from tests.integration.api import scene
from tests.integration.api.scene import NOT_FOUND, PATH, refused, shown, started
from tests.support.api import Api
from tests.support.s3 import S3Server


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


def test_as_many_are_exported_as_the_description_says(api: Api, ada: httpx.Client) -> None:
    body = api.client().get("/openapi.json").json()["paths"]["/api/v4/offline_exports"]["post"]["requestBody"]
    most = body["content"]["application/json"]["schema"]["properties"]["entities"]["maxItems"]
    some = ("acme", *(f"acme/{number}" for number in range(1, most)))
    assert refused(ada.post(PATH, json=scene.to_directory(api, *some)), 422)["message"].startswith("These groups and")
    assert refused(ada.post(PATH, json=scene.to_directory(api, *some, "acme/one-more")), 422) == {
        "message": f"{most + 1:,} groups and projects were named, and an export takes {most:,}. Name the groups that they are in."
    }


def test_an_archive_that_could_be_opened_by_trying_is_not_made(api: Api, ada: httpx.Client) -> None:
    weak = ada.post(PATH, json=scene.to_directory(api, encryption={"passphrase": "hunter2"}))
    assert refused(weak, 400)["message"].startswith("The passphrase has 7 characters, and at least 12 are needed")
    unknown = ada.post(PATH, json=scene.to_directory(api, encryption={"recipients": ["age1nobody"]}))
    assert "age1nobody" in refused(unknown, unknown.status_code)["message"]
    assert unknown.status_code in (400, 422)


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
