"""How imports go on, over the API."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import gitlab
import httpx
import pytest
from sqlalchemy import select, update

from offline_transfer.forge.members import Member
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.routes import Route
from offline_transfer.forge.tokens import Scope
from offline_transfer.importing import places
from offline_transfer.transfers.accounting import Accounting, Fail
from offline_transfer.transfers.models import BatchTracker, BulkImport, ImportEntity, ImportFailure, Tracker
from offline_transfer.transfers.states import EntityState, ImportState
from tests.integration.api import import_scene, scene
from tests.integration.api.import_scene import BULK, IMPORTS, begun, of_group, own_group
from tests.integration.api.scene import NOT_FOUND, refused
from tests.integration.api.test_python_gitlab import client_of
from tests.support.api import Api, Person

TAILS = ("", "/entities", "/entities/{entity}", "/entities/{entity}/failures", "/report")


@pytest.fixture(scope="module")
def archive(api: Api) -> dict[str, Any]:
    """An export of `acme`."""
    return import_scene.exported(api, "acme")


@pytest.fixture(scope="module")
def grace(api: Api) -> Person:
    """Somebody with a finished import."""
    return api.person("grace")


@pytest.fixture(scope="module")
def home(api: Api, grace: Person) -> str:
    """The path of a group of hers."""
    return own_group(api, grace)


@pytest.fixture(scope="module")
def finished(api: Api, grace: Person, home: str, archive: dict[str, Any]) -> dict[str, Any]:
    """An import of `acme` that has ended, as it was when it was taken on."""
    made = begun(api, api.client(grace), archive, entities=of_group(home, destination_slug="copy"))
    api.work()
    return made


@pytest.fixture
def client(api: Api, grace: Person) -> httpx.Client:
    """Hers."""
    return api.client(grace)


def without_times(found: Mapping[str, Any]) -> dict[str, Any]:
    """What of an answer is the same each time."""
    return {name: value for name, value in found.items() if name not in ("id", "export_prefix") and "_at" not in name}


def test_an_import_begins_and_ends(
    api: Api, client: httpx.Client, archive: dict[str, Any], finished: dict[str, Any]
) -> None:
    expected = {
        "status": "created",
        "source_type": "offline_export",
        "source_url": "http://localhost",
        "has_failures": False,
        "source_version": "19.3.0",
        "bucket": str(api.instance.settings.data_dir / "exports"),
        "encrypted": False,
        "origin": "unsigned",
        "signed_by": None,
        "unchecked": [],
        "error": None,
        "entities": {"created": 1, "started": 0, "finished": 0, "timeout": 0, "failed": 0, "canceled": 0},
    }
    assert without_times(finished) == expected
    assert (finished["started_at"], finished["ended_at"], finished["rolled_back_at"]) == (None, None, None)
    assert finished["export_prefix"] == archive["export_prefix"]

    last = client.get(f"{BULK}/{finished['id']}").json()
    done = {"created": 0, "started": 0, "finished": 3, "timeout": 0, "failed": 0, "canceled": 0}
    assert without_times(last) == {**expected, "status": "finished", "entities": done}
    assert last["created_at"] <= last["started_at"] <= last["ended_at"] <= last["updated_at"]


def test_groups_and_projects_tell_what_became_of_their_records(
    api: Api, client: httpx.Client, home: str, finished: dict[str, Any]
) -> None:
    answer = client.get(f"{BULK}/{finished['id']}/entities")
    group, subgroup, project = answer.json()
    assert answer.headers["x-total"] == "3"
    with api.instance.database.session() as session:
        routes = {route.path: route for route in session.scalars(select(Route).where(Route.path.startswith(home)))}
    expected = {
        "bulk_import_id": finished["id"],
        "status": "finished",
        "failures": [],
        "migrate_projects": True,
        "migrate_memberships": True,
        "has_failures": False,
        "skip_relations": [],
        "error": None,
        "kept": None,
    }
    assert without_times({**group, "stats": {}}) == {
        **expected,
        "entity_type": "group",
        "source_full_path": "acme",
        "destination_full_path": f"{home}/copy",
        "destination_name": "copy",
        "destination_slug": "copy",
        "destination_namespace": home,
        "parent_id": None,
        "namespace_id": routes[f"{home}/copy"].namespace_id,
        "project_id": None,
        "stats": {},
    }
    assert (subgroup["destination_full_path"], subgroup["parent_id"]) == (f"{home}/copy/tools", group["id"])
    assert without_times({**project, "stats": {}}) == {
        **expected,
        "entity_type": "project",
        "source_full_path": "acme/tools/Kettle",
        "destination_full_path": f"{home}/copy/tools/Kettle",
        "destination_name": "Kettle",
        "destination_slug": "Kettle",
        "destination_namespace": f"{home}/copy/tools",
        "parent_id": subgroup["id"],
        "namespace_id": None,
        "project_id": routes[f"{home}/copy/tools/Kettle"].project_id,
        "stats": {},
    }
    assert project["stats"]["issues"] == {
        "source": scene.ISSUES,
        "fetched": scene.ISSUES,
        "imported": scene.ISSUES,
        "skipped": 0,
        "failed": 0,
        "reasons": {},
    }
    for count in project["stats"].values():
        assert count["source"] == count["imported"] + count["skipped"] + count["failed"]
    assert client.get(f"{BULK}/{finished['id']}/entities/{project['id']}").json() == project


def test_what_could_not_be_read_in_the_archive_was_not_fetched(api: Api, archive: dict[str, Any]) -> None:
    bob = api.person("bob")
    client, home = api.client(bob), own_group(api, bob)
    made = begun(api, client, archive, entities=of_group(home, destination_slug="gappy"))
    api.work()
    lost = Accounting()
    lost.imported("issues", 5)
    lost.failed("issues", Fail.GAP, 2)
    lost.failed("issues", Fail.OBJECT_DAMAGED, 3)
    lost.failed("issues", Fail.CONSTRAINT)
    *_, project = client.get(f"{BULK}/{made['id']}/entities").json()
    with api.instance.database.session() as session:
        tracker = select(Tracker.id).where(Tracker.bulk_import_entity_id == project["id"], Tracker.relation == "boards")
        tracker_id = session.scalars(tracker).one()
        session.add(BatchTracker(tracker_id=tracker_id, batch_number=9, accounting=lost.to_json()))
    found = client.get(f"{BULK}/{made['id']}/entities/{project['id']}").json()["stats"]["issues"]
    whole = project["stats"]["issues"]
    assert (found["source"], found["fetched"]) == (whole["source"] + 11, whole["fetched"] + 6)


def test_lists_are_paged_sorted_and_filtered(api: Api, archive: dict[str, Any]) -> None:
    bob = api.person("bob")
    client, home = api.client(bob), own_group(api, bob)
    ids = [begun(api, client, archive, entities=of_group(home))["id"] for _ in range(3)]
    assert [found["id"] for found in client.get(BULK).json()] == ids[::-1]
    answer = client.get(BULK, params={"sort": "asc", "per_page": 2, "page": 2})
    assert ([found["id"] for found in answer.json()], answer.headers["x-total"]) == (ids[2:], "3")
    entities = client.get(f"{BULK}/entities", params={"sort": "asc", "per_page": 2})
    assert [entity["bulk_import_id"] for entity in entities.json()] == ids[:2]
    with api.instance.database.session() as session:
        session.execute(update(BulkImport).where(BulkImport.id == ids[0]).values(status=ImportState.timeout))
        session.execute(
            update(ImportEntity).where(ImportEntity.bulk_import_id == ids[1]).values(status=EntityState.failed)
        )
    assert [found["id"] for found in client.get(BULK, params={"status": "timeout"}).json()] == ids[:1]
    failed = client.get(f"{BULK}/entities", params={"status": "failed"}).json()
    assert [entity["bulk_import_id"] for entity in failed] == ids[1:2]
    assert client.get(f"{BULK}/{ids[0]}/entities", params={"status": "failed"}).json() == []
    for path in (BULK, f"{BULK}/entities"):
        wrong = client.get(path, params={"status": "lost", "sort": "up"})
        assert refused(wrong, 400) == {"error": "sort does not have a valid value, status does not have a valid value"}


def test_failures_are_listed(api: Api, archive: dict[str, Any]) -> None:
    bob = api.person("bob")
    client = api.client(bob)
    made = begun(api, client, archive, entities=of_group(own_group(api, bob)))
    with api.instance.database.session() as session:
        entity_id = session.scalars(select(ImportEntity.id).where(ImportEntity.bulk_import_id == made["id"])).one()
        tracker = Tracker(bulk_import_entity_id=entity_id, relation="labels", stage=1)
        session.add(tracker)
        session.flush()
        session.add_all(
            ImportFailure(
                bulk_import_entity_id=entity_id,
                tracker_id=tracker.id,
                pipeline_class="labels",
                pipeline_step="loader",
                exception_class="missing_value",
                exception_message=f"name {number}",
                subrelation="labels.priorities",
                batch_number=1,
                line_index=number,
                source_title="bug",
            )
            for number in range(25)
        )
    address = f"{BULK}/{made['id']}/entities/{entity_id}"
    first, *_ = client.get(f"{address}/failures").json()
    assert {**first, "created_at": ""} == {
        "relation": "labels",
        "exception_message": "name 0",
        "exception_class": "missing_value",
        "correlation_id_value": None,
        "source_url": None,
        "source_title": "bug",
        "pipeline_class": "labels",
        "pipeline_step": "loader",
        "created_at": "",
        "subrelation": "labels.priorities",
        "batch_number": 1,
        "line": 1,
    }
    second = client.get(f"{address}/failures", params={"page": 2})
    assert ([failure["line"] for failure in second.json()], second.headers["x-total"]) == ([21, 22, 23, 24, 25], "25")
    assert [failure["line"] for failure in client.get(address).json()["failures"]] == list(range(1, 21))


@pytest.mark.parametrize("is_admin", [False, True])
def test_the_imports_of_others_do_not_exist(
    api: Api, client: httpx.Client, finished: dict[str, Any], is_admin: bool
) -> None:
    entity_id = client.get(f"{BULK}/{finished['id']}/entities").json()[0]["id"]
    other = api.client(api.person("eve", admin=is_admin))
    assert other.get(BULK).json() == []
    assert other.get(f"{BULK}/entities").json() == []
    for tail in TAILS:
        address = f"{BULK}/{finished['id']}{tail.format(entity=entity_id)}"
        assert client.get(address).status_code == 200
        assert refused(other.get(address), 404) == NOT_FOUND
    for action in ("cancel", "retry", "rollback"):
        assert refused(other.post(f"{BULK}/{finished['id']}/{action}"), 404) == NOT_FOUND


def test_an_entity_of_another_import_does_not_exist(api: Api, client: httpx.Client, finished: dict[str, Any]) -> None:
    for number in (0, -1, 2**63, 999_999):
        assert refused(client.get(f"{BULK}/{number}"), 404) == NOT_FOUND
        assert refused(client.get(f"{BULK}/{finished['id']}/entities/{number}"), 404) == NOT_FOUND
    assert refused(client.get(f"{BULK}/x"), 400) == {"error": "import_id is invalid"}


def test_whoever_polls_gets_an_answer_when_something_has_changed(api: Api, archive: dict[str, Any]) -> None:
    bob = api.person("bob")
    client = api.client(bob)
    made = begun(api, client, archive, entities=of_group(own_group(api, bob)))
    for address in (f"{BULK}/{made['id']}", f"{BULK}/{made['id']}/entities", BULK, f"{BULK}/entities"):
        first = client.get(address)
        same = client.get(address, headers={"If-None-Match": first.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
    known = {"If-None-Match": client.get(f"{BULK}/{made['id']}").headers["etag"]}
    api.work()
    changed = client.get(f"{BULK}/{made['id']}", headers=known)
    assert (changed.status_code, changed.json()["status"]) == (200, "finished")


def test_the_report_has_three_forms(client: httpx.Client, home: str, finished: dict[str, Any]) -> None:
    address = f"{BULK}/{finished['id']}/report"
    as_json = client.get(address)
    assert as_json.headers["content-type"] == "application/json"
    assert f"{home}/copy" in as_json.text
    as_csv = client.get(address, params={"format": "csv"})
    assert as_csv.headers["content-disposition"] == f'inline; filename="import-{finished["id"]}-report.csv"'
    assert len(list(csv.reader(io.StringIO(as_csv.text)))) > 3
    as_html = client.get(address, params={"format": "html"})
    assert as_html.headers["content-security-policy"].startswith("default-src 'none'")
    assert f"{home}/copy" in as_html.text
    assert refused(client.get(address, params={"format": "pdf"}), 400) == {
        "error": "format does not have a valid value"
    }


def test_what_is_left_out_on_purpose_stays_away(api: Api, archive: dict[str, Any]) -> None:
    bob = api.person("bob")
    client, home = api.client(bob), own_group(api, bob)
    alone = of_group(home, destination_slug="alone", migrate_projects=False)
    made = begun(api, client, archive, entities=alone)
    api.work()
    found = client.get(f"{BULK}/{made['id']}/entities").json()
    assert [(entity["source_full_path"], entity["migrate_projects"]) for entity in found] == [
        ("acme", False),
        ("acme/tools", False),
    ]
    project = {
        "source_type": "project_entity",
        "source_full_path": "acme/tools/Kettle",
        "destination_namespace": home,
        "migrate_memberships": False,
    }
    made = begun(api, client, archive, entities=[project], skip_relations=["issues"])
    api.work()
    (entity,) = client.get(f"{BULK}/{made['id']}/entities").json()
    assert (entity["status"], entity["skip_relations"], entity["migrate_memberships"]) == (
        "finished",
        ["issues"],
        False,
    )
    assert entity["stats"].get("issues", {}).get("imported", 0) == 0


def test_whoever_imports_a_group_at_the_root_owns_it(api: Api, archive: dict[str, Any]) -> None:
    bob = api.person("bob")
    client = api.client(bob)
    made = begun(api, client, archive, entities=of_group("", destination_slug="of-bob"))
    api.work()
    found = client.get(f"{BULK}/{made['id']}/entities").json()
    assert [entity["status"] for entity in found] == ["finished"] * 3
    with api.instance.database.session() as session:
        level = session.scalar(
            select(Member.access_level).where(
                Member.user_id == bob.id,
                Member.source_type == "Namespace",
                Member.source_id == found[0]["namespace_id"],
            )
        )
    assert level == 50


def test_who_is_no_owner_any_more_when_the_work_begins_imports_nothing(api: Api, archive: dict[str, Any]) -> None:
    bob = api.person("bob")
    client, home = api.client(bob), own_group(api, bob)
    made = begun(api, client, archive, entities=of_group(home))
    with api.instance.database.session() as session:
        session.execute(update(Member).where(Member.user_id == bob.id).values(access_level=40))
    api.work()
    found = client.get(f"{BULK}/{made['id']}").json()
    assert (found["status"], found["has_failures"]) == ("failed", True)
    first, *_ = client.get(f"{BULK}/{made['id']}/entities").json()
    assert (first["namespace_id"], first["error"]) == (
        None,
        f"One or more destination paths is invalid: `{home}`. They do not exist, or you may not import there, which takes an Owner"
        " of the group.",
    )
    with api.instance.database.session() as session:
        assert session.scalar(select(Route.id).where(Route.path == f"{home}/acme")) is None


def test_an_import_can_be_canceled_once(api: Api, archive: dict[str, Any]) -> None:
    bob = api.person("bob")
    client = api.client(bob)
    made = begun(api, client, archive, entities=of_group(own_group(api, bob)))
    address = f"{BULK}/{made['id']}/cancel"
    reader = api.client(api.token(bob, Scope.READ_API))
    assert refused(reader.post(address), 403)["error"] == "insufficient_scope"
    canceled = client.post(address)
    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    assert refused(client.post(address), 409) == {
        "message": f"The import {made['id']} is canceled: there is nothing to cancel."
    }
    api.work()
    (entity,) = client.get(f"{BULK}/{made['id']}/entities").json()
    assert (entity["status"], entity["namespace_id"]) == ("canceled", None)


def test_a_canceled_import_goes_on(api: Api, archive: dict[str, Any]) -> None:
    bob = api.person("bob")
    client = api.client(bob)
    made = begun(api, client, archive, entities=of_group(own_group(api, bob)))
    address = f"{BULK}/{made['id']}"
    assert refused(client.post(f"{address}/retry"), 409)["message"].startswith(f"The import {made['id']} is created.")
    client.post(f"{address}/cancel")
    api.work()
    elsewhere = {"disk_configuration": {"directory": str(api.instance.settings.data_dir / "exports" / "other")}}
    assert refused(client.post(f"{address}/retry", json=elsewhere), 422)["message"].startswith(
        f"The archive of import {made['id']} is in {made['bucket']}, and the rest of it cannot be elsewhere."
    )
    assert refused(client.post(f"{address}/retry", json={"bucket": "b"}), 400)["error"].startswith(
        "aws_s3_configuration, "
    )
    retried = client.post(f"{address}/retry")
    assert (retried.status_code, retried.json()["status"]) == (200, "created")
    api.work()
    last = client.get(address).json()
    assert (last["status"], last["has_failures"], last["entities"]["finished"]) == ("finished", False, 3)


def test_what_opens_an_archive_is_given_again_once_it_was_purged(api: Api) -> None:
    bob = api.person("bob")
    client = api.client(bob)
    export = import_scene.exported(api, "acme", encryption={"passphrase": import_scene.PASSPHRASE})
    opening = {"decryption": {"passphrase": import_scene.PASSPHRASE}}
    made = begun(api, client, export, entities=of_group(own_group(api, bob)), **opening)
    address = f"{BULK}/{made['id']}"
    client.post(f"{address}/cancel")
    api.work()
    with api.instance.database.session() as session:
        ended = update(BulkImport).where(BulkImport.id == made["id"])
        session.execute(ended.values(ended_at=datetime.now(UTC) - timedelta(days=2)))
    places.purge(api.instance.database)
    assert client.get(address).json()["encrypted"] is False
    without = refused(client.post(f"{address}/retry"), 422)["message"]
    assert without.startswith("The archive at ")
    assert " is encrypted." in without
    assert client.post(f"{address}/retry", json=opening).status_code == 200
    api.work()
    assert client.get(address).json()["status"] == "finished"


def test_an_import_is_taken_back_by_who_owns_what_it_made(api: Api, archive: dict[str, Any]) -> None:
    bob = api.person("bob")
    client, home = api.client(bob), own_group(api, bob)
    made = begun(api, client, archive, entities=of_group(home))
    address = f"{BULK}/{made['id']}/rollback"
    assert refused(client.post(address), 409)["message"].startswith(f"Import {made['id']} has not ended.")
    api.work()
    with api.instance.database.session() as session:
        session.execute(update(Member).where(Member.user_id == bob.id).values(access_level=40))
    assert refused(client.post(address), 403) == {
        "message": f"These groups and projects are not yours to remove, which takes an Owner: `{home}/acme`."
    }
    with api.instance.database.session() as session:
        session.execute(update(Member).where(Member.user_id == bob.id).values(access_level=50))
    answer = client.post(address)
    assert (answer.status_code, answer.json()["rolled_back_at"] is not None) == (202, True)
    api.work()
    found = client.get(f"{BULK}/{made['id']}/entities").json()
    assert {(entity["namespace_id"], entity["project_id"], entity["kept"]) for entity in found} == {(None, None, None)}
    with api.instance.database.session() as session:
        assert session.scalar(select(Namespace.id).join(Route).where(Route.path == f"{home}/acme")) is None
        assert session.scalar(select(Route.id).where(Route.path == home)) is not None


def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    api: Api, archive: dict[str, Any], home: str, client: httpx.Client
) -> None:
    before = client.get(BULK).headers["x-total"]
    body = import_scene.request(api, archive, entities=of_group(home, destination_slug="planned"), dry_run=True)
    answer = client.post(IMPORTS, json=body)
    assert answer.status_code == 200
    plan = answer.json()
    assert plan["blockers"] == []
    assert [entity["destination"] for entity in plan["entities"]] == [
        f"{home}/planned",
        f"{home}/planned/tools",
        f"{home}/planned/tools/Kettle",
    ]
    assert client.get(BULK).headers["x-total"] == before
    foreign = import_scene.request(api, archive, entities=of_group("acme"), dry_run=True)
    assert refused(client.post(IMPORTS, json=foreign), 422)["message"].startswith("One or more destination paths")


def test_python_gitlab_follows_an_import(
    api: Api, grace: Person, finished: dict[str, Any], archive: dict[str, Any]
) -> None:
    client = client_of(api, grace)
    found = client.bulk_imports.get(finished["id"])
    assert (found.status, found.source_type, found.has_failures) == ("finished", "offline_export", False)
    assert finished["id"] in [item.id for item in client.bulk_imports.list(iterator=True)]
    entities = found.entities.list(get_all=True)
    assert [entity.source_full_path for entity in entities] == ["acme", "acme/tools", "acme/tools/Kettle"]
    one = found.entities.get(entities[2].id)
    assert (one.entity_type, one.stats["issues"]["imported"]) == ("project", scene.ISSUES)
    everywhere = client.bulk_import_entities.list(iterator=True, query_data={"sort": "asc"})
    assert {entity.id for entity in entities} <= {entity.id for entity in everywhere}
    with pytest.raises(gitlab.exceptions.GitlabHttpError, match="exactly one parameter must be provided") as caught:
        client.http_post(IMPORTS, post_data=import_scene.request(api, archive))
    assert caught.value.response_code == 400
    with pytest.raises(gitlab.exceptions.GitlabGetError, match="404 Not Found"):
        client.bulk_imports.get(999_999)
