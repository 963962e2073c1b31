"""Comments on lines of a diff, with suggestions, and comments on commits."""

import hashlib

from demo.activity import Extra, Target, add_event, add_note
from demo.code import Change, Code
from demo.diffs import FileDiff
from demo.rows import Values
from demo.scene import Project, Scene
from offline_transfer.forge.enums import EventAction
from offline_transfer.forge.notes import NoteDiffFile, Suggestion


def add_review(scene: Scene, project: Project, change: Change, merge_request_id: int) -> None:
    """Comments on an added and on a removed line, each in its thread, and one in the form of old versions."""
    target = Target(project, "MergeRequest", merge_request_id, Extra.NONE)
    for file in change.diffs[-1]:
        for old, new in ((None, file.added_line), (file.removed_line, None)):
            if old or new:
                note_id = _add_diff_note(scene, target, change, file, old, new)
                _add_diff_file(scene, note_id, file)
                _add_suggestions(scene, note_id, change)
    add_note(scene, target, **_old_form(change.diffs[-1][0]), commit_id=change.shas[0])


def add_commit_notes(scene: Scene, project: Project, code: Code) -> None:
    """Comments on commits of the default branch."""
    for sha in code.shas[:3]:
        for kind in (None, "DiscussionNote"):
            target = Target(project, "Commit", 0, Extra.NONE)
            note_id = add_note(scene, target, noteable_id=None, commit_id=sha, type=kind)
            add_event(scene, project, "Note", note_id, EventAction.commented)
            add_event(scene, project, "Note", note_id, EventAction.pushed)


def _add_diff_note(
    scene: Scene, target: Target, change: Change, file: FileDiff, old: int | None, new: int | None
) -> int:
    position = _position(change, file, old, new)
    resolved = scene.random.random() < 0.5
    discussion = scene.words.digest()
    note_id = add_note(
        scene,
        target,
        type="DiffNote",
        note=f"{scene.words.paragraph()}\n\n```suggestion:-0+0\nline = 1\n```",
        discussion_id=discussion,
        line_code=f"{_digest(file.new_path)}_{old or 0}_{new or 0}",
        commit_id=change.shas[-1] if resolved else None,
        position=position,
        original_position=position,
        change_position={**position, "head_sha": change.shas[0]},
        resolved_at=scene.clock.tick() if resolved else None,
        resolved_by_id=scene.somebody() if resolved else None,
    )
    add_note(
        scene,
        target,
        type="DiffNote",
        discussion_id=discussion,
        line_code=f"{_digest(file.new_path)}_{old or 0}_{new or 0}",
        position=position,
        original_position=position,
    )
    return note_id


def _add_suggestions(scene: Scene, note_id: int, change: Change) -> None:
    for order in range(2):
        scene.rows.add(
            Suggestion,
            note_id=note_id,
            relative_order=order,
            applied=order == 0,
            commit_id=change.shas[-1] if order == 0 else None,
            from_content="line_7 = 70\n",
            to_content=f'line_7 = {order}\t# \\o/ "{scene.words.emoji()}"\n',
            lines_above=order,
            lines_below=order,
            outdated=order == 1,
        )


def _add_diff_file(scene: Scene, note_id: int, file: FileDiff) -> None:
    scene.rows.add(
        NoteDiffFile,
        diff_note_id=note_id,
        diff=file.diff,
        new_file=file.status == "A",
        renamed_file=file.status == "R",
        deleted_file=file.status == "D",
        a_mode=file.a_mode,
        b_mode=file.b_mode,
        new_path=file.new_path,
        old_path=file.old_path,
    )


def _position(change: Change, file: FileDiff, old: int | None, new: int | None) -> Values:
    code = f"{_digest(file.new_path)}_{old or 0}_{new or 0}"
    end: Values = {"line_code": code, "type": "new" if new else "old", "old_line": old, "new_line": new}
    return {
        "base_sha": change.base,
        "start_sha": change.base,
        "head_sha": change.shas[-1],
        "old_path": file.old_path,
        "new_path": file.new_path,
        "position_type": "text",
        "old_line": old,
        "new_line": new,
        "line_range": {"start": end, "end": end},
        "ignore_whitespace_change": False,
    }


def _old_form(file: FileDiff) -> Values:
    """A comment as versions before positions wrote it, with the piece of the diff in the note."""
    stored: Values = {
        "diff": file.diff,
        "new_path": file.new_path,
        "old_path": file.old_path,
        "a_mode": file.a_mode,
        "b_mode": file.b_mode,
        "new_file": file.status == "A",
        "renamed_file": False,
        "deleted_file": False,
        "too_large": False,
    }
    return {"type": "LegacyDiffNote", "st_diff": stored, "line_code": f"{_digest(file.new_path)}_0_1"}


def _digest(path: str) -> str:
    return hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()
