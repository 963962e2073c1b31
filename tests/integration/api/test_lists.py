"""Lists of exports, and answers that have not changed."""

import httpx
import pytest
from sqlalchemy import update

from offline_transfer.transfers.models import OfflineExport
from offline_transfer.transfers.states import ExportState
from tests.integration.api import scene
from tests.integration.api.scene import ALONE, PATH, refused, shown, started
from tests.support.api import Api


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


@pytest.mark.parametrize("state", [ExportState.failed, ExportState.timeout])
def test_states_have_their_names(api: Api, state: ExportState) -> None:
    person = scene.owner(api)
    client = api.client(person)
    export = started(api, client)
    with api.instance.database.session() as session:
        session.execute(update(OfflineExport).where(OfflineExport.id == export["id"]).values(status=state, error="why"))
    assert (shown(client, export)["status"], shown(client, export)["error"]) == (state.name, "why")
    assert [found["id"] for found in client.get(PATH, params={"status": state.name}).json()] == [export["id"]]


def test_behind_a_proxy_links_lead_back_through_it(api: Api, ada: httpx.Client) -> None:
    through = {"Host": "forge.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    assert ada.get(PATH, headers=through).headers["link"] == (
        '<https://forge.example.com/api/v4/offline_exports?page=1&per_page=20>; rel="first",'
        ' <https://forge.example.com/api/v4/offline_exports?page=1&per_page=20>; rel="last"'
    )
    assert ada.get("/user", headers=through).json()["web_url"].startswith("https://forge.example.com/")
