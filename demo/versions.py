"""The versions of a merge request: its diffs as they were when somebody pushed."""

from collections.abc import Sequence

from demo.code import Change
from demo.diffs import FileDiff
from demo.history import Commit
from demo.rows import Rows, Values
from demo.scene import Project, Scene
from offline_transfer.forge.diffs import (
    MergeRequestCommitsMetadata,
    MergeRequestDiff,
    MergeRequestDiffCommit,
    MergeRequestDiffCommitUser,
    MergeRequestDiffFile,
)
from offline_transfer.forge.history import Signature


class CommitUsers:
    """The people that commits name, one row each in the whole instance, and the commits of each project."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._users: dict[tuple[str, str], int] = {}
        self._commits: dict[tuple[int, str], int] = {}

    def user(self, signature: Signature) -> int:
        """The row of whoever signed."""
        key = (signature.name, signature.email)
        if key not in self._users:
            self._users[key] = self._rows.add(MergeRequestDiffCommitUser, name=signature.name, email=signature.email)
        return self._users[key]

    def commit(self, project: Project, sha: str, commit: Commit) -> int:
        """The row of a commit of a project."""
        key = (project.id, sha)
        if key not in self._commits:
            self._commits[key] = self._rows.add(
                MergeRequestCommitsMetadata,
                project_id=project.id,
                sha=sha,
                message=commit.message,
                authored_date=commit.author.date,
                committed_date=commit.committer.date,
                commit_author_id=self.user(commit.author),
                committer_id=self.user(commit.committer),
            )
        return self._commits[key]


def add_versions(scene: Scene, project: Project, users: CommitUsers, change: Change, merge_request_id: int) -> None:
    """One diff for the first push, if there were several, and one for the last."""
    for version, files in enumerate(change.diffs, start=1):
        is_last = version == len(change.diffs)
        count = len(change.shas) if is_last else 1
        diff_id = _add_diff(scene, change, merge_request_id, change.shas[:count], files)
        _add_commits(scene, project, users, change, diff_id, count)
        _add_files(scene, diff_id, files)


def _add_diff(scene: Scene, change: Change, merge_request_id: int, shas: Sequence[str], files: list[FileDiff]) -> int:
    return scene.rows.add(
        MergeRequestDiff,
        state="collected",
        merge_request_id=merge_request_id,
        **scene.times(),
        base_commit_sha=change.base,
        real_size=str(len(files)),
        head_commit_sha=shas[-1],
        start_commit_sha=change.base,
        commits_count=len(shas),
        files_count=len(files),
        sorted=True,
    )


def _add_commits(scene: Scene, project: Project, users: CommitUsers, change: Change, diff_id: int, count: int) -> None:
    newest_first = reversed(list(zip(change.shas[:count], change.commits, strict=False)))
    for order, (sha, commit) in enumerate(newest_first):
        own: Values = {
            "sha": sha,
            "message": commit.message,
            "authored_date": commit.author.date,
            "committed_date": commit.committer.date,
            "commit_author_id": users.user(commit.author),
            "committer_id": users.user(commit.committer),
        }
        # GitLab wrote a commit's own columns first, then both, and now its metadata alone; all three are still around.
        generation = change.iid % 3
        scene.rows.attach(
            MergeRequestDiffCommit,
            **(own if generation else dict.fromkeys(own)),
            merge_request_diff_id=diff_id,
            relative_order=order,
            trailers={"Reviewed-by": scene.human(order).name} if order % 2 else {},
            merge_request_commits_metadata_id=users.commit(project, sha, commit) if generation != 1 else None,
        )


def _add_files(scene: Scene, diff_id: int, files: list[FileDiff]) -> None:
    for order, file in enumerate(files):
        scene.rows.attach(
            MergeRequestDiffFile,
            merge_request_diff_id=diff_id,
            relative_order=order,
            new_file=file.status == "A",
            renamed_file=file.status == "R",
            deleted_file=file.status == "D",
            too_large=False,
            a_mode=file.a_mode,
            b_mode=file.b_mode,
            new_path=file.new_path,
            old_path=file.old_path,
            diff=file.diff,
            binary=file.is_binary,
            encoded_file_path=False,
        )
