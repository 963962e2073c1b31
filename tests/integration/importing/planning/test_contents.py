"""What would come, who would stand for whom, what is wrong with the archive, and whether there is room."""

import shutil
from tempfile import gettempdir
from types import SimpleNamespace

import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.archive.manifest import FailedRelation, SkippedRelation
from offline_transfer.archive.signature import SigningKey
from offline_transfer.contributions.models import SourceUser
from offline_transfer.db import connect
from offline_transfer.forge import application_settings, trusted_keys
from offline_transfer.forge.models import Base
from offline_transfer.forge.routes import Route
from offline_transfer.forge.users import User
from offline_transfer.importing.planning.choices import PlanOptions, Reading
from offline_transfer.importing.planning.making import make_plan
from offline_transfer.importing.planning.plan import Plan, PlannedUsers, Presence
from offline_transfer.importing.request import Wanted
from offline_transfer.settings import Settings
from offline_transfer.types import Edition, JsonObject, PortableKind
from tests.integration.importing.planning.conftest import Scene, entity, said

APP = EntityPrefix(PortableKind.PROJECT, 7)
GROUP = {"top": "group_1"}
ONE = {"app": "project_7"}
INTO_DEST = Wanted("app", "dest")


def presences(plan: Plan, path: str) -> dict[str, str]:
    """The relations of an entity that are not simply there."""
    return {
        relation.relation: relation.presence.value
        for relation in entity(plan, path).relations
        if relation.presence is not Presence.PRESENT
    }


def set_limit(scene: Scene, name: str, value: str) -> None:
    with scene.destination.database.session() as session:
        application_settings.change(session, name, value)


def test_records_are_counted_by_relation(scene: Scene) -> None:
    draft = scene.draft(tree=ONE)
    draft.records("project_7/labels.ndjson.gz", [{"title": "a"}, {"title": "b"}])
    draft.records("project_7/issues/batch_1.ndjson.gz", [{"title": "one", "notes": [{"note": "1"}, {"note": "2"}]}])
    draft.records("project_7/issues/batch_2.ndjson.gz", [{"title": "two"}])
    plan = scene.plan(draft.complete().finish(), INTO_DEST)
    counts = {item.relation: (item.objects, item.records) for item in entity(plan, "app").relations if item.records}
    assert counts == {"self": (1, 1), "max_iids": (1, 1), "labels": (1, 2), "issues": (2, 4)}
    assert presences(plan, "app") == {}
    assert entity(plan, "app").records == 7
    assert plan.duration is not None
    assert plan.duration.least <= plan.duration.most


def test_what_the_archive_lacks_is_named_with_the_reason(scene: Scene) -> None:
    draft = scene.draft(tree=ONE).complete()
    for relation in ("labels", "milestones", "boards"):
        del draft.entries[f"project_7/{relation}.ndjson.gz"]
        draft.path(f"project_7/{relation}.ndjson.gz").unlink()
    draft.failed.append(FailedRelation(entity=APP, relation="milestones", reason="the disk\nwas full"))
    draft.skipped.append(SkippedRelation(entity=APP, relation="boards"))
    plan = scene.plan(draft.finish(), INTO_DEST)
    assert presences(plan, "app") == {"labels": "gap", "milestones": "not_exported", "boards": "left_out"}
    assert plan.blockers == ()
    assert said(plan)[1:] == [
        ("not_exported", "app", "milestones: the export failed: the disk was full"),
        ("left_out", "app", "boards: whoever exported left it out on purpose"),
        ("gap", "app", "the archive lacks `labels`, which it should hold"),
    ]


def test_without_a_manifest_much_is_unknown(scene: Scene) -> None:
    draft = scene.draft(tree=ONE).complete()
    draft.path("project_7/wiki.tar.gz").unlink()
    draft.put("project_7/tea_leaves.ndjson.gz", b"")
    plan = scene.plan(draft.finish_as_gitlab(), INTO_DEST)
    assert presences(plan, "app") == {"wiki": "unknown", "tea_leaves": "no_place"}
    assert entity(plan, "app").records is None
    assert (plan.duration, plan.sizes.content, plan.room.rows, plan.archive.has_manifest) == (None, None, None, False)
    assert plan.blockers == ()
    assert said(plan)[1:] == [
        (
            "unchecked",
            None,
            "manifest.json.gz: without a manifest nobody can say whether an object is missing or was changed",
        ),
        (
            "unchecked",
            None,
            "manifest.json.gz: without a manifest the records of an object cannot be counted against what was exported",
        ),
        ("gap", "app", "the archive holds no `wiki`: without a manifest nobody can say why"),
        ("unchecked", "app", "this program does not know the relation `tea_leaves`"),
        (
            "inactive",
            None,
            "these arrive switched off: `auto_devops`, `pipeline_schedules`, `ci_cd_settings`. Somebody has to look at them"
            " and switch them on",
        ),
    ]


def test_a_relation_of_a_newer_program_blocks(scene: Scene) -> None:
    draft = scene.draft(tree=ONE).complete()
    draft.records("project_7/tea_leaves.ndjson.gz", [{"title": "a"}])
    plan = scene.plan(draft.finish(), INTO_DEST)
    assert [(item.kind.value, item.entity, item.message) for item in plan.blockers] == [
        ("unknown_relation", "app", "this program does not know the relation `tea_leaves`")
    ]


def test_what_belongs_to_another_edition_is_named(scene: Scene) -> None:
    draft = scene.draft(tree=GROUP)
    draft.records("group_1/epics.ndjson.gz", [{"title": "a"}])
    plan = scene.plan(draft.complete().finish(), edition=Edition.CE)
    assert {"epics", "wiki"} <= {name for name, presence in presences(plan, "top").items() if presence == "edition"}
    (problem,) = (item for item in plan.warnings if item.kind == "edition")
    assert "`epics`" in problem.message


def test_every_fault_is_found_and_not_the_first_alone(scene: Scene) -> None:
    draft = scene.draft(tree=ONE)
    draft.records("project_7/labels.ndjson.gz", [{"title": "a"}])
    draft.complete().finish()
    draft.path("project_7/boards.ndjson.gz").unlink()
    labels = draft.path("project_7/labels.ndjson.gz")
    content = labels.read_bytes()
    labels.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    draft.put("project_7/milestones.ndjson.gz", b"short")
    draft.put(".DS_Store", b"")
    found = {
        (".DS_Store", "unexpected_object"),
        ("project_7/boards.ndjson.gz", "missing_object"),
        ("project_7/labels.ndjson.gz", "wrong_hash"),
        ("project_7/milestones.ndjson.gz", "wrong_size"),
    }
    plan = scene.plan(draft, INTO_DEST)
    assert {(item.where, item.kind.value) for item in plan.findings} == found
    assert [item.kind.value for item in plan.blockers] == ["damaged"] * 4
    quick = scene.plan(draft, INTO_DEST, options=PlanOptions(reading=Reading.LISTING))
    assert {(item.where, item.kind.value) for item in quick.findings} == found - {
        ("project_7/labels.ndjson.gz", "wrong_hash")
    }


def test_faults_of_what_would_not_come_do_not_count(scene: Scene) -> None:
    tree = {"app": "project_7", "other": "project_8"}
    draft = scene.draft(tree=tree).complete().finish()
    draft.path("project_8/labels.ndjson.gz").unlink()
    assert scene.plan(draft, INTO_DEST).blockers == ()


def test_attributes_that_cannot_be_read_block(scene: Scene) -> None:
    draft = scene.draft(tree=ONE)
    draft.content("project_7/self.json.gz", b"[]", {"self": 1})
    plan = scene.plan(draft.complete().finish(), INTO_DEST)
    (blocker,) = plan.blockers
    assert blocker.kind == "damaged"
    assert blocker.message.startswith("project_7/self.json.gz, line 1: ")


def test_objects_larger_than_this_instance_takes_block(scene: Scene) -> None:
    draft = scene.draft(tree=ONE)
    noise = bytes(range(256)) * 4096  # 1 MiB, and much less when it is packed
    draft.files("project_7/uploads.tar.gz", {"a/" + "0" * 32 + "/noise.bin": noise + b"!"})
    draft.complete().finish()
    assert scene.plan(draft, INTO_DEST).blockers == ()
    set_limit(scene, "max_decompressed_archive_size", "1")
    plan = scene.plan(draft, INTO_DEST)
    (blocker,) = plan.blockers
    assert (blocker.kind.value, blocker.entity) == ("content_too_large", "app")
    content = plan.sizes.content
    assert blocker.message == (
        f"project_7/uploads.tar.gz has {content:,} bytes unpacked, and 1,048,576 are allowed: an administrator can raise"
        " `max_decompressed_archive_size`"
    )
    set_limit(scene, "max_decompressed_archive_size", "0")
    assert scene.plan(draft, INTO_DEST).blockers == ()


def test_users_are_told_by_who_stands_for_them_already(scene: Scene) -> None:
    tree = {"app": "project_7", "next": "project_8"}
    draft = scene.draft(tree=tree)
    draft.ghost = 9
    people: list[JsonObject] = [
        {"id": 1, "username": "ada"},
        {"id": 2, "username": "bob\u202e"},
        {"id": 3, "username": None},
        {"id": 9},
    ]
    draft.records("project_7/user_contributions.ndjson.gz", [*people, {"id": "x"}, {"username": "nobody"}])
    draft.records("project_8/user_contributions.ndjson.gz", [{"id": 2, "username": "bob"}, {"id": 4, "username": "cy"}])
    draft.complete().finish()
    with scene.destination.database.session() as session:
        user = User(username="ada", name="Ada", email="ada@example.com")
        session.add(user)
        session.flush()
        top = session.query(Route).filter_by(path="dest").one().namespace_id
        assert top is not None
        rows = [
            ("https://source.example.com", "1", user.id),
            ("https://source.example.com", "2", None),
            ("https://other.example.com", "4", user.id),
        ]
        for hostname, identifier, user_id in rows:
            session.add(
                SourceUser(
                    namespace_id=top,
                    source_hostname=hostname,
                    import_type="offline_export",
                    source_user_identifier=identifier,
                    placeholder_user_id=user_id,
                )
            )
    plan = scene.plan(draft, INTO_DEST, Wanted("next", "dest"))
    assert plan.users == (
        PlannedUsers(
            top_level_group="dest",
            named=4,
            known=1,
            placeholders=3,
            import_user=0,
            examples=("bob\\u202e", "user 3", "cy"),
        ),
    )
    set_limit(scene, "import_placeholder_user_limit", "2")
    (limited,) = scene.plan(draft, INTO_DEST, Wanted("next", "dest")).users
    assert (limited.known, limited.placeholders, limited.import_user) == (1, 2, 1)


def test_a_signature_is_told_and_the_policy_is_held(scene: Scene) -> None:
    key = SigningKey.generate()
    draft = scene.draft(tree=ONE).complete()
    unsigned = scene.plan(draft.finish(), INTO_DEST)
    assert (unsigned.archive.signature, unsigned.blockers) == ("unsigned", ())
    set_limit(scene, "offline_transfer_signature_policy", "known")
    assert [item.kind.value for item in scene.plan(draft, INTO_DEST).blockers] == ["signature_refused"]
    draft.finish(key)
    plan = scene.plan(draft, INTO_DEST)
    assert (plan.archive.signature, [item.kind.value for item in plan.blockers]) == (
        "signed_unknown",
        ["signature_refused"],
    )
    public = key.public_key("")
    with scene.destination.database.session() as session:
        trusted_keys.add(session, "https://source.example.com", public)
    plan = scene.plan(draft, INTO_DEST)
    assert (plan.archive.signature, plan.archive.signed_by, plan.blockers) == ("signed_known", public.fingerprint, ())


def test_schedules_arrive_switched_off(scene: Scene) -> None:
    draft = scene.draft(tree=ONE)
    draft.records("project_7/pipeline_schedules.ndjson.gz", [{"description": "nightly", "active": True}])
    plan = scene.plan(draft.complete().finish(), INTO_DEST)
    assert plan.inactive == {"pipeline_schedules": 1}
    assert said(plan)[-1] == (
        "inactive",
        None,
        "these arrive switched off: `pipeline_schedules` (1). Somebody has to look at them and switch them on",
    )


def test_a_disk_without_room_blocks(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = scene.draft(tree=ONE).complete().finish()
    # A disk that is full cannot be had in a test.
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=100))
    plan = scene.plan(draft, INTO_DEST)
    assert {item.kind.value for item in plan.blockers} == {"no_room"}
    assert not any(
        str(path) in str([*plan.blockers, *plan.warnings]) for path in (scene.destination.directory, gettempdir())
    )


def test_a_plan_writes_nothing(scene: Scene) -> None:
    draft = scene.draft().complete().finish()
    before = contents(scene)
    conninfo = scene.destination.database.conninfo
    read_only = connect(make_conninfo(conninfo, options="-c default_transaction_read_only=on"))
    try:
        with scene.open(draft) as archive:
            settings = Settings(data_dir=scene.destination.directory)
            plan = make_plan(read_only, settings, archive, [Wanted("top", "dest")])
    finally:
        read_only.close()
    assert len(plan.entities) == 4
    assert contents(scene) == before


def contents(scene: Scene) -> dict[str, object]:
    """Every table, every sequence and every file of the instance."""
    found: dict[str, object] = {}
    with scene.destination.database.session() as session:
        for table in Base.metadata.sorted_tables:
            row = f'SELECT count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table.name}" AS t'
            found[table.name] = session.execute(text(row)).one()
        found["sequences"] = session.execute(text("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")).all()
    found["files"] = sorted(str(path) for path in scene.destination.directory.rglob("*"))
    return found
