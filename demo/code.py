"""The code of a project: a default branch, branches under review, tags, and what Git is asked to keep for the forge."""

import hashlib
from dataclasses import dataclass

from demo.diffs import FileDiff, read_diff
from demo.history import Commit, File, History
from demo.scene import Project, Scene
from offline_transfer.forge.enums import IssuableState
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath

STATES = (IssuableState.opened, IssuableState.merged, IssuableState.closed)
LFS_CONTENTS = tuple(f"chart {number} ".encode() * 5000 for number in range(3))
TAGS = ("v0.1.0", "v1.0.0", "v1.1.0-βήτα")
PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\x06\0\0\0"
FORKED_IID = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A branch with what was proposed on it; `diffs` has the files of each pushed version, the last one last."""

    iid: int
    branch: str
    state: IssuableState
    base: str
    shas: tuple[str, ...]
    commits: tuple[Commit, ...]
    merge_sha: str | None
    diffs: tuple[list[FileDiff], ...]

    @property
    def is_from_fork(self) -> bool:
        """Whether the branch lies in another project, so that here only the commits of the merge request are."""
        return self.iid == FORKED_IID


@dataclass(frozen=True, slots=True)
class Code:
    """What rows need to know of a project's repository."""

    default_branch: str
    shas: tuple[str, ...]
    tags: dict[str, str]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    iid: int
    branch: str
    state: IssuableState
    base: int
    marks: tuple[int, ...]
    merge: int | None


def write_code(scene: Scene, project: Project, default_branch: str) -> Code:
    """The repository of a project."""
    repository = RepositoryPath(RepositoryKind.PROJECT, project.id)
    history = History(scene.clock)
    main = f"refs/heads/{default_branch}"
    marks = [history.commit(main, _first_files(scene), message="Begin\n\nWith everything.", author=scene.human(0))]
    drafts = []
    for number in range(max(scene.scale.commits, scene.scale.merge_requests)):
        marks.append(_daily_commit(scene, history, main, number))
        if number < scene.scale.merge_requests:
            drafts.append(_propose(scene, history, main, number))
    tagged = {name: marks[number % len(marks)] for number, name in enumerate(TAGS)}
    _name_refs(scene, history, tagged, drafts)
    scene.repositories.create(repository)
    shas = history.write(scene.repositories, repository)
    scene.repositories.set_default_branch(repository, default_branch)
    return Code(
        default_branch,
        tuple(shas[mark] for mark in marks),
        {name: shas[mark] for name, mark in tagged.items()},
        tuple(_change(scene, repository, history, shas, draft) for draft in drafts),
    )


def lfs_pointer(contents: bytes) -> bytes:
    """What stands in the repository for a large file."""
    oid = hashlib.sha256(contents).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(contents)}\n".encode()


def _first_files(scene: Scene) -> dict[str, File | None]:
    files: dict[str, File | None] = {
        "README.md": File(f"# Lamp\n\n{scene.words.paragraph()}\n".encode()),
        ".gitattributes": File(b"*.chart filter=lfs diff=lfs merge=lfs -text\n"),
        "bin/lamp": File(b'#!/bin/sh\nexec python3 -m lamp "$@"\n', "100755"),
        "current": File(b"bin/lamp", "120000"),
        "docs/Fåborg havn.md": File("# Fåborg\n\nΒάθος: 3,5 м\n".encode()),
        "lib/old name.py": File(_source("old", 12)),
        "data/obsolete.csv": File(b"port,depth\nA,1\n"),
        "data/tides.csv": File(b"day,height\n"),
        "assets/logo.png": File(PICTURE + b"\1"),
    }
    for number in range(scene.scale.merge_requests):
        files[f"lib/part_{number}.py"] = File(_source(f"part {number}", 20))
    for number, contents in enumerate(LFS_CONTENTS):
        files[f"charts/{number}.chart"] = File(lfs_pointer(contents))
    return files


def _daily_commit(scene: Scene, history: History, main: str, number: int) -> int:
    tides = "".join(f"{day},{day * 7 % 31}\n" for day in range(number + 1))
    return history.commit(
        main,
        {"data/tides.csv": File(f"day,height\n{tides}".encode())},
        message=f"{scene.words.title()}\n\n{scene.words.paragraph()}\n\nSigned-off-by: {scene.human(number).name}",
        author=scene.human(number),
        committer=scene.human(number // 2),
    )


def _propose(scene: Scene, history: History, main: str, number: int) -> _Draft:
    base = history.head(main)
    branch = f"{('feature', 'fix', 'маяк')[number % 3]}/{number}-part"
    state = STATES[number % len(STATES)]
    iid = number + 1
    ref = f"refs/merge-requests/{iid}/head" if iid == FORKED_IID else f"refs/heads/{branch}"
    files: dict[str, File | None] = {}
    marks: list[int] = []
    for step in range(1 + (number + 1) % 3):
        changed = _changed_files(number, step)
        files |= changed
        marks.append(
            history.commit(
                ref,
                changed,
                message=f"{scene.words.title()}\n\nStep {step}\n\nReviewed-by: {scene.human(step).name}\n",
                author=scene.human(number + step),
                committer=scene.human(number),
                parents=None if marks else [base],
            )
        )
    merge = None
    if state is IssuableState.merged:
        merge = history.commit(
            main,
            files,
            message=f"Merge branch '{branch}' into 'main'",
            author=scene.human(0),
            parents=[history.head(main), marks[-1]],
        )
    return _Draft(iid, branch, state, base, tuple(marks), merge)


def _changed_files(number: int, step: int) -> dict[str, File | None]:
    if step == 0:
        return {
            f"lib/part_{number}.py": File(_source(f"part {number}", 20, changed=7)),
            f"docs/note {number} \\ ß.md": File(f'# Note {number}\n\n\ttabbed, "quoted" & 潮位\n'.encode()),
        }
    if step == 1:
        return {
            "lib/old name.py": None,
            f"lib/new name {number}.py": File(_source("old", 12)),
            "data/obsolete.csv": None,
            "assets/logo.png": File(PICTURE + b"\2"),
        }
    return {f"lib/part_{number}.py": File(_source(f"part {number}", 22, changed=9), "100755")}


def _source(name: str, lines: int, changed: int = 0) -> bytes:
    text = [f"line_{line} = {line * (10 if line == changed else 1)}  # {name}" for line in range(1, lines + 1)]
    return ("\n".join(text) + "\n").encode()


def _name_refs(scene: Scene, history: History, tagged: dict[str, int], drafts: list[_Draft]) -> None:
    for number, (name, mark) in enumerate(tagged.items()):
        if number % 2:
            history.ref(f"refs/tags/{name}", mark)
        else:
            history.tag(name, mark, f"{name}\n\n{scene.words.paragraph()}", scene.human(number))
    for draft in drafts:
        history.ref(f"refs/merge-requests/{draft.iid}/head", draft.marks[-1])
    history.ref("refs/pipelines/1", 1)


def _change(scene: Scene, repository: RepositoryPath, history: History, shas: dict[int, str], draft: _Draft) -> Change:
    base = shas[draft.base]
    heads = [draft.marks[0], draft.marks[-1]][-len(draft.marks) :]
    return Change(
        iid=draft.iid,
        branch=draft.branch,
        state=draft.state,
        base=base,
        shas=tuple(shas[mark] for mark in draft.marks),
        commits=tuple(history.commits[mark] for mark in draft.marks),
        merge_sha=shas[draft.merge] if draft.merge else None,
        diffs=tuple(read_diff(scene.repositories, repository, base, shas[head]) for head in heads),
    )
