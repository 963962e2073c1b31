"""Relations and entities that do not belong where they are."""

from pathlib import Path

from tests.attacks.making import archives
from tests.attacks.victim import Victim


class TestA37Relations:
    """A37: an archive names a relation that nobody knows, one of another kind of entity, or an entity where none can be.

    Defence: the relations of each kind are a closed list, and so are the forms of keys. Entities lie in groups, and the group
    around each is in the archive, or the import is refused: nobody would come to what lies elsewhere, and it would be lost
    in silence.
    """

    def test_a_relation_of_another_kind_is_refused(self, victim: Victim, tmp_path: Path) -> None:
        for number, (relation, entity) in enumerate(
            (
                ("issues", archives.GROUP),
                ("epics", archives.PROJECT),
                ("users", archives.PROJECT),
                ("__class__", "group_1"),
            )
        ):
            archive = archives.archive(tmp_path / str(number), archives.lines(relation, b"{}", entity=entity))
            message = victim.refuses(archive)
            assert f"{entity}/{relation}, whose relation this program does not know" in message

    def test_a_relation_in_another_form_is_not_taken(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.archive(tmp_path, archives.as_tar("labels"), archives.as_lines("uploads"))
        taken = victim.takes(archive)
        assert taken.counts("labels") == (1, 0, 0, 1)
        assert taken.counts("uploads") == (1, 0, 0, 1)

    def test_an_entity_in_a_project_is_refused(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.archive(tmp_path, mapping={"top": "project_7", "top/app": "project_8"})
        assert "a path lies in a project, and projects hold no others" in victim.refuses(archive)

    def test_an_entity_to_which_nobody_would_come_is_refused(self, victim: Victim, tmp_path: Path) -> None:
        archive = archives.archive(tmp_path, mapping={"top": "group_1", "top/gone/app": "project_7"})
        message = victim.refuses(archive)
        assert "top/gone: `top/gone/app` is in it, and the group around that is not" in message

    def test_a_project_alone_is_taken(self, victim: Victim, tmp_path: Path) -> None:
        (place,) = victim.column("SELECT id FROM namespaces WHERE path = 'place'")
        archive = archives.archive(tmp_path, mapping={"top/gone/app": "project_7"})
        taken = victim.takes(archive, "--entity", "top/gone/app=place", grasps=[("namespaces", place)])
        assert taken.status == 0
