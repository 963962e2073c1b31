"""Where everything would go, under which name, and who could see it."""

from typing import Any

import pytest

from offline_transfer.forge.enums import Visibility
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.routes import Route
from offline_transfer.importing.planning.choices import PlanOptions
from offline_transfer.importing.planning.making import make_plan
from offline_transfer.importing.planning.plan import Plan
from offline_transfer.importing.request import Choice, Everything, Wanted
from offline_transfer.settings import Settings
from offline_transfer.types import PortableKind
from tests.integration.importing.planning.conftest import TREE, Scene, entity, said

INHERITED = (
    "inherited",
    None,
    "projects below `dest` take over its runners and CI/CD variables: look at what the source's pipelines would do with them"
    " before anybody starts one",
)


def places(plan: Plan) -> dict[str, str | None]:
    return {item.source_full_path: item.destination_full_path for item in plan.entities}


def add_group(scene: Scene, path: str, *, name: str = "There", visibility: Visibility = Visibility.public) -> int:
    with scene.destination.database.session() as session:
        parent = session.query(Route).filter_by(path=path.rpartition("/")[0]).one_or_none()
        group = Namespace(
            name=name,
            path=path.rsplit("/", 1)[-1],
            type="Group",
            visibility_level=visibility,
            parent_id=None if parent is None else parent.namespace_id,
        )
        session.add(group)
        session.flush()
        session.add(Route(path=path, name=name, namespace_id=group.id))
        return group.id


def add_project(scene: Scene, path: str, *, name: str) -> None:
    with scene.destination.database.session() as session:
        parent = session.query(Route).filter_by(path=path.rpartition("/")[0]).one()
        project = Project(
            name=name, path=path.rsplit("/", 1)[-1], namespace_id=parent.namespace_id, visibility_level=20
        )
        session.add(project)
        session.flush()
        session.add(Route(path=path, name=name, project_id=project.id))


def test_what_lies_in_a_group_goes_with_it_projects_first(scene: Scene) -> None:
    plan = scene.plan(scene.draft().complete().finish())
    assert places(plan) == {
        "top": "dest/top",
        "top/app": "dest/top/app",
        "top/inner": "dest/top/inner",
        "top/inner/deep": "dest/top/inner/deep",
    }
    assert said(plan) == [INHERITED]
    assert plan.blockers == ()


def test_a_group_at_the_root_takes_nothing_over(scene: Scene) -> None:
    plan = scene.plan(scene.draft().complete().finish(), Wanted("TOP", ""))
    assert places(plan)["top/app"] == "top/app"
    assert said(plan) == []


def test_a_path_that_is_taken_gets_the_first_number_that_is_free(scene: Scene) -> None:
    add_group(scene, "dest/TOP")
    add_group(scene, "dest/top_1")
    plan = scene.plan(scene.draft().complete().finish())
    assert places(plan) == {
        "top": "dest/top_2",
        "top/app": "dest/top_2/app",
        "top/inner": "dest/top_2/inner",
        "top/inner/deep": "dest/top_2/inner/deep",
    }
    assert entity(plan, "top").wanted_full_path == "dest/top"
    assert said(plan) == [
        ("taken_path", "top", "the path `dest/top` is taken: it would become `dest/top_2`"),
        INHERITED,
    ]


def test_two_that_want_one_path_get_two(scene: Scene) -> None:
    draft = scene.draft().complete().finish()
    plan = scene.plan(draft, Wanted("top/app", "dest", "Same"), Wanted("top/inner/deep", "dest", "same"))
    assert places(plan) == {"top/app": "dest/Same", "top/inner/deep": "dest/same_1"}
    assert said(plan)[0] == (
        "taken_path",
        "top/inner/deep",
        "the path `dest/same` is that of `top/app` as well: it would become `dest/same_1`",
    )


def test_what_is_named_itself_does_not_come_with_its_group(scene: Scene) -> None:
    add_group(scene, "other")
    plan = scene.plan(scene.draft().complete().finish(), Wanted("top", "dest"), Wanted("top/inner", "other"))
    assert places(plan) == {
        "top": "dest/top",
        "top/app": "dest/top/app",
        "top/inner": "other/inner",
        "top/inner/deep": "other/inner/deep",
    }


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (
            Wanted("top", "nowhere"),
            (
                "destination_not_found",
                "top",
                "There is no group `nowhere` to import into. Create it first, or name another destination.",
            ),
        ),
        (
            Wanted("top/app", ""),
            (
                "project_at_root",
                "top/app",
                "A project needs a group to stand in, and none is named for `top/app`. Name one with `--entity"
                " SOURCE=NAMESPACE`, or one for all that comes with `--all NAMESPACE`.",
            ),
        ),
        (
            Wanted("top", "dest", "a b\u202e"),
            (
                "invalid_destination",
                "top",
                "`a b\\u202e` cannot be a path of a group or project: a path is made of letters, digits, `_`, `-` and `.`. Choose"
                " another with `--entity SOURCE=NAMESPACE:SLUG`.",
            ),
        ),
        (
            Wanted("top", "", "API"),
            (
                "invalid_destination",
                "top",
                "`API` cannot be a path of a group or project: the name is reserved at the root. Choose another with `--entity"
                " SOURCE=NAMESPACE:SLUG`.",
            ),
        ),
        (
            Wanted("top/else\n", "dest"),
            (
                "source_entity_not_found",
                None,
                "The archive holds no `top/else\\n`. It holds: top, top/app, top/inner, top/inner/deep.",
            ),
        ),
    ],
)
def test_what_cannot_go_where_it_should_blocks(
    scene: Scene, wanted: Wanted, problem: tuple[str, str | None, str]
) -> None:
    plan = scene.plan(scene.draft().complete().finish(), wanted)
    assert said(plan)[0] == problem
    assert [item.kind.value for item in plan.blockers] == [problem[0]]
    assert set(places(plan).values()) <= {None}


def test_a_path_of_the_source_that_means_something_here_blocks_it_and_what_lies_below(scene: Scene) -> None:
    tree = {"top": "group_1", "top/inner.git": "group_2", "top/inner.git/deep": "project_8"}
    plan = scene.plan(scene.draft(tree=tree).complete().finish())
    assert places(plan) == {"top": "dest/top", "top/inner.git": None, "top/inner.git/deep": None}
    assert [(item.kind.value, item.entity) for item in plan.blockers] == [("invalid_destination", "top/inner.git")]


def test_one_that_is_named_twice_blocks(scene: Scene) -> None:
    plan = scene.plan(scene.draft().complete().finish(), Wanted("top", "dest"), Wanted("Top", ""))
    assert [(item.kind.value, item.entity) for item in plan.blockers] == [("named_twice", "top")]


def test_nothing_becomes_more_visible_than_the_group_around_it(scene: Scene) -> None:
    add_group(scene, "hidden", visibility=Visibility.internal)
    own: dict[str, dict[str, Any]] = {"top/inner": {"visibility_level": 0}, "top/app": {"visibility_level": "20"}}
    plan = scene.plan(scene.draft(own).complete().finish(), Wanted("top", "hidden"))
    seen = {item.source_full_path: (item.source_visibility, item.destination_visibility) for item in plan.entities}
    assert seen == {
        "top": (Visibility.public, Visibility.internal),
        "top/app": (None, Visibility.private),
        "top/inner": (Visibility.private, Visibility.private),
        "top/inner/deep": (Visibility.public, Visibility.private),
    }
    assert [item for item in said(plan) if item[0] == "lower_visibility"] == [
        (
            "lower_visibility",
            "top",
            "it is public at the source and would be internal, as the group around it is",
        ),
        (
            "lower_visibility",
            "top/inner/deep",
            "it is public at the source and would be private, as the group around it is",
        ),
    ]


def test_titles_that_nobody_can_tell_apart_are_named(scene: Scene) -> None:
    add_project(scene, "dest/there", name="STRASSE")
    tree = {**TREE, "top/next": "project_9"}
    own: dict[str, dict[str, Any]] = {
        "top": {"name": "Straße"},
        "top/app": {"name": "\ufb01le"},
        "top/next": {"name": "FILE"},
        "top/inner": {"name": "e\u0301t\u200be"},
    }
    plan = scene.plan(scene.draft(own, tree).complete().finish())
    assert said(plan) == [
        (
            "similar_name",
            "top/next",
            "its title `FILE` looks the same as that of `top/app`, which goes into the same group",
        ),
        (
            "odd_name",
            "top/inner",
            "its title holds characters that cannot be seen or told apart: `e\\u0301t\\u200be`",
        ),
        INHERITED,
        ("similar_name", "top", "`dest` holds `STRASSE` already, which looks the same"),
    ]
    assert entity(plan, "top/inner").name == "e\u0301t\\u200be"


def test_choices_rename_leave_out_and_reach_what_lies_below(scene: Scene) -> None:
    choices = {
        "top/app": Choice(skip=True),
        "top/inner": Choice(slug="other", skip_relations=("uploads",)),
    }
    wanted = Wanted("top", "dest", skip_relations=("wiki",))
    plan = scene.plan(scene.draft().complete().finish(), wanted, options=PlanOptions(choices=choices))
    assert places(plan) == {
        "top": "dest/top",
        "top/app": None,
        "top/inner": "dest/top/other",
        "top/inner/deep": "dest/top/other/deep",
    }
    assert entity(plan, "top/app").is_skipped
    left = {
        item.source_full_path: [relation.relation for relation in item.relations if relation.presence == "skipped"]
        for item in plan.entities
    }
    assert left == {
        "top": ["wiki"],
        "top/app": ["wiki"],
        "top/inner": ["wiki", "uploads"],
        "top/inner/deep": ["wiki", "uploads"],
    }


def test_projects_and_memberships_can_stay_away(scene: Scene) -> None:
    wanted = Wanted("top", "dest", migrate_projects=False, migrate_memberships=False)
    plan = scene.plan(scene.draft().complete().finish(), wanted)
    assert places(plan) == {
        "top": "dest/top",
        "top/app": None,
        "top/inner": "dest/top/inner",
        "top/inner/deep": None,
    }
    assert [item.source_full_path for item in plan.entities if item.is_skipped] == ["top/app", "top/inner/deep"]
    assert [item.relation for item in entity(plan, "top").relations if item.presence == "skipped"] == ["members"]


def test_everything_goes_into_one_group(scene: Scene) -> None:
    draft = scene.draft().complete().finish()
    with scene.open(draft) as archive:
        settings = Settings(data_dir=scene.destination.directory)
        plan = make_plan(scene.destination.database, settings, archive, Everything("dest"))
    assert places(plan)["top/app"] == "dest/top/app"


def test_a_group_that_was_taken_for_a_project_blocks(scene: Scene) -> None:
    plan = scene.plan(scene.draft().complete().finish(), Wanted("top", "dest", kind=PortableKind.PROJECT))
    assert [(item.kind.value, item.entity) for item in plan.blockers] == [("source_entity_not_found", "top")]
