"""An archive with a group, a subgroup and projects, and the plan of its import."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from offline_transfer.archive.encryption import Keys
from offline_transfer.importing.planning.choices import PlanOptions
from offline_transfer.importing.planning.making import make_plan
from offline_transfer.importing.planning.plan import Plan, PlannedEntity
from offline_transfer.importing.request import Wanted
from offline_transfer.settings import Settings
from offline_transfer.verify.reader import Archive
from tests.support.importing import Destination
from tests.unit.verify.archives import Draft

TREE = {"top": "group_1", "top/app": "project_7", "top/inner": "group_2", "top/inner/deep": "project_8"}

Own = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A destination, and the archives that a test writes."""

    destination: Destination
    place: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def draft(self, own: Own | None = None, tree: dict[str, str] = TREE) -> Draft:
        """An archive that is not finished, with the attributes of some entities by their paths."""
        draft = Draft(self.place, mapping=tree)
        for path, prefix in tree.items():
            title = path.rsplit("/", 1)[-1].title()
            draft.document(
                f"{prefix}/self.json.gz", {"name": title, "visibility_level": 20, **(own or {}).get(path, {})}
            )
        return draft

    @contextmanager
    def open(self, draft: Draft) -> Iterator[Archive]:
        """The archive, for reading."""
        with Archive(draft.store, draft.prefix, keys=Keys()) as archive:
            yield archive

    def plan(self, draft: Draft, *wanted: Wanted, options: PlanOptions | None = None, **settings: Any) -> Plan:
        """The plan of an import of these entities, or of `top` into `dest`."""
        with self.open(draft) as archive:
            return make_plan(
                self.destination.database,
                Settings(data_dir=self.destination.directory, **self.settings, **settings),
                archive,
                wanted or [Wanted("top", "dest")],
                options or PlanOptions(),
            )


MakeDraft = Callable[..., Draft]


@pytest.fixture
def scene(destination: Destination, tmp_path: Path) -> Scene:
    """The instance with the public group `dest`."""
    return Scene(destination, tmp_path / "archives")


def entity(plan: Plan, path: str) -> PlannedEntity:
    """One entity of a plan by its path at the source."""
    (found,) = (item for item in plan.entities if item.source_full_path == path)
    return found


def said(plan: Plan) -> list[tuple[str, str | None, str]]:
    """Kind, entity and message of everything that a plan complains of, but that nobody signed the archive."""
    return [(item.kind.value, item.entity, item.message) for item in plan.problems if item.kind != "unsigned"]
