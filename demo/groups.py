"""Groups, and who belongs to groups and projects."""

from dataclasses import dataclass

from demo.activity import Home
from demo.attachments import add_avatar, add_uploads
from demo.epics import add_epic_boards, add_epics
from demo.planning import add_group_boards, add_group_labels, add_iterations, add_milestones
from demo.rows import Values
from demo.scene import Group, Scene
from demo.wikis import write_wiki
from offline_transfer.forge.enums import AccessLevel, Visibility
from offline_transfer.forge.members import Badge, Member
from offline_transfer.forge.namespaces import Namespace, NamespaceSetting
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.routes import InternalId, Route


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """A group that shall be: its full path, name and visibility."""

    full_path: str
    name: str
    visibility: Visibility


def add_group(scene: Scene, plan: GroupPlan, parent: Group | None, number: int) -> Group:
    """A group with everything but its projects; `number` tells it from all others."""
    group = Group(_add_namespace(scene, plan, parent), plan.full_path, parent)
    names = f"{parent.full_path} / {plan.name}" if parent else plan.name
    scene.rows.add(Route, path=plan.full_path, name=names, namespace_id=group.id)
    scene.rows.attach(
        NamespaceSetting,
        **scene.times(),
        namespace_id=group.id,
        prevent_sharing_groups_outside_hierarchy=parent is None,
    )
    add_group_labels(scene, group)
    group.milestones += add_milestones(scene, group)
    first_iteration = 10 * number + 1
    add_iterations(scene, group, first_iteration)
    add_epics(scene, group)
    add_group_boards(scene, group)
    add_epic_boards(scene, group)
    add_members(scene, group)
    add_badges(scene, group)
    add_avatar(scene, group)
    write_wiki(scene, RepositoryPath(RepositoryKind.GROUP_WIKI, group.id))
    add_uploads(scene, group)
    last_values = {"epics": len(group.epics), "milestones": len(group.milestones), "sprints": first_iteration + 2}
    add_internal_ids(scene, group, last_values)
    return group


def add_members(scene: Scene, home: Home) -> None:
    """Owners and others, somebody who was invited and is no user, and somebody who asks to come in."""
    is_group = isinstance(home, Group)
    shared: Values = {
        "source_type": "Namespace" if is_group else "Project",
        "source_id": home.id,
        "type": "GroupMember" if is_group else "ProjectMember",
    }
    levels = (AccessLevel.owner, AccessLevel.maintainer, AccessLevel.developer, AccessLevel.guest)
    for number, level in enumerate(levels):
        at = scene.clock.tick()
        member: Values = {
            "user_id": scene.human(number + home.id).id,
            "access_level": level,
            "notification_level": number,
            "expires_at": scene.clock.day(400) if number == 2 else None,
            "invite_accepted_at": at if number == 1 else None,
            "requested_at": at if number == 3 else None,
            "ldap": number == 2,
            "override": number == 2,
        }
        _add_member(scene, {**shared, **member})
    bot: Values = {"user_id": scene.people.bot.id, "access_level": AccessLevel.developer}
    _add_member(scene, {**shared, **bot, "notification_level": 3})
    invited: Values = {"user_id": None, "access_level": AccessLevel.reporter, "notification_level": 3}
    secret: Values = {"invite_email": f"guest+{home.id}@post.example", "invite_token": scene.words.secret()}
    _add_member(scene, {**shared, **invited, **secret})


def add_badges(scene: Scene, home: Home) -> None:
    """Badges with placeholders in their links."""
    for number, name in enumerate(("Стан", None)):
        scene.rows.add(
            Badge,
            **home.columns,
            type="GroupBadge" if isinstance(home, Group) else "ProjectBadge",
            name=name,
            link_url=f"https://ci.example/%{{project_path}}?branch=%{{default_branch}}&n={number}",
            image_url=f"https://ci.example/badge \\{number}.svg",
            **scene.times(),
        )


def add_internal_ids(scene: Scene, home: Home, last_values: dict[str, int]) -> None:
    """The counters of a group or project."""
    owner = {"namespace_id": home.id} if isinstance(home, Group) else {"project_id": home.id}
    for usage, last_value in last_values.items():
        scene.rows.add(
            InternalId, **{"namespace_id": None, "project_id": None, **owner}, usage=usage, last_value=last_value
        )


def _add_namespace(scene: Scene, plan: GroupPlan, parent: Group | None) -> int:
    return scene.rows.add(
        Namespace,
        name=plan.name,
        path=plan.full_path.rpartition("/")[2],
        **scene.times(),
        type="Group",
        avatar="logo.png",
        membership_lock=parent is not None,
        share_with_group_lock=parent is None,
        visibility_level=plan.visibility,
        request_access_enabled=False,
        lfs_enabled=True,
        parent_id=parent.id if parent else None,
        require_two_factor_authentication=parent is None,
        two_factor_grace_period=24,
        project_creation_level=2,
        runners_token=scene.words.secret(),
        runners_token_encrypted=scene.words.secret(),
        auto_devops_enabled=False,
        subgroup_creation_level=0,
        max_artifacts_size=200,
        mentions_disabled=False,
        default_branch_protection=3,
        shared_runners_enabled=False,
        allow_descendants_override_disabled_shared_runners=True,
        description=scene.words.paragraph() if parent else "",
        emails_enabled=False,
    )


def _add_member(scene: Scene, values: Values) -> None:
    empty: Values = {
        "created_by_id": scene.somebody(),
        **scene.times(),
        "invite_email": None,
        "invite_token": None,
        "invite_accepted_at": None,
        "requested_at": None,
        "expires_at": None,
        "ldap": False,
        "override": False,
    }
    scene.rows.add(Member, **{**empty, **values})
