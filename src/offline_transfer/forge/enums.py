"""Enumerations that GitLab stores as integers and exports by name.

The member names are GitLab's current names, so that `member.name` is what an archive holds. Older exports hold the integers; the
importer takes both. Source: the enum definitions of GitLab's models.
"""

from enum import IntEnum


class IssuableState(IntEnum):
    """`state_id` of issues, merge requests and epics."""

    opened = 1
    closed = 2
    merged = 3
    locked = 4


class ResourceState(IntEnum):
    """What a resource state event recorded."""

    opened = 1
    closed = 2
    merged = 3
    locked = 4
    reopened = 5


class IssueType(IntEnum):
    """Base types of work items."""

    issue = 0
    incident = 1
    test_case = 2
    requirement = 3
    task = 4
    objective = 5
    key_result = 6
    epic = 7
    ticket = 8


class HealthStatus(IntEnum):
    """Health of an issue."""

    on_track = 1
    needs_attention = 2
    at_risk = 3


class ZoomMeetingStatus(IntEnum):
    """Whether the meeting link is still on the issue."""

    added = 1
    removed = 2


class DesignEvent(IntEnum):
    """What a design version did to a design."""

    creation = 0
    modification = 1
    deletion = 2


class EventAction(IntEnum):
    """What an activity event tells of."""

    created = 1
    updated = 2
    closed = 3
    reopened = 4
    pushed = 5
    commented = 6
    merged = 7
    joined = 8
    left = 9
    destroyed = 10
    expired = 11
    approved = 12


class PushAction(IntEnum):
    """What a push did to its ref."""

    created = 0
    removed = 1
    pushed = 2


class PushRefType(IntEnum):
    """What kind of ref was pushed."""

    branch = 0
    tag = 1


class ResourceEventAction(IntEnum):
    """Whether a label, milestone or iteration was added or removed."""

    add = 1
    remove = 2


class ReleaseLinkType(IntEnum):
    """Kind of a release link."""

    other = 0
    runbook = 1
    package = 2
    image = 3


class ReviewerState(IntEnum):
    """Where a reviewer stands."""

    unreviewed = 0
    reviewed = 1
    requested_changes = 2
    approved = 3
    unapproved = 4
    review_started = 5


class DiffType(IntEnum):
    """Kind of a merge request diff."""

    regular = 1
    merge_head = 2


class ExternalPullRequestStatus(IntEnum):
    """State of a pull request on another forge."""

    open = 1
    closed = 2


class PipelineSource(IntEnum):
    """What started a pipeline."""

    push = 1
    web = 2
    trigger = 3
    schedule = 4
    api = 5
    external = 6
    pipeline = 7
    chat = 8
    webide = 9
    merge_request_event = 10
    external_pull_request_event = 11
    parent_pipeline = 12
    ondemand_dast_scan = 13
    ondemand_dast_validation = 14
    security_orchestration_policy = 15
    container_registry_push = 16
    duo_workflow = 17
    pipeline_execution_policy_schedule = 18


class PipelineConfigSource(IntEnum):
    """Where the configuration of a pipeline came from."""

    repository_source = 1
    auto_devops_source = 2
    webide_source = 3
    remote_source = 4
    external_project_source = 5
    bridge_source = 6
    parameter_source = 7
    compliance_source = 8


class PipelineFailureReason(IntEnum):
    """Why a pipeline failed as a whole."""

    unknown_failure = 0
    config_error = 1
    external_validation_failure = 2
    user_not_verified = 3
    activity_limit_exceeded = 20
    size_limit_exceeded = 21
    job_activity_limit_exceeded = 22
    deployments_limit_exceeded = 23
    project_deleted = 25
    filtered_by_rules = 26
    filtered_by_workflow_rules = 27


class StageStatus(IntEnum):
    """Status of a stage; GitLab exports it as the integer, older and newer alike."""

    created = 0
    pending = 1
    running = 2
    success = 3
    failed = 4
    canceled = 5
    skipped = 6
    manual = 7
    scheduled = 8
    preparing = 9
    waiting_for_resource = 10
    waiting_for_callback = 11
    canceling = 12


class JobFailureReason(IntEnum):
    """Why a job failed."""

    unknown_failure = 0
    script_failure = 1
    api_failure = 2
    stuck_or_timeout_failure = 3
    runner_system_failure = 4
    missing_dependency_failure = 5
    runner_unsupported = 6
    stale_schedule = 7
    job_execution_timeout = 8
    archived_failure = 9
    unmet_prerequisites = 10
    scheduler_failure = 11
    data_integrity_failure = 12
    forward_deployment_failure = 13
    user_blocked = 14
    project_deleted = 15
    ci_quota_exceeded = 16
    pipeline_loop_detected = 17
    no_matching_runner = 18
    trace_size_exceeded = 19
    builds_disabled = 20
    environment_creation_failure = 21
    deployment_rejected = 22
    failed_outdated_deployment_job = 23
    protected_environment_failure = 1000
    insufficient_bridge_permissions = 1001
    downstream_bridge_project_not_found = 1002
    invalid_bridge_trigger = 1003
    upstream_bridge_project_not_found = 1004
    insufficient_upstream_permissions = 1005
    bridge_pipeline_is_child_pipeline = 1006
    downstream_pipeline_creation_failed = 1007
    secrets_provider_not_found = 1008
    reached_max_descendant_pipelines_depth = 1009


class SchedulingType(IntEnum):
    """Whether a job waits for its stage or for its needs."""

    stage = 0
    dag = 1


class DeployStrategy(IntEnum):
    """How Auto DevOps deploys."""

    continuous = 0
    manual = 1
    timed_incremental = 2


class PipelineCancellationRole(IntEnum):
    """Who may cancel pipelines."""

    developer = 0
    maintainer = 1
    no_one = 2


class PipelineVariablesRole(IntEnum):
    """Who may override pipeline variables."""

    no_one_allowed = 1
    developer = 2
    maintainer = 3
    owner = 4


class ResourceGroupProcessMode(IntEnum):
    """In which order a resource group runs its jobs."""

    unordered = 0
    oldest_first = 1
    newest_first = 2
    newest_ready_first = 3


class ListType(IntEnum):
    """What a board list shows."""

    backlog = 0
    label = 1
    closed = 2
    assignee = 3
    milestone = 4
    iteration = 5
    status = 6


class EpicListType(IntEnum):
    """What a list of an epic board shows."""

    backlog = 0
    label = 1
    closed = 2


class SquashSetting(IntEnum):
    """Whether commits are squashed when merging."""

    never = 0
    always = 1
    default_on = 2
    default_off = 3


class ApprovalRuleType(IntEnum):
    """Kind of an approval rule."""

    regular = 0
    code_owner = 1
    report_approver = 2
    any_approver = 3


class ApprovalReportType(IntEnum):
    """Report that an approval rule watches."""

    license_scanning = 2
    code_coverage = 3
    scan_finding = 4
    any_merge_request = 5


class Severity(IntEnum):
    """Severity of a vulnerability."""

    info = 1
    unknown = 2
    low = 4
    medium = 5
    high = 6
    critical = 7


class ReportType(IntEnum):
    """Report in which a vulnerability was found."""

    sast = 0
    dependency_scanning = 1
    container_scanning = 2
    dast = 3
    secret_detection = 4
    coverage_fuzzing = 5
    api_fuzzing = 6
    cluster_image_scanning = 7
    generic = 99


class DetectionMethod(IntEnum):
    """How a vulnerability was found."""

    gitlab_security_report = 0
    external_security_report = 1
    bug_bounty = 2
    code_review = 3
    security_audit = 4


class AutoCancelPendingPipelines(IntEnum):
    """Whether a newer pipeline cancels older ones."""

    disabled = 0
    enabled = 1


class UserType(IntEnum):
    """Kinds of users that a forge holds; the integers are GitLab's."""

    human = 0
    ghost = 5
    project_bot = 6
    placeholder = 15
    import_user = 17


class LfsRepositoryType(IntEnum):
    """Which repository of a project an LFS object belongs to."""

    project = 0
    wiki = 1
    design = 2


class AccessLevel(IntEnum):
    """Roles of members."""

    no_access = 0
    minimal = 5
    guest = 10
    planner = 15
    reporter = 20
    developer = 30
    maintainer = 40
    owner = 50
    admin = 60


class Visibility(IntEnum):
    """Who can see a group, project or snippet."""

    private = 0
    internal = 10
    public = 20
