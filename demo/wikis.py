"""Wikis of projects and groups."""

from demo.history import File, History
from demo.scene import Scene
from offline_transfer.forge.repository_paths import RepositoryPath


def write_wiki(scene: Scene, repository: RepositoryPath) -> None:
    """A wiki with a few pages, each with something attached."""
    history = History(scene.clock)
    author = scene.human(repository.owner_id)
    for number, page in enumerate(("home", "Häfen/Übersicht", "灯台")):
        text = f"# {page}\n\n{scene.words.paragraph()}\n"
        files: dict[str, File | None] = {f"{page}.md": File(text.encode()), f"uploads/{number}.bin": File(b"\0\1\2")}
        history.commit("refs/heads/main", files, message=f"Create {page}", author=author)
    scene.repositories.create(repository)
    history.write(scene.repositories, repository)
