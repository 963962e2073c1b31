"""Keys of somebody else's rows."""

from pathlib import Path

from tests.attacks.making import records
from tests.attacks.victim import Victim


class TestA09ForeignKeys:
    """A9: a record names rows of another project by their ids, and the import hands them over.

    It happened to GitLab's project import with `issue_ids` and `note_ids` (a report of 2019).
    Defence: what a relation takes is a list of attributes, and no id is among them. Links are nested or go by natural key
    within the group or project that is made; a key that names a user goes through the map of users. Everything else is
    dropped and counted.
    """

    def test_rows_of_others_stay_where_they_are(self, victim: Victim, tmp_path: Path) -> None:
        ids = {
            "project": victim.column("SELECT min(id) FROM projects")[0],
            "group": victim.column("SELECT id FROM namespaces WHERE path = 'other'")[0],
            "user": victim.column("SELECT id FROM users WHERE username = 'root'")[0],
            "issue": victim.column("SELECT min(id) FROM issues")[0],
            "label": victim.column("SELECT min(id) FROM labels")[0],
            "milestone": victim.column("SELECT min(id) FROM milestones")[0],
        }
        taken = victim.takes(records.foreign_keys(tmp_path, ids))
        assert (taken.status, taken.messages) == (0, [])
        prohibited = {name for name, reason in taken.dropped("issues").items() if reason == "prohibited"}
        assert prohibited >= {"id", "milestone_id", "moved_to_id", "duplicated_to_id", *records.KEYS_OF_OTHERS}
        assert set(taken.dropped("self")) >= {"creator_id", "pool_repository_id", *records.KEYS_OF_OTHERS}
        ((project, milestone, label),) = victim.rows(
            "SELECT i.project_id, m.title, l.title FROM issues i JOIN milestones m ON m.id = i.milestone_id"
            " JOIN label_links k ON k.target_id = i.id JOIN labels l ON l.id = k.label_id"
            " WHERE i.id = (SELECT max(id) FROM issues)"
        )
        assert (milestone, label) == ("own", "own")
        assert project == victim.column("SELECT max(id) FROM projects")[0]
