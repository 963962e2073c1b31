"""Plan files: hostile until they are read."""

from pathlib import Path

import pytest

from offline_transfer.importing.planning import file
from offline_transfer.importing.planning.errors import (
    InvalidPlanFileError,
    PlanFileNotReadError,
    PlanOfAnotherArchiveError,
)
from offline_transfer.importing.planning.file import Planned
from offline_transfer.importing.planning.making import digest_of
from offline_transfer.importing.request import Choice, Wanted
from offline_transfer.verify.reader import Archive
from tests.integration.importing.planning.conftest import Scene
from tests.unit.verify.archives import Draft

TREE = {"top": "group_1", "top/app": "project_7", "top/inner": "group_2"}


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """An archive of which nothing but its description is read."""
    return Draft(tmp_path / "archives", mapping=TREE).finish()


def text(draft: Draft, *entities: str) -> str:
    with Archive(draft.store, draft.prefix) as archive:
        digest = digest_of(archive)
    head = f'version: 1\narchive:\n  export_prefix: "{draft.prefix}"\n  digest: "{digest}"\nentities:\n'
    return head + "".join(f"  - {{{entity}}}\n" for entity in entities)


def read(draft: Draft, content: str | bytes) -> Planned:
    path = draft.root.parent / "plan.yml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with Archive(draft.store, draft.prefix) as archive:
        return file.read(path, archive)


TOP = 'entity: top, namespace: "/dest/", slug: moved'


def test_a_plan_says_what_is_wanted_and_what_is_different_below(draft: Draft) -> None:
    planned = read(
        draft,
        text(
            draft,
            f"{TOP}, migrate_memberships: false, skip_relations: [uploads]",
            "entity: top/app, namespace: null, slug: other, skip_relations: [issues, wiki]",
            "entity: top/inner, namespace: null, slug: inner, skip: true",
        ),
    )
    assert planned.wanted == (Wanted("top", "dest", "moved", migrate_memberships=False, skip_relations=("uploads",)),)
    assert planned.choices == {
        "top": Choice(slug="moved", skip_relations=("uploads",)),
        "top/app": Choice(slug="other", skip_relations=("issues", "wiki")),
        "top/inner": Choice(slug="inner", skip=True),
    }


def test_what_has_a_namespace_of_its_own_is_wanted_itself(draft: Draft) -> None:
    planned = read(draft, text(draft, f"{TOP}, skip: true", "entity: top/app, namespace: dest, slug: app"))
    assert planned.wanted == (Wanted("top/app", "dest", "app"),)


@pytest.mark.parametrize(
    ("entities", "problem"),
    [
        ((), "entities: input should be a valid list"),
        ((f"{TOP}, skip: true",), "nothing in it has a namespace and is not skipped"),
        ((TOP, TOP), "`top` stands in it twice"),
        ((TOP, "entity: top/else, namespace: null, slug: a"), "the archive holds no `top/else`"),
        (
            ("entity: top/inner, namespace: dest, slug: a", "entity: top/app, namespace: null, slug: a"),
            "`top/app` has no namespace, and none of the groups around it comes",
        ),
        ((f"{TOP}, owner: me",), "entities.0.owner: extra inputs are not permitted"),
        (("entity: top, namespace: dest",), "entities.0.slug: field required"),
        (("entity: top, namespace: dest, slug: 12",), "entities.0.slug: input should be a valid string"),
        ((f"{TOP}, skip: 1",), "entities.0.skip: input should be a valid boolean"),
        (
            (f"{TOP}, skip_relations: ['../x']",),
            "entities.0.skip_relations.0: string should match pattern '^[a-z_]{1,64}$'",
        ),
        ((f"{TOP}, slug: again",), "a key stands twice or is none, before line 6"),
        ((f"{TOP}, ? [a] : b",), "a key stands twice or is none, before line 6"),
        ((f"{TOP}, skip_relations: [[[[[[[a]]]]]]]",), "it is nested too deeply"),
    ],
)
def test_what_no_plan_says_is_refused(draft: Draft, entities: tuple[str, ...], problem: str) -> None:
    with pytest.raises(InvalidPlanFileError) as refused:
        read(draft, text(draft, *entities))
    assert refused.value.details["problem"] == problem


def test_references_are_refused_before_they_multiply(draft: Draft) -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{n}: &{n} [*{o}, *{o}]\n" for o, n in zip("abcdefgh", "bcdefghi", strict=True))
    with pytest.raises(InvalidPlanFileError) as refused:
        read(draft, bomb)
    assert refused.value.details["problem"] == "it has references (`*name`), which no plan needs"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it has no keys"),
        (b"\xff\xfe\x00", "it is not YAML in UTF-8"),
        (b"version: !!python/object/apply:os.system [true]", "line 1: could not determine a constructor for the tag"),
        (b"a: [", "line 1: "),
        (b"[" * 5000, "it is nested too deeply"),
        (b" " * (file.LARGEST_FILE + 1), "it has more than 16,777,216 bytes"),
        (b"version: 2\narchive: {}\nentities: []\n", "version: input should be 1"),
    ],
)
def test_what_is_no_plan_is_refused(draft: Draft, content: bytes, problem: str) -> None:
    with pytest.raises(InvalidPlanFileError) as refused:
        read(draft, content)
    assert str(refused.value.details["problem"]).startswith(problem)


def test_the_plan_of_another_archive_is_refused(draft: Draft, tmp_path: Path) -> None:
    content = text(draft, TOP)
    other = Draft(tmp_path / "other", mapping={**TREE, "top/more": "project_9"}).finish()
    with pytest.raises(PlanOfAnotherArchiveError) as refused:
        read(other, content)
    assert refused.value.message == (
        f"{tmp_path / 'plan.yml'} is the plan of another archive, {draft.prefix}, and not of {other.root}/{other.prefix}. Make a"
        " plan of this one."
    )


def test_a_plan_that_cannot_be_read_is_named(draft: Draft, tmp_path: Path) -> None:
    with Archive(draft.store, draft.prefix) as archive, pytest.raises(PlanFileNotReadError) as refused:
        file.read(tmp_path, archive)
    assert refused.value.details["reason"] == "Is a directory"


def test_a_plan_that_was_written_is_read_as_it_was_meant(scene: Scene, tmp_path: Path) -> None:
    own = {"top": {"name": "A\n- entity: evil\u2028\u0085"}}
    draft = scene.draft(own).complete().finish()
    path = tmp_path / "plan.yml"
    file.write(scene.plan(draft, Wanted("top", "dest", "moved", skip_relations=("wiki",))), path)
    with scene.open(draft) as archive:
        planned = file.read(path, archive)
    assert planned.wanted == (Wanted("top", "dest", "moved", skip_relations=("wiki",)),)
    assert {name: choice.changes_nothing(name) for name, choice in planned.choices.items()} == {
        "top": False,
        "top/app": True,
        "top/inner": True,
        "top/inner/deep": True,
    }
