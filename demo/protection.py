"""What guards a project's code: protected branches, tags and environments, approval rules, and the push rule."""

from demo.code import Code
from demo.rows import Values
from demo.scene import Project, Scene
from offline_transfer.forge.approval_rules import (
    ApprovalProjectRule,
    ApprovalProjectRulesProtectedBranch,
    ApprovalProjectRulesUser,
)
from offline_transfer.forge.base import Base
from offline_transfer.forge.enums import AccessLevel, ApprovalReportType, ApprovalRuleType, SquashSetting
from offline_transfer.forge.project_settings import PushRule
from offline_transfer.forge.protection import (
    CreateAccessLevel,
    DeployAccessLevel,
    MergeAccessLevel,
    ProtectedBranch,
    ProtectedEnvironment,
    ProtectedTag,
    PushAccessLevel,
    SquashOption,
    UnprotectAccessLevel,
)


def add_protection(scene: Scene, project: Project, code: Code) -> None:
    """Everything that guards a project's code."""
    branches = [_add_branch(scene, project, name) for name in (code.default_branch, "release/*", "маяк/*")]
    for name in ("v*", "\\ßeta-*"):
        tag_id = scene.rows.add(ProtectedTag, project_id=project.id, name=name, **scene.times())
        _add_levels(scene, project, CreateAccessLevel, {"protected_tag_id": tag_id})
    for name in ("production", "staging/ß"):
        environment_id = scene.rows.add(ProtectedEnvironment, project_id=project.id, name=name, **scene.times())
        _add_levels(scene, project, DeployAccessLevel, {"protected_environment_id": environment_id})
    _add_approval_rules(scene, project, branches)
    _add_push_rule(scene, project)


def _add_branch(scene: Scene, project: Project, name: str) -> int:
    branch_id = scene.rows.add(
        ProtectedBranch,
        project_id=project.id,
        name=name,
        **scene.times(),
        code_owner_approval_required=name == "release/*",
        allow_force_push=name.endswith("/*"),
    )
    link: Values = {"protected_branch_id": branch_id}
    _add_levels(scene, project, MergeAccessLevel, link)
    _add_levels(scene, project, PushAccessLevel, link)
    _add_levels(scene, project, UnprotectAccessLevel, link)
    scene.rows.add(
        SquashOption,
        **link,
        project_id=project.id,
        squash_option=tuple(SquashSetting)[branch_id % len(SquashSetting)],
        **scene.times(),
    )
    return branch_id


def _add_levels(scene: Scene, project: Project, model: type[Base], link: Values) -> None:
    """A level for a role, for a person and for a group, as GitLab writes them: the default role stands beside the latter two."""
    for level, user_id, group_id in (
        (AccessLevel.no_access, None, None),
        (AccessLevel.developer, None, None),
        (AccessLevel.maintainer, scene.human(3).id, None),
        (AccessLevel.maintainer, None, project.group.id),
    ):
        times = scene.times() if "created_at" in model.__table__.c else {}
        scene.rows.add(model, **link, **times, access_level=level, user_id=user_id, group_id=group_id)


def _add_approval_rules(scene: Scene, project: Project, branches: list[int]) -> None:
    for number, rule_type in enumerate((ApprovalRuleType.regular, ApprovalRuleType.report_approver)):
        is_report = rule_type is ApprovalRuleType.report_approver
        rule_id = scene.rows.add(
            ApprovalProjectRule,
            project_id=project.id,
            name=('Сторожа "маяка"', "License-Check \\ 2")[number],
            approvals_required=number + 1,
            rule_type=rule_type,
            scanners=["sast", 'dast "x"', "a,b"] if is_report else [],
            vulnerabilities_allowed=number,
            severity_levels=["critical", "high"] if is_report else [],
            report_type=ApprovalReportType.scan_finding if is_report else None,
            vulnerability_states=["new_needs_triage", "detected"],
            orchestration_policy_idx=1 if is_report else None,
            applies_to_all_protected_branches=not is_report,
            **scene.times(),
        )
        for branch_id in branches[:2]:
            scene.rows.attach(
                ApprovalProjectRulesProtectedBranch, approval_project_rule_id=rule_id, protected_branch_id=branch_id
            )
        for user in (scene.human(1), scene.human(2)):
            scene.rows.add(ApprovalProjectRulesUser, approval_project_rule_id=rule_id, user_id=user.id)


def _add_push_rule(scene: Scene, project: Project) -> None:
    scene.rows.add(
        PushRule,
        project_id=project.id,
        commit_message_regex=r"\A(feat|fix)\\?: .+",
        commit_message_negative_regex=r"(?i)wip\s",
        author_email_regex=r"@harbour\.example\z",
        file_name_regex=r"\.(exe|dll)$",
        branch_name_regex=r"^(main|маяк/.*)$",
        max_file_size=50,
        deny_delete_tag=True,
        member_check=True,
        is_sample=False,
        prevent_secrets=True,
        reject_unsigned_commits=False,
        commit_committer_check=False,
        regexp_uses_re2=True,
        reject_non_dco_commits=False,
        **scene.times(),
    )
