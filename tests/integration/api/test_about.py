from offline_transfer import __version__
from tests.support.api import Api


def test_the_user_of_a_token_is_told(api: Api) -> None:
    ada = api.person("ada", admin=True)
    answer = api.client(ada).get("/user")
    found = answer.json()
    created_at = found.pop("created_at")
    assert answer.status_code == 200
    assert found == {
        "id": ada.id,
        "username": ada.username,
        "name": "Ada",
        "state": "active",
        "email": f"{ada.username}@example.com",
        "public_email": None,
        "is_admin": True,
        "web_url": f"{api.address}/{ada.username}",
    }
    assert len(created_at) == len("2012-05-28T11:42:42.124Z")
    assert created_at.endswith("Z")


def test_the_version_is_that_of_the_gitlab_whose_protocol_is_spoken(api: Api) -> None:
    client = api.client(api.person("ada"))
    assert client.get("/version").json() == {"version": "19.3.0", "revision": __version__}
    assert client.get("/metadata").json() == {"version": "19.3.0", "revision": __version__, "enterprise": True}
