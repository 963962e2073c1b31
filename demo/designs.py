"""Design management: pictures of issues, kept in a repository of their own."""

from itertools import count

from demo.activity import Extra, Target, add_discussion
from demo.history import File, History
from demo.scene import Project, Scene
from offline_transfer.forge.designs import Design, DesignAction, DesignVersion
from offline_transfer.forge.enums import DesignEvent
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath

NAMES = ("Lampe – Entwurf.svg", "灯台.svg", 'old "lamp".svg')


def add_designs(scene: Scene, project: Project, issues: list[int]) -> None:
    """Three designs of each of the first issues, in two versions: the second changes one and removes another."""
    repository = RepositoryPath(RepositoryKind.DESIGN, project.id)
    history = History(scene.clock)
    drawn = [(issue_id, _draw(scene, history, iid)) for iid, issue_id in enumerate(issues, start=1)]
    scene.repositories.create(repository)
    hashes = history.write(scene.repositories, repository)
    iids = count(1)
    for issue_id, versions in drawn:
        designs = {
            name: scene.rows.add(
                Design,
                project_id=project.id,
                issue_id=issue_id,
                filename=name,
                relative_position=position * 100,
                iid=next(iids),
            )
            for position, name in enumerate(NAMES)
        }
        for mark, changes in versions:
            _add_version(scene, issue_id, hashes[mark], {designs[name]: event for name, event in changes.items()})
        for design_id in designs.values():
            add_discussion(scene, Target(project, "DesignManagement::Design", design_id, Extra.EVENTS))


def _draw(scene: Scene, history: History, issue_iid: int) -> list[tuple[int, dict[str, DesignEvent]]]:
    first, changed, removed = NAMES[0], NAMES[1], NAMES[2]
    author = scene.someone()
    folder = f"designs/issue-{issue_iid}"
    created = history.commit(
        "refs/heads/main",
        {f"{folder}/{name}": File(_picture(name, 1)) for name in NAMES},
        message=f"Add {len(NAMES)} designs",
        author=author,
    )
    redrawn = history.commit(
        "refs/heads/main",
        {f"{folder}/{changed}": File(_picture(changed, 2)), f"{folder}/{removed}": None},
        message=f"Redraw {first} \\ remove {removed}",
        author=author,
    )
    return [
        (created, dict.fromkeys(NAMES, DesignEvent.creation)),
        (redrawn, {changed: DesignEvent.modification, removed: DesignEvent.deletion}),
    ]


def _add_version(scene: Scene, issue_id: int, sha: str, changes: dict[int, DesignEvent]) -> None:
    version_id = scene.rows.add(
        DesignVersion, sha=sha, issue_id=issue_id, created_at=scene.clock.tick(), author_id=scene.somebody()
    )
    for design_id, event in changes.items():
        scene.rows.add(DesignAction, design_id=design_id, version_id=version_id, event=event)


def _picture(name: str, version: int) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg"><title>{name}</title><circle r="{version}"/></svg>\n'.encode()
