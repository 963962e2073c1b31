"""Releases, and snippets with their repositories."""

from demo.activity import Extra, Target, add_discussion, add_emoji
from demo.code import Code
from demo.history import File, History
from demo.scene import Project, Scene
from offline_transfer.forge.enums import ReleaseLinkType, Visibility
from offline_transfer.forge.releases import MilestoneRelease, Release, ReleaseLink
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.forge.snippets import Snippet


def add_releases(scene: Scene, project: Project, code: Code) -> None:
    """A release for each tag; the first one's author is not known any more."""
    for number, (tag, sha) in enumerate(code.tags.items()):
        release_id = scene.rows.add(
            Release,
            tag=tag,
            name=f'{tag} – "Fyrtårn" \\ 灯台' if number else None,
            description=scene.words.paragraph(),
            project_id=project.id,
            author_id=scene.somebody() if number else None,
            sha=sha,
            **scene.times(),
            released_at=scene.clock.later(number),
        )
        for link_type in ReleaseLinkType:
            _add_link(scene, release_id, link_type)
        for milestone_id in project.all_milestones()[: 1 + number]:
            scene.rows.attach(MilestoneRelease, release_id=release_id, milestone_id=milestone_id)


def add_snippets(scene: Scene, project: Project) -> None:
    """Three snippets: with several files, with one, and one whose repository is empty."""
    for number, visibility in enumerate(Visibility):
        snippet_id = scene.rows.add(
            Snippet,
            title=scene.words.title(),
            content=f'# {number}\nprint("C:\\\\new\\t{scene.words.title()}")\n',
            author_id=scene.somebody(),
            project_id=project.id,
            **scene.times(),
            file_name=f"snip {number} ß.py",
            type="ProjectSnippet",
            visibility_level=visibility,
            description=(scene.words.paragraph(), "", None)[number % 3],
            encrypted_secret_token=scene.words.secret(),
        )
        _write_snippet(scene, snippet_id, number)
        add_emoji(scene, "Snippet", snippet_id, 2)
        add_discussion(scene, Target(project, "Snippet", snippet_id, Extra.EMOJI))


def _add_link(scene: Scene, release_id: int, link_type: ReleaseLinkType) -> None:
    scene.rows.add(
        ReleaseLink,
        release_id=release_id,
        url=f"https://downloads.example/{release_id}/{link_type.name}?q=a%20b&c=ü",
        name=f'{link_type.name} "{release_id}" 📦',
        filepath=f"/bin/{link_type.name}-1.0",
        link_type=link_type,
        **scene.times(),
    )


def _write_snippet(scene: Scene, snippet_id: int, number: int) -> None:
    repository = RepositoryPath(RepositoryKind.SNIPPET, snippet_id)
    scene.repositories.create(repository)
    if number == len(Visibility) - 1:
        return
    history = History(scene.clock)
    files: dict[str, File | None] = {
        f"file {part}.md": File(scene.words.paragraph().encode()) for part in range(2 - number)
    }
    history.commit("refs/heads/main", files, message="Initial commit", author=scene.human(number))
    history.commit("refs/heads/main", {"more.txt": File(b"\t\\\n")}, message="Add more", author=scene.human(1))
    history.write(scene.repositories, repository)
