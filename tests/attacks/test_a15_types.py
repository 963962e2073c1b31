"""Values of another type than expected."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from offline_transfer.relations.loader import tree
from offline_transfer.types import PortableKind
from tests.attacks.making import archives
from tests.attacks.making.confusion import confused
from tests.attacks.victim import Victim
from tests.integration.importing.test_fuzz import Entity, entities

__all__ = ["entities"]

INSTEAD: Final[Mapping[str, Any]] = {
    "list": [1, {"id": 1}],
    "object": {"__class__": "os.system", "json_class": "Gem::Installer", "title": ["a"]},
    "number": -(2**63),
}


class TestA15Types:
    """A15: a value of another type than expected takes a way through the program that nobody thought of.

    Remote objects that GitLab took for its own ran programs (CVE-2022-2884, CVE-2022-2992).
    Defence: JSON becomes numbers, texts, lists and objects, and nothing else; each attribute is converted to the type of its
    column or left out. Nothing of an archive names a class, a method or a file.
    """

    @pytest.mark.parametrize(
        "instead",
        [
            pytest.param(value, marks=[pytest.mark.slow] if name != "list" else [], id=name)
            for name, value in INSTEAD.items()
        ],
    )
    def test_every_attribute_may_be_anything(
        self, victim: Victim, tmp_path: Path, entities: list[Entity], instead: Any
    ) -> None:
        writes = []
        for entity in entities:
            prefix = archives.PROJECT if entity.kind is PortableKind.PROJECT else archives.GROUP
            for node in tree(entity.kind).relations:
                found = [orjson.dumps(record) for record in confused(node, entity.relations[node.name], instead)]
                writes.append(archives.lines(node.name, *found, entity=prefix))
        # The ghost user and the one in whose name an import runs are nobody who signs in.
        internal = victim.column("SELECT id FROM users WHERE user_type NOT IN (0, 15)")
        taken = victim.takes(archives.archive(tmp_path, *writes), grasps=[("users", user) for user in internal])
        assert sum(row["source"] for row in taken.document["relations"]) > 500
