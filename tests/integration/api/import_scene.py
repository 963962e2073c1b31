"""An archive of the group `acme`, groups of people's own to import it into, and requests to do so."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import httpx

from offline_transfer.forge.members import Member
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.routes import Route
from tests.integration.api import scene
from tests.support.api import Api, Person

IMPORTS: Final = "/offline_imports"
BULK: Final = "/bulk_imports"
PASSPHRASE: Final = "correct horse battery staple"


def exported(api: Api, *full_paths: str, **parameters: Any) -> dict[str, Any]:
    """An export that has ended."""
    client = api.client(scene.owner(api))
    export = scene.started(api, client, *full_paths, **parameters)
    api.work()
    ended = scene.shown(client, export)
    assert ended["status"] == "finished", ended
    return ended


def own_group(api: Api, person: Person, *, level: int = 50) -> str:
    """A new group in which somebody has a level; gives its path."""
    path = f"home-{uuid4().hex[:8]}"
    with api.instance.database.session() as session:
        group = Namespace(name=path, path=path, type="Group", visibility_level=20)
        session.add(group)
        session.flush()
        session.add(Route(path=path, name=path, namespace_id=group.id))
        session.add(
            Member(
                access_level=level,
                source_type="Namespace",
                source_id=group.id,
                user_id=person.id,
                notification_level=3,
            )
        )
    return path


def of_group(namespace: str, **more: Any) -> list[dict[str, Any]]:
    """The group `acme` as the only entity."""
    return [
        {"source_type": "group_entity", "source_full_path": "acme", "destination_namespace": namespace, **more},
    ]


def request(api: Api, export: Mapping[str, Any], **parameters: Any) -> dict[str, Any]:
    """A request to import from the directory of exports; `entities` or `import_all` is among the parameters."""
    place = {"disk_configuration": {"directory": str(api.instance.settings.data_dir / "exports")}}
    return {**place, "export_prefix": export["export_prefix"], **parameters}


def begun(api: Api, client: httpx.Client, export: Mapping[str, Any], **parameters: Any) -> dict[str, Any]:
    """An import that was asked for."""
    answer = client.post(IMPORTS, json=request(api, export, **parameters))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found
