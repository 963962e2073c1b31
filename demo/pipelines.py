"""Pipelines in every state, their stages and jobs, schedules, and pull requests of another forge."""

from typing import Final

from demo.code import Code
from demo.rows import Values
from demo.scene import Project, Scene
from offline_transfer.forge.ci import (
    CommitStatus,
    ExternalPullRequest,
    Pipeline,
    PipelineMetadata,
    PipelineSchedule,
    Stage,
)
from offline_transfer.forge.enums import (
    ExternalPullRequestStatus,
    JobFailureReason,
    PipelineConfigSource,
    PipelineFailureReason,
    PipelineSource,
    SchedulingType,
    StageStatus,
)

STAGES: Final = ("build", "перевірка", "deploy \\ 公開")
STATUSES: Final = ("success", "failed", "running", "scheduled", "manual", "canceled", "skipped", "created", "pending")
FINISHED: Final = frozenset({"success", "failed", "canceled", "skipped"})
JOB_TYPES: Final = ("Ci::Build", "Ci::Bridge", "GenericCommitStatus")


def add_external_pull_requests(scene: Scene, project: Project, code: Code) -> list[int]:
    """Pull requests for which this forge runs pipelines."""
    found = []
    for number, status in enumerate(ExternalPullRequestStatus, start=1):
        found.append(
            scene.rows.add(
                ExternalPullRequest,
                project_id=project.id,
                pull_request_iid=100 + number,
                status=status,
                source_branch=f'patch-{number}-"ü"',
                target_branch=code.default_branch,
                source_repository="someone/lamp",
                target_repository="harbour/lamp",
                source_sha=scene.words.digest(),
                target_sha=code.shas[0],
                **scene.times(),
            )
        )
    return found


def add_pipelines(
    scene: Scene, project: Project, code: Code, merge_requests: list[int], pull_requests: list[int]
) -> list[int]:
    """Pipelines of branches, tags, merge requests and pull requests, finished and not."""
    found = []
    for number in range(scene.scale.pipelines):
        origin = _origin(code, merge_requests, pull_requests, number)
        found.append(_add_pipeline(scene, project, code, number, origin))
    return found


def add_schedules(scene: Scene, project: Project, code: Code) -> None:
    """Schedules, the first of them active."""
    for number, active in enumerate((True, False)):
        scene.rows.add(
            PipelineSchedule,
            description=f"Nightly 🌙 \\ {scene.words.title()}",
            ref=code.default_branch,
            cron="15 3 * * 1-5",
            cron_timezone="Europe/Copenhagen",
            next_run_at=scene.clock.later(1) if active else None,
            project_id=project.id,
            owner_id=scene.human(number).id,
            active=active,
            **scene.times(),
        )


def _origin(code: Code, merge_requests: list[int], pull_requests: list[int], number: int) -> Values:
    """Where a pipeline came from: the columns that say so."""
    tag = list(code.tags)[number % len(code.tags)]
    change = code.changes[number % len(code.changes)]
    origins: tuple[Values, ...] = (
        {"ref": code.default_branch, "sha": code.shas[number % len(code.shas)], "source": PipelineSource.push},
        {
            "ref": f"refs/merge-requests/{change.iid}/head",
            "sha": change.shas[-1],
            "source_sha": change.shas[-1],
            "target_sha": change.base,
            "source": PipelineSource.merge_request_event,
            "merge_request_id": merge_requests[change.iid - 1],
        },
        {
            "ref": 'patch-1-"ü"',
            "sha": code.shas[0],
            "source": PipelineSource.external_pull_request_event,
            "external_pull_request_id": pull_requests[number // 4 % len(pull_requests)],
        },
        {"ref": tag, "sha": code.tags[tag], "tag": True, "source": PipelineSource.schedule},
    )
    nowhere: Values = {
        "source_sha": None,
        "target_sha": None,
        "merge_request_id": None,
        "external_pull_request_id": None,
    }
    return {**nowhere, "tag": False, **origins[number % len(origins)]}


def _add_pipeline(scene: Scene, project: Project, code: Code, number: int, origin: Values) -> int:
    status = STATUSES[number % len(STATUSES)]
    pipeline_id = scene.rows.add(
        Pipeline,
        **origin,
        before_sha="0" * 40 if number % 2 else code.shas[0],
        **scene.times(),
        yaml_errors='(<unknown>): did not find expected key at line 3\n\t"column" 1' if status == "failed" else None,
        committed_at=scene.clock.tick(),
        project_id=project.id,
        status=status,
        started_at=scene.clock.tick() if status != "created" else None,
        finished_at=scene.clock.tick() if status in FINISHED else None,
        duration=scene.random.randint(10, 5000) if status in FINISHED else None,
        user_id=scene.somebody(),
        lock_version=number,
        config_source=tuple(PipelineConfigSource)[number % len(PipelineConfigSource)],
        protected=number % 2 == 0,
        failure_reason=PipelineFailureReason.config_error if status == "failed" else None,
        iid=number + 1,
    )
    scene.rows.attach(
        PipelineMetadata, project_id=project.id, pipeline_id=pipeline_id, name=f"Run {number}: {scene.words.title()}"
    )
    for position, name in enumerate(STAGES):
        _add_stage(scene, project, pipeline_id, origin, status, position, name)
    return pipeline_id


def _add_stage(
    scene: Scene, project: Project, pipeline_id: int, origin: Values, status: str, position: int, name: str
) -> None:
    stage_id = scene.rows.add(
        Stage,
        project_id=project.id,
        pipeline_id=pipeline_id,
        **scene.times(),
        name=name,
        status=StageStatus[status],
        lock_version=position,
        position=position,
    )
    for job_type in JOB_TYPES:
        scene.rows.add(
            CommitStatus,
            **_job_times(scene, status),
            **_job_details(scene, job_type, position),
            type=job_type,
            status=status,
            name=f"{name}: {job_type.lower()} 1/2",
            stage_idx=position,
            stage_id=stage_id,
            commit_id=pipeline_id,
            project_id=project.id,
            user_id=scene.somebody(),
            ref=origin["ref"],
            tag=origin["tag"],
            failure_reason=JobFailureReason.script_failure if status == "failed" else None,
        )


def _job_times(scene: Scene, status: str) -> Values:
    finished = status in FINISHED
    return {
        **scene.times(),
        "queued_at": scene.clock.tick(),
        "started_at": scene.clock.tick() if finished or status == "running" else None,
        "finished_at": scene.clock.tick() if finished else None,
        "erased_at": scene.clock.tick() if finished else None,
        "artifacts_expire_at": scene.clock.later(30) if finished else None,
        "scheduled_at": scene.clock.later(1) if status == "scheduled" else None,
    }


def _job_details(scene: Scene, job_type: str, position: int) -> Values:
    is_build = job_type == "Ci::Build"
    return {
        "coverage": scene.random.choice((87.5, 0.1, 33.333333333333336, 100.0)) if is_build else None,
        "coverage_regex": r"/TOTAL.+?(\d+\.\d+%)$/" if is_build else None,
        "allow_failure": position == 1,
        "target_url": None if is_build else "https://ci.example/run?a=1&b=ü#top",
        "description": None if is_build else scene.words.title(),
        "environment": "production/ß" if position == 2 else None,
        "lock_version": position,
        "retried": position == 0,
        "protected": position == 2,
        "scheduling_type": SchedulingType.dag if position == 1 else SchedulingType.stage,
        "token_encrypted": scene.words.secret() if is_build else None,
    }
