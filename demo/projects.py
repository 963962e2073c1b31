"""Projects with everything in them."""

from dataclasses import dataclass
from enum import Enum, auto

from demo.attachments import LfsObjects, add_avatar, add_uploads
from demo.code import write_code
from demo.groups import add_badges, add_internal_ids, add_members
from demo.issues import add_issues
from demo.merge_requests import add_merge_requests
from demo.pipelines import add_external_pull_requests, add_pipelines, add_schedules
from demo.planning import add_milestones, add_project_boards, add_project_labels
from demo.protection import add_protection
from demo.releases import add_releases, add_snippets
from demo.review import add_commit_notes
from demo.rows import Values
from demo.scene import Group, Person, Project, Scene
from demo.settings import add_features, add_settings
from demo.versions import CommitUsers
from demo.vulnerabilities import add_vulnerabilities
from demo.wikis import write_wiki
from offline_transfer.forge.enums import AutoCancelPendingPipelines, Visibility
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project as ProjectRow
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.routes import Route

# Deleted records leave holes: a counter may stand above the highest number that is still there.
DELETED = 3


class Contents(Enum):
    """How much is in a project."""

    EVERYTHING = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """A project that shall be."""

    full_path: str
    name: str
    visibility: Visibility
    default_branch: str = "main"
    contents: Contents = Contents.EVERYTHING


@dataclass(frozen=True, slots=True)
class Shared:
    """What the projects of an instance have in common: large files, people in commits, and somebody's fork."""

    lfs: LfsObjects
    commit_users: CommitUsers
    fork_id: int


def add_project(scene: Scene, plan: ProjectPlan, group: Group, shared: Shared) -> Project:
    """A project as planned; one without contents has an empty repository and its features."""
    project = Project(_add_row(scene, plan, group), plan.full_path, group)
    scene.rows.add(Route, path=plan.full_path, name=f"{group.full_path} / {plan.name}", project_id=project.id)
    add_features(scene, project)
    if plan.contents is Contents.NOTHING:
        scene.repositories.create(RepositoryPath(RepositoryKind.PROJECT, project.id))
        return project
    add_settings(scene, project)
    add_members(scene, project)
    add_badges(scene, project)
    add_avatar(scene, project)
    add_uploads(scene, project)
    shared.lfs.add(project)
    write_wiki(scene, RepositoryPath(RepositoryKind.WIKI, project.id))
    _fill(scene, project, plan, shared)
    return project


def add_fork(scene: Scene, owner: Person) -> int:
    """An empty project in somebody's own namespace, from which merge requests come; it stays behind."""
    namespace_id = scene.rows.add(Namespace, name=owner.name, path=owner.username, type="User", **scene.times())
    scene.rows.add(Route, path=owner.username, name=owner.name, namespace_id=namespace_id)
    project_id = scene.rows.add(
        ProjectRow,
        name="Fork",
        path="fork",
        namespace_id=namespace_id,
        creator_id=owner.id,
        **scene.times(),
    )
    scene.rows.add(Route, path=f"{owner.username}/fork", name=f"{owner.name} / Fork", project_id=project_id)
    scene.repositories.create(RepositoryPath(RepositoryKind.PROJECT, project_id))
    return project_id


def _fill(scene: Scene, project: Project, plan: ProjectPlan, shared: Shared) -> None:
    add_project_labels(scene, project)
    project.milestones += add_milestones(scene, project)
    code = write_code(scene, project, plan.default_branch)
    add_issues(scene, project)
    add_snippets(scene, project)
    add_releases(scene, project, code)
    merge_requests = add_merge_requests(scene, project, code, shared.commit_users, shared.fork_id)
    add_commit_notes(scene, project, code)
    pull_requests = add_external_pull_requests(scene, project, code)
    pipelines = add_pipelines(scene, project, code, merge_requests, pull_requests)
    add_schedules(scene, project, code)
    add_protection(scene, project, code)
    add_project_boards(scene, project)
    add_vulnerabilities(scene, project, pipelines)
    counters = {
        "issues": scene.scale.issues + DELETED,
        "merge_requests": len(merge_requests) + DELETED,
        "milestones": len(project.milestones),
        "ci_pipelines": len(pipelines) + DELETED,
        "design_management_designs": 6,
    }
    add_internal_ids(scene, project, counters)


def _add_row(scene: Scene, plan: ProjectPlan, group: Group) -> int:
    return scene.rows.add(
        ProjectRow,
        name=plan.name,
        path=plan.full_path.rpartition("/")[2],
        description=scene.words.paragraph(),
        **scene.times(),
        creator_id=scene.human(0).id,
        namespace_id=group.id,
        visibility_level=plan.visibility,
        default_branch=None if plan.contents is Contents.NOTHING else plan.default_branch,
        avatar=None if plan.contents is Contents.NOTHING else "logo.png",
        runners_token=scene.words.secret(),
        runners_token_encrypted=scene.words.secret(),
        **_merging(scene),
        **_building(scene),
    )


def _merging(scene: Scene) -> Values:
    return {
        "merge_requests_template": "## Why\n\n## How \\ 方法\n",
        "merge_requests_rebase_enabled": True,
        "merge_requests_ff_only_enabled": True,
        "approvals_before_merge": 2,
        "reset_approvals_on_push": False,
        "only_allow_merge_if_pipeline_succeeds": True,
        "only_allow_merge_if_all_discussions_are_resolved": True,
        "printing_merge_request_link_enabled": False,
        "disable_overriding_approvers_per_merge_request": True,
        "resolve_outdated_diff_discussions": True,
        "merge_requests_author_approval": True,
        "merge_requests_disable_committers_approval": True,
        "require_password_to_approve": False,
        "remove_source_branch_after_merge": True,
        "autoclose_referenced_issues": False,
        "suggestion_commit_message": f'Apply %{{suggestions_count}} \\ "{scene.words.emoji()}"',
        "issues_template": "### Steps\n\n1.\t…\n",
    }


def _building(scene: Scene) -> Values:
    return {
        "shared_runners_enabled": False,
        "build_allow_git_fetch": False,
        "build_timeout": 7200,
        "pending_delete": False,
        "public_builds": False,
        "last_repository_check_failed": False,
        "has_external_issue_tracker": False,
        "has_external_wiki": False,
        "request_access_enabled": False,
        "auto_cancel_pending_pipelines": AutoCancelPendingPipelines.disabled,
        "service_desk_enabled": False,
        "jobs_cache_index": scene.random.randint(1, 9),
        "external_authorization_classification_label": "öffentlich",
        "pages_https_only": False,
        "max_artifacts_size": 150,
    }
