"""A group `acme` with a subgroup `acme/tools` and in it a project `acme/tools/Kettle`, and requests to export them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import text

from offline_transfer.db import Database
from offline_transfer.forge.issues import Issue
from offline_transfer.forge.members import Member
from offline_transfer.forge.namespaces import Namespace
from offline_transfer.forge.projects import Project
from offline_transfer.forge.routes import Route
from offline_transfer.forge.users import User
from tests.support.api import Api, Person
from tests.support.s3 import REGION, S3Server

NOON: Final = datetime(2024, 2, 29, 12, tzinfo=UTC)
ISSUES: Final = 3
PATH: Final = "/offline_exports"
ALONE: Final = [{"full_path": "acme", "include_descendants": False}]
NOT_FOUND: Final = {"message": "404 Not Found"}


def build(database: Database) -> None:
    """Make what is exported."""
    with database.session() as session:
        session.add(User(id=900, username="author", name="Author"))
        session.flush()
        session.add(Namespace(id=2, name="Acme", path="acme", type="Group", created_at=NOON))
        session.flush()
        session.add(Namespace(id=3, name="Tools", path="tools", type="Group", parent_id=2, created_at=NOON))
        session.flush()
        session.add(Project(id=5, name="Kettle", path="Kettle", namespace_id=3, creator_id=900, created_at=NOON))
        session.flush()
        session.add_all(
            [
                Route(path="acme", name="Acme", namespace_id=2),
                Route(path="acme/tools", name="Acme / Tools", namespace_id=3),
                Route(path="acme/tools/Kettle", name="Acme / Tools / Kettle", project_id=5),
                *(
                    Issue(title=f"Issue {number}", iid=number, project_id=5, author_id=900, created_at=NOON)
                    for number in range(1, ISSUES + 1)
                ),
            ]
        )
        session.flush()
        for table in ("namespaces", "projects", "users"):
            session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1000)"))


def owner(api: Api, name: str = "ada") -> Person:
    """Somebody who owns `acme`."""
    person = api.person(name)
    with api.instance.database.session() as session:
        session.add(
            Member(access_level=50, source_type="Namespace", source_id=2, user_id=person.id, notification_level=3)
        )
    return person


def to_directory(api: Api, *full_paths: str, **parameters: Any) -> dict[str, Any]:
    """A request that writes below the root that is allowed."""
    place = {"disk_configuration": {"directory": str(api.instance.settings.data_dir / "exports")}}
    return {**place, "entities": [{"full_path": path} for path in full_paths or ("acme",)], **parameters}


def to_bucket(server: S3Server, bucket: str, *full_paths: str, **parameters: Any) -> dict[str, Any]:
    """A request that writes into a bucket of a server."""
    configuration: Mapping[str, Any] = {
        "aws_access_key_id": server.access_key_id,
        "aws_secret_access_key": server.secret_access_key,
        "region": REGION,
        "endpoint": server.endpoint,
        "path_style": True,
    }
    entities = [{"full_path": path} for path in full_paths or ("acme",)]
    return {"bucket": bucket, "s3_compatible_configuration": configuration, "entities": entities, **parameters}


def archive_of(api: Api, export: Mapping[str, Any]) -> Path:
    """Where the archive of an export into a directory lies."""
    return api.instance.settings.data_dir / "exports" / str(export["export_prefix"])


def started(api: Api, client: httpx.Client, *full_paths: str, **parameters: Any) -> dict[str, Any]:
    """An export that was asked for."""
    answer = client.post(PATH, json=to_directory(api, *full_paths, **parameters))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def shown(client: httpx.Client, export: Mapping[str, Any]) -> dict[str, Any]:
    """An export as it is now."""
    found: dict[str, Any] = client.get(f"{PATH}/{export['id']}").json()
    return found


def refused(answer: httpx.Response, status: int) -> Any:
    """What a refusal says."""
    assert answer.status_code == status, answer.text
    return answer.json()
