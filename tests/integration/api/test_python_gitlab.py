"""A client that others wrote for GitLab."""

import gitlab
import pytest
from gitlab.exceptions import GitlabAuthenticationError, GitlabHttpError

from tests.integration.api import scene
from tests.support.api import Api, Person


def client_of(api: Api, person: Person) -> gitlab.Gitlab:
    """The client of a person."""
    return gitlab.Gitlab(api.address, private_token=person.token)


def test_it_signs_in_and_asks_for_the_version(api: Api) -> None:
    ada = scene.owner(api)
    client = client_of(api, ada)
    client.auth()
    assert client.user is not None
    assert (client.user.id, client.user.username) == (ada.id, ada.username)
    assert client.version()[0] == "19.3.0"


def test_a_wrong_token_is_what_it_takes_for_one(api: Api) -> None:
    client = gitlab.Gitlab(api.address, private_token="glpat-wrong")
    with pytest.raises(GitlabAuthenticationError, match="401 Unauthorized") as caught:
        client.auth()
    assert caught.value.response_code == 401


def test_it_starts_an_export_and_lists_page_by_page(api: Api) -> None:
    client = client_of(api, scene.owner(api))
    made = [
        client.http_post("/offline_exports", post_data=scene.to_directory(api, "acme/tools/Kettle")) for _ in range(3)
    ]
    ids = [export["id"] for export in made if isinstance(export, dict)]
    listed = client.http_list("/offline_exports", iterator=True, per_page=2, query_data={"sort": "asc"})
    assert not isinstance(listed, list)
    assert (listed.total, listed.total_pages, listed.per_page, listed.current_page) == (3, 2, 2, 1)
    assert [export["id"] for export in listed] == ids
    everything = client.http_list("/offline_exports", get_all=True, per_page=1)
    assert [export["id"] for export in everything] == ids[::-1]

    client.http_post(f"/offline_exports/{ids[0]}/cancel")
    api.work()
    found = [client.http_get(f"/offline_exports/{export_id}") for export_id in ids]
    states = [export["status"] for export in found if isinstance(export, dict)]
    assert states == ["canceled", "finished", "finished"]


def test_it_says_what_was_refused(api: Api) -> None:
    client = client_of(api, scene.owner(api))
    with pytest.raises(GitlabHttpError, match="bucket is missing") as caught:
        client.http_post("/offline_exports", post_data={"entities": []})
    assert caught.value.response_code == 400
    with pytest.raises(GitlabHttpError, match="Nothing was named to export"):
        client.http_post("/offline_exports", post_data={**scene.to_directory(api), "entities": []})
    with pytest.raises(GitlabHttpError, match="404 Not Found"):
        client.http_get("/offline_exports/99999")
