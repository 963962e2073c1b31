"""What an owner sets on a project beside the project's own row."""

from demo.rows import Values
from demo.scene import Project, Scene
from offline_transfer.forge.enums import (
    DeployStrategy,
    PipelineCancellationRole,
    PipelineVariablesRole,
    ResourceGroupProcessMode,
)
from offline_transfer.forge.project_settings import (
    ContainerExpirationPolicy,
    ProjectAutoDevops,
    ProjectCiCdSetting,
    ProjectErrorTrackingSetting,
    ProjectSecuritySetting,
    ServiceDeskSetting,
)
from offline_transfer.forge.projects import ProjectCustomAttribute, ProjectFeature, ProjectSetting

FEATURES = (
    "merge_requests", "issues", "wiki", "snippets", "builds", "repository", "pages", "forking", "metrics_dashboard",
    "requirements", "operations", "analytics", "security_and_compliance", "container_registry", "package_registry",
    "monitor", "infrastructure", "feature_flags", "environments", "releases", "model_experiments", "model_registry",
)  # fmt: skip
DISABLED, PRIVATE, ENABLED, PUBLIC = 0, 10, 20, 30


def add_features(scene: Scene, project: Project) -> None:
    """Who may see what: each feature has one of the levels."""
    levels = {
        f"{name}_access_level": (ENABLED, PRIVATE, DISABLED)[(number + project.id) % 3]
        for number, name in enumerate(FEATURES)
    }
    levels["pages_access_level"] = PUBLIC
    scene.rows.add(ProjectFeature, project_id=project.id, **scene.times(), **levels)


def add_settings(scene: Scene, project: Project) -> None:
    """Every other setting of a project, none of them as it is by default."""
    times = scene.times()
    own: Values = {"project_id": project.id}
    scene.rows.attach(
        ProjectSetting,
        **own,
        **times,
        allow_merge_on_skipped_pipeline=True,
        squash_option=2,
        merge_commit_template="Merge %{source_branch} \\ %{title}\n\n%{description}",
        squash_commit_template='%{title} ("squashed")',
    )
    for name in ('audit "class"', "Kostenstelle ß"):
        scene.rows.add(ProjectCustomAttribute, **own, **times, key=name, value=scene.words.title())
    scene.rows.add(ProjectAutoDevops, **own, **times, enabled=True, deploy_strategy=DeployStrategy.timed_incremental)
    scene.rows.attach(
        ContainerExpirationPolicy,
        **own,
        **times,
        next_run_at=scene.clock.later(7),
        name_regex=r"^v\d+\\.*",
        name_regex_keep="^release-.*",
        cadence="14d",
        older_than="60d",
        keep_n=25,
        enabled=True,
    )
    scene.rows.attach(
        ProjectErrorTrackingSetting,
        **own,
        api_url="https://sentry.example/api/0/projects/harbour/lamp/",
        encrypted_token=scene.words.secret(),
        encrypted_token_iv=scene.words.secret(),
        project_name="lamp",
        organization_name="Häfen & Co.",
    )
    scene.rows.attach(ProjectSecuritySetting, **own, **times)
    scene.rows.attach(
        ServiceDeskSetting, **own, **times, issue_template_key="Störung", project_key=f"desk_{project.id}"
    )
    _add_ci_cd_settings(scene, own)


def _add_ci_cd_settings(scene: Scene, own: Values) -> None:
    scene.rows.add(
        ProjectCiCdSetting,
        **own,
        group_runners_enabled=False,
        merge_pipelines_enabled=True,
        default_git_depth=20,
        forward_deployment_enabled=True,
        merge_trains_enabled=True,
        auto_rollback_enabled=True,
        keep_latest_artifact=False,
        job_token_scope_enabled=True,
        runner_token_expiration_interval=86400,
        separated_caches=False,
        allow_fork_pipelines_to_run_in_parent_project=False,
        inbound_job_token_scope_enabled=False,
        forward_deployment_rollback_allowed=False,
        merge_trains_skip_train_allowed=True,
        restrict_pipeline_cancellation_role=PipelineCancellationRole.maintainer,
        pipeline_variables_minimum_override_role=PipelineVariablesRole.owner,
        push_repository_for_job_token_allowed=True,
        id_token_sub_claim_components=["project_path", "ref"],
        delete_pipelines_in_seconds=7_776_000,
        allow_composite_identities_to_run_pipelines=True,
        display_pipeline_variables=True,
        resource_group_default_process_mode=ResourceGroupProcessMode.newest_first,
    )
