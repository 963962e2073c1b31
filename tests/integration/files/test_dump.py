"""A dump is a file-based export: GitLab's layout, the same bytes each time, and nothing lost on the way back."""

import json
import resource
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from offline_transfer.exporting.errors import PortablesNotFoundError
from offline_transfer.files.dump import Dumped, dump
from offline_transfer.files.dump_records import Gap
from offline_transfer.files.errors import NoRoomError
from offline_transfer.forge.attachments import Upload
from offline_transfer.forge.history import Signature, commit
from offline_transfer.forge.projects import Project
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.snippet_digest import hexdigest
from offline_transfer.forge.snippets import Snippet
from offline_transfer.forge.users import User
from tests.integration.files.instances import TestInstance, differences, sources
from tests.support.fill import fill_every_relation
from tests.unit.files.making import PROJECT, archive
from tests.unit.files.test_fixtures import DOCUMENTS

SMALL = next(place for place in DOCUMENTS if place.stem == "small")
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
ADA = Signature(name="Ada", email="ada@example.com", date=NOON)
NESTED = next(place for place in DOCUMENTS if place.stem == "nested")


def unpacked(path: Path) -> dict[str, bytes]:
    """The files of an archive, by another implementation of tar."""
    with tarfile.open(path) as archive_file:
        return {
            member.name.removeprefix("./"): stream.read()
            for member in archive_file
            if (stream := archive_file.extractfile(member)) is not None
        }


def counted(dumped: Dumped) -> dict[str, int]:
    return {row.path: sum(other.records for other in dumped.rows if other.path == row.path) for row in dumped.rows}


@pytest.fixture
def filled(instance: TestInstance) -> TestInstance:
    """An instance with records on every path of both trees."""
    fill_every_relation(instance.database, instance.repositories, instance.files)
    return instance


def test_a_project_has_the_files_that_gitlab_expects(instance: TestInstance, tmp_path: Path) -> None:
    instance.load(SMALL)
    dump(instance, "dest/small", tmp_path / "out.tar.gz")
    files = unpacked(tmp_path / "out.tar.gz")
    assert list(files)[:5] == [
        "VERSION",
        "GITLAB_VERSION",
        "GITLAB_REVISION",
        "tree/project.json",
        "tree/project/labels.ndjson",
    ]
    assert (files["VERSION"], files["GITLAB_VERSION"]) == (b"0.2.4", b"19.3.0")
    root = json.loads(files["tree/project.json"])
    assert (root["name"], root["visibility_level"], root["build_timeout"]) == ("Small kettle ☕", 0, 3600)
    assert files["tree/project/auto_devops.ndjson"] == b"null"
    assert files["tree/project/releases.ndjson"] == b""
    assert not files["tree/project/project_feature.ndjson"].endswith(b"\n")
    assert [json.loads(line)["iid"] for line in files["tree/project/issues.ndjson"].splitlines()] == [1, 3]
    assert files["tree/project/issues.ndjson"].endswith(b"}\n")
    users = [json.loads(line)["username"] for line in files["tree/project/user_contributions.ndjson"].splitlines()]
    assert sorted(users) == ["ada", "bo", "source_user_99"]
    assert json.loads(files["max_iids.json"]) == {"ci_pipelines": 1, "issues": 3, "project_milestones": 1}
    assert json.loads(files["lfs-objects.json"]) == {}
    assert b"not to be taken over" not in b"".join(files.values())


def test_gnu_tar_unpacks_it_without_a_word(instance: TestInstance, tmp_path: Path) -> None:
    instance.load(SMALL)
    dump(instance, "dest/small", tmp_path / "out.tar.gz")
    (tmp_path / "made").mkdir()
    done = subprocess.run(
        ["tar", "-xzf", tmp_path / "out.tar.gz", "-C", tmp_path / "made"], capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    assert (tmp_path / "made" / "tree" / "project" / "issues.ndjson").is_file()


def test_groups_are_listed_root_first_with_ids_and_parents(instance: TestInstance, tmp_path: Path) -> None:
    instance.load(NESTED)
    instance.load(SMALL, namespace="dest/kitchen/shelf")
    dumped = dump(instance, "DEST/kitchen", tmp_path / "out.tar.gz")
    files = unpacked(tmp_path / "out.tar.gz")
    groups = [
        json.loads(files[f"tree/groups/{line}.json"]) for line in files["tree/groups/_all.ndjson"].decode().split()
    ]
    assert [group["path"] for group in groups] == ["kitchen", "drawer", "shelf", "left-corner"]
    by_id = {group["id"]: group["path"] for group in groups}
    assert [by_id.get(group["parent_id"]) for group in groups] == [None, "kitchen", "kitchen", "shelf"]
    assert dumped.left_out == ("dest/kitchen/shelf/small",)
    assert b"not to be taken over" not in b"".join(files.values())


def test_what_was_dumped_loads_whole_into_another_instance(
    filled: TestInstance, other_instance: TestInstance, tmp_path: Path
) -> None:
    for full_path in ("fill/inner/second", "fill"):
        dumped = dump(filled, full_path, tmp_path / "out.tar.gz")
        assert dumped.gaps == ()
        loaded = other_instance.load(tmp_path / "out.tar.gz")
        rows = other_instance.rows(loaded)
        assert other_instance.failures(loaded) == []
        assert (loaded.notes, loaded.strangers.count) == ((), 0)
        assert differences(counted(dumped), sources(rows)) == {}
        place = str(other_instance.destinations(loaded)[0]["destination"])
        again = dump(other_instance, place, tmp_path / "again.tar.gz")
        # A project takes the labels and milestones of its groups with it, and then they are its own. Schedules belong to the
        # user who imports, so that one user more is named.
        adopted = {path for path in counted(again) if path.split(".")[0] in ("labels", "milestones")}
        adopted.add("user_contributions")
        skipped = {row.path for row in rows if row.skipped}
        changed = differences(counted(dumped), counted(again))
        assert {path: pair for path, pair in changed.items() if path not in adopted | skipped} == {}


def test_the_same_rows_give_the_same_bytes_and_an_upload_without_contents_is_a_gap(
    filled: TestInstance, tmp_path: Path
) -> None:
    before = counted(dump(filled, "fill/first", tmp_path / "first.tar.gz"))
    assert before == counted(dump(filled, "fill/first", tmp_path / "second.tar.gz"))
    assert (tmp_path / "first.tar.gz").read_bytes() == (tmp_path / "second.tar.gz").read_bytes()
    with filled.database.session() as session:
        lost, bad = session.query(Upload).where(Upload.model_type == "Project", Upload.secret.is_not(None)).limit(2)
        lost.storage_key, lost.path = "uploads/00/00/0", "lost.png"
        bad.path = "bad\x01name"
        names = f"uploads/{lost.secret}/lost.png", f"uploads/{bad.secret}/bad\\x01name"
        owners = {lost.model_id, bad.model_id}
    assert len(owners) == 1
    dumped = dump(filled, "fill/first", tmp_path / "out.tar.gz")
    assert {(gap.entity, gap.relation, gap.name, gap.reason) for gap in dumped.gaps} == {
        ("fill/first", "uploads", names[0], "its contents are not in the store"),
        ("fill/first", "uploads", names[1], "its name holds control characters"),
    }
    assert counted(dumped)["uploads"] == before["uploads"] - 2
    assert orjson.loads(orjson.dumps(dumped.to_json()["gaps"])) == [
        {"entity": gap.entity, "relation": gap.relation, "name": gap.name, "reason": gap.reason} for gap in dumped.gaps
    ]


def test_of_snippets_with_one_name_the_first_that_has_a_repository_is_written(
    instance: TestInstance, tmp_path: Path
) -> None:
    instance.load(SMALL)
    with instance.database.session() as session:
        made = {
            "author_id": session.scalars(select(User.id)).first(),
            "project_id": session.scalars(select(Project.id)).one(),
            "created_at": NOON,
            "updated_at": NOON,
        }
        snippets = [
            *(Snippet(title=title, type="ProjectSnippet", **made) for title in ("One", "One", "One", "Bare", "Bare")),
            Snippet(title="Someone's own", type="PersonalSnippet", **made),
        ]
        session.add_all(snippets)
        session.flush()
        with_repository = [snippet.id for snippet in snippets[1:3] + snippets[5:]]
    for number in with_repository:
        path = RepositoryPath(RepositoryKind.SNIPPET, number)
        instance.repositories.create(path)
        commit(
            instance.repositories,
            path,
            branch="main",
            files={"file": b"text"},
            message="Begin",
            author=ADA,
        )
    dumped = dump(instance, "dest/small", tmp_path / "out.tar.gz")
    assert [name for name in unpacked(tmp_path / "out.tar.gz") if name.startswith("snippets/")] == [
        f"snippets/{hexdigest('One', None, NOON, NOON)}.bundle"
    ]
    reason = "another snippet has the same title, description and times, and so the same name"
    assert dumped.gaps == (Gap("dest/small", "snippets_repository", f"snippet {with_repository[1]}", reason),)


def test_a_path_that_is_not_there_is_refused(instance: TestInstance, tmp_path: Path) -> None:
    with pytest.raises(PortablesNotFoundError):
        dump(instance, "nobody/knows", tmp_path / "out.tar.gz")
    assert not (tmp_path / "out.tar.gz").exists()


@contextmanager
def small_files(limit: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_former_file(instance: TestInstance, tmp_path: Path) -> None:
    instance.load(SMALL)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "out.tar.gz").write_bytes(b"the former one")
    with small_files(1000), pytest.raises(NoRoomError):
        dump(instance, "dest/small", tmp_path / "out" / "out.tar.gz")
    assert [place.name for place in (tmp_path / "out").iterdir()] == ["out.tar.gz"]
    assert (tmp_path / "out" / "out.tar.gz").read_bytes() == b"the former one"
    assert list((instance.settings.data_dir / "spool").iterdir()) == []


def test_a_full_disk_ends_a_load_before_anything_is_written(instance: TestInstance, tmp_path: Path) -> None:
    export = archive(tmp_path / "k.tar.gz", PROJECT | {"uploads/0/x": bytes(100_000)})
    with small_files(10_000), pytest.raises(NoRoomError):
        instance.load(export)
    assert instance.paths() == []
    assert list((instance.settings.data_dir / "spool").iterdir()) == []


def test_a_directory_that_is_not_there_is_named(instance: TestInstance, tmp_path: Path) -> None:
    instance.load(SMALL)
    with pytest.raises(NoRoomError) as raised:
        dump(instance, "dest/small", tmp_path / "nowhere" / "out.tar.gz")
    assert raised.value.message.startswith(
        f"{tmp_path}/nowhere/out.tar.gz cannot be written: No such file or directory"
    )
