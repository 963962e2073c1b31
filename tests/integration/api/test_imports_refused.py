"""Imports that are refused, and what is said then: nothing of them is written."""

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from offline_transfer.forge import application_settings
from offline_transfer.forge.tokens import Scope
from offline_transfer.transfers.models import BulkImport, OfflineConfiguration
from tests.integration.api import import_scene, scene
from tests.integration.api.import_scene import IMPORTS, begun, of_group, own_group, request
from tests.integration.api.scene import NOT_FOUND, refused
from tests.support.api import Api, Person

ENTITY = {"source_type": "group_entity", "source_full_path": "acme", "destination_namespace": "x"}
FORBIDDEN = (
    "One or more destination paths is invalid: {}. They do not exist, or you may not import there, which takes an Owner of the"
    " group."
)


@pytest.fixture(scope="module")
def archive(api: Api) -> dict[str, Any]:
    """An export of `acme`."""
    return import_scene.exported(api, "acme")


@pytest.fixture
def grace(api: Api) -> Person:
    """Somebody who owns nothing yet."""
    return api.person("grace")


def imports_of(api: Api, person: Person) -> int | None:
    """How many rows of imports somebody has."""
    with api.instance.database.session() as session:
        return session.scalar(select(func.count()).select_from(BulkImport).where(BulkImport.user_id == person.id))


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({}, "entities, import_all are missing, exactly one parameter must be provided"),
        (
            {"entities": [ENTITY], "import_all": {"destination_namespace": ""}},
            "entities, import_all are mutually exclusive",
        ),
        ({"entities": []}, "entities is empty"),
        ({"entities": ["acme"]}, "entities[0] is invalid"),
        (
            {"entities": [{"source_type": "user", "destination_namespace": "x"}]},
            "entities[0][source_type] does not have a valid value, entities[0][source_full_path] is missing",
        ),
        ({"entities": [{**ENTITY, "migrate_projects": "yes"}]}, "entities[0][migrate_projects] is invalid"),
        ({"entities": [{**ENTITY, "destination_name": "x"}]}, "entities[0][destination_name] is not a known parameter"),
        ({"import_all": {}}, "import_all[destination_namespace] is missing"),
        ({"entities": [ENTITY], "export_prefix": ""}, "export_prefix is empty"),
        (
            {"entities": [ENTITY], "decryption": {}},
            "decryption[identities], decryption[passphrase] are missing, at least one parameter must be provided",
        ),
        ({"entities": [ENTITY], "configuration": {}}, "configuration is not a known parameter"),
        ({"entities": [ENTITY], "bucket": "b", "gcs_adc_configuration": {}}, None),
    ],
)
def test_parameters_are_looked_at(
    api: Api, ada: httpx.Client, archive: dict[str, Any], parameters: dict[str, Any], problem: str | None
) -> None:
    said = refused(ada.post(IMPORTS, json=request(api, archive, **parameters)), 400)["error"]
    if problem is None:
        assert said.startswith("gcs_adc_configuration, disk_configuration are mutually exclusive")
    else:
        assert said == problem


def test_a_key_that_is_given_twice_is_refused(ada: httpx.Client) -> None:
    twice = ada.post(
        IMPORTS, content=b'{"export_prefix":"a","export_prefix":"b"}', headers={"Content-Type": "application/json"}
    )
    assert refused(twice, 400) == {
        "error": "The body is not acceptable JSON: the key `export_prefix` is given twice in one object."
    }


def test_nobody_without_the_right_token_may_import(api: Api, grace: Person, archive: dict[str, Any]) -> None:
    assert refused(api.client().post(IMPORTS, json={}), 401) == {"message": "401 Unauthorized"}
    reader = api.client(api.token(grace, Scope.READ_API))
    assert refused(reader.post(IMPORTS, json=request(api, archive)), 403)["error"] == "insufficient_scope"


def test_where_imports_are_switched_off_they_do_not_exist(own_api: Api) -> None:
    root = own_api.client(own_api.person("root", admin=True))
    with own_api.instance.database.session() as session:
        application_settings.change(session, "offline_transfer_imports_enabled", "false")
    for answer in (
        root.post(IMPORTS, content=b"{nonsense"),
        root.get("/bulk_imports"),
        root.get("/bulk_imports/entities"),
        root.get("/bulk_imports/1"),
        root.get("/bulk_imports/1/entities"),
        root.get("/bulk_imports/1/entities/1"),
        root.get("/bulk_imports/1/entities/1/failures"),
        root.get("/bulk_imports/1/report"),
    ):
        assert refused(answer, 404) == NOT_FOUND


@pytest.mark.parametrize("level", [10, 40])
def test_only_owners_import_into_a_group(api: Api, grace: Person, archive: dict[str, Any], level: int) -> None:
    path = own_group(api, grace, level=level)
    answer = api.client(grace).post(
        IMPORTS, json=request(api, archive, entities=[*of_group(path), *of_group("nowhere/at-all")])
    )
    named = f"`{path}`, `nowhere/at-all`"
    assert refused(answer, 422) == {"message": FORBIDDEN.format(named)}
    everything = request(api, archive, import_all={"destination_namespace": path})
    assert refused(api.client(grace).post(IMPORTS, json=everything), 422) == {"message": FORBIDDEN.format(f"`{path}`")}
    assert imports_of(api, grace) == 0


def test_whoever_may_create_groups_may_import_some_at_the_root(
    api: Api, grace: Person, archive: dict[str, Any]
) -> None:
    client = api.client(grace)
    assert begun(api, client, archive, import_all={"destination_namespace": ""})["status"] == "created"
    project = {"source_type": "project_entity", "source_full_path": "acme/tools/Kettle", "destination_namespace": ""}
    assert refused(client.post(IMPORTS, json=request(api, archive, entities=[project])), 422) == {
        "message": "A project needs a group to stand in, and none is named for `acme/tools/Kettle`. Name one with"
        " `--entity SOURCE=NAMESPACE`, or one for all that comes with `--all NAMESPACE`."
    }


def test_every_path_that_the_archive_does_not_map_is_named(api: Api, grace: Person, archive: dict[str, Any]) -> None:
    path = own_group(api, grace)
    wanted = [
        {"source_type": kind, "source_full_path": source, "destination_namespace": path}
        for kind, source in (
            ("group_entity", "acme/absent"),
            ("group_entity", "ACME"),
            ("project_entity", "other/app"),
        )
    ]
    answer = api.client(grace).post(IMPORTS, json=request(api, archive, entities=wanted))
    assert refused(answer, 422) == {
        "message": "The archive holds no `acme/absent`, `other/app`. It holds: acme, acme/tools, acme/tools/Kettle."
    }
    assert imports_of(api, grace) == 0


def test_a_group_is_not_imported_as_a_project(api: Api, grace: Person, archive: dict[str, Any]) -> None:
    entities = of_group(own_group(api, grace), source_type="project_entity")
    assert refused(api.client(grace).post(IMPORTS, json=request(api, archive, entities=entities)), 422) == {
        "message": "`acme` was asked for as what it is not in the archive. It is a group there."
    }


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"destination_slug": "-"},
            "`-` cannot be a path of a group or project: a path is made of letters, digits, `_`, `-` and `.`. Choose another with"
            " `--entity SOURCE=NAMESPACE:SLUG`.",
        ),
        (
            {"destination_slug": "../etc"},
            "`../etc` cannot be a path of a group or project: a path is made of letters, digits, `_`, `-` and `.`. Choose another"
            " with `--entity SOURCE=NAMESPACE:SLUG`.",
        ),
    ],
)
def test_a_slug_has_to_be_one(
    api: Api, grace: Person, archive: dict[str, Any], more: dict[str, str], said: str
) -> None:
    entities = of_group(own_group(api, grace), **more)
    answer = api.client(grace).post(IMPORTS, json=request(api, archive, entities=entities))
    assert refused(answer, 422) == {"message": said}


def test_relations_that_are_to_be_skipped_have_to_be_some(api: Api, grace: Person, archive: dict[str, Any]) -> None:
    body = request(api, archive, entities=of_group(own_group(api, grace)), skip_relations=["issues", "isues"])
    said = refused(api.client(grace).post(IMPORTS, json=body), 422)["message"]
    assert said.startswith("There is no relation `isues` that could be skipped in acme. There are: ")


def test_where_no_archive_is_the_place_is_named(api: Api, grace: Person) -> None:
    entities = of_group(own_group(api, grace))
    answer = api.client(grace).post(IMPORTS, json=request(api, {"export_prefix": "not/there"}, entities=entities))
    assert refused(answer, 422) == {
        "message": f"There is no finished archive at {api.instance.settings.data_dir / 'exports'}/not/there: `metadata.json.gz` is"
        " missing. Check the prefix. An export that was broken off has to be run again; a copy has to bring that file too."
    }
    blank = api.client(grace).post(IMPORTS, json=request(api, {"export_prefix": " "}, entities=entities))
    assert "it is blank" in refused(blank, 422)["message"]
    outside = {"disk_configuration": {"directory": "/etc"}, "export_prefix": "ssl", "entities": entities}
    assert refused(api.client(grace).post(IMPORTS, json=outside), 422)["message"].startswith("/etc does not lie below")


def damaged(api: Api, archive: dict[str, Any], name: str) -> tuple[dict[str, Any], Path]:
    """A copy of an archive, to be damaged."""
    exports = api.instance.settings.data_dir / "exports"
    shutil.copytree(exports / archive["export_prefix"], exports / name)
    return {"export_prefix": name}, exports / name


def test_every_object_that_is_absent_or_of_another_size_is_named(
    api: Api, grace: Person, archive: dict[str, Any]
) -> None:
    copy, place = damaged(api, archive, "damaged")
    gone, changed = place / "group_2" / "self.json.gz", place / "project_5" / "issues" / "batch_1.ndjson.gz"
    gone.unlink()
    size = changed.stat().st_size
    changed.write_bytes(changed.read_bytes() + b"x")
    answer = api.client(grace).post(IMPORTS, json=request(api, copy, entities=of_group(own_group(api, grace))))
    assert refused(answer, 422) == {
        "message": f"The archive at {place} is damaged, and nothing was imported: group_2/self.json.gz: it is not in the store;"
        f" project_5/issues/batch_1.ndjson.gz: it has {size + 1:,} bytes, the manifest says {size:,}. Copy it again and run"
        " `offline-transfer archive verify`."
    }
    assert imports_of(api, grace) == 0


def test_what_the_manifest_does_not_name_is_refused(api: Api, grace: Person, archive: dict[str, Any]) -> None:
    copy, place = damaged(api, archive, "with-strangers")
    for name in (".DS_Store", "project_5/Thumbs.db"):
        (place / name).write_bytes(b"x")
    answer = api.client(grace).post(IMPORTS, json=request(api, copy, entities=of_group(own_group(api, grace))))
    assert refused(answer, 422) == {
        "message": f"The archive at {api.instance.settings.data_dir / 'exports'}/with-strangers holds .DS_Store,"
        " project_5/Thumbs.db, and nothing was imported: the manifest does not name it. Remove it if it came there by accident, as"
        " desktops leave such files; otherwise copy the archive again, into an empty directory."
    }


def test_an_archive_that_is_not_signed_is_refused_where_that_is_the_policy(
    api: Api, grace: Person, archive: dict[str, Any]
) -> None:
    entities = of_group(own_group(api, grace))
    with api.instance.database.session() as session:
        application_settings.change(session, "offline_transfer_signature_policy", "signed")
    try:
        answer = api.client(grace).post(IMPORTS, json=request(api, archive, entities=entities))
    finally:
        with api.instance.database.session() as session:
            application_settings.reset(session, "offline_transfer_signature_policy")
    assert "has no signature, and this instance takes signed archives alone" in refused(answer, 422)["message"]


def test_six_imports_a_minute_are_enough_and_count_apart_from_exports(own_api: Api) -> None:
    scene.build(own_api.instance.database)
    ada = own_api.client(scene.owner(own_api))
    body = request(own_api, {"export_prefix": "none"}, entities=of_group("acme"))
    assert [ada.post(IMPORTS, json=body).status_code for _ in range(7)] == [422] * 6 + [429]
    limited = ada.post(IMPORTS, json=body)
    assert refused(limited, 429) == {
        "message": {"error": "This endpoint has been requested too many times. Try again later."}
    }
    assert 1 <= int(limited.headers["retry-after"]) <= 60
    assert ada.post(scene.PATH, json=scene.to_directory(own_api, "acme")).status_code == 201


@pytest.mark.slow
def test_the_rows_of_an_import_hold_no_secret(api: Api, grace: Person) -> None:
    """Neither a passphrase nor the identity that it leads to lies in a row or stands in an answer."""
    export = import_scene.exported(api, "acme", encryption={"passphrase": import_scene.PASSPHRASE})
    entities = of_group(own_group(api, grace))
    client = api.client(grace)
    without = client.post(IMPORTS, json=request(api, export, entities=entities))
    assert refused(without, 422)["message"].startswith("The archive at ")
    wrong = client.post(
        IMPORTS, json=request(api, export, entities=entities, decryption={"passphrase": "something else"})
    )
    assert "something else" not in refused(wrong, 422)["message"]
    odd = client.post(
        IMPORTS, json=request(api, export, entities=entities, decryption={"identities": ["AGE-SECRET-KEY-1HUNTER2"]})
    )
    assert refused(odd, 400) == {
        "message": "decryption[identities] holds no identity: an identity in it was cut off or changed. An identity file has a line"
        " that begins with `AGE-SECRET-KEY-1`; it is what `offline-transfer keygen` and `age-keygen` write."
    }
    found = begun(api, client, export, entities=entities, decryption={"passphrase": import_scene.PASSPHRASE})
    assert found["encrypted"] is True
    with api.instance.database.session() as session:
        row = session.scalars(
            select(OfflineConfiguration).where(OfflineConfiguration.bulk_import_id == found["id"])
        ).one()
    assert row.decryption is not None
    assert row.decryption.startswith("gAAAA")
    everything = repr({column.key: getattr(row, column.key) for column in OfflineConfiguration.__table__.columns})
    for secret in (import_scene.PASSPHRASE, "AGE-SECRET-KEY"):
        assert secret not in everything + repr(found)
