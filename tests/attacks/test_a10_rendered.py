"""What a page shows."""

from pathlib import Path

from tests.attacks.making import records
from tests.attacks.victim import Victim


class TestA10Rendered:
    """A10: markup that an archive brings ready-made runs in the browser of whoever looks at the project.

    It happened by `note_html` with a `cached_markdown_version` that made it trusted (2019, and CVE-2018-17536), by the
    colour of a label, by links and by names of files.
    Defence: rendered text is never taken. Colours, links and names out of lists have to look like what they are, or are
    dropped; the rest is text, and whoever shows it escapes it.
    """

    def test_nothing_that_a_page_would_run_is_stored(self, victim: Victim, tmp_path: Path) -> None:
        taken = victim.takes(records.rendered(tmp_path))
        assert taken.dropped("self")["description_html"] == "prohibited"
        assert taken.dropped("labels") == {"color": "invalid", "description_html": "prohibited"}
        assert taken.dropped("issues.notes") == {
            "cached_markdown_version": "prohibited",
            "note_html": "prohibited",
            "type": "invalid",
        }
        assert taken.dropped("error_tracking_setting") == {"api_url": "invalid"}
        assert taken.counts("issues.award_emoji") == (1, 0, 0, 1)
        assert taken.dropped("issues.zoom_meetings") == {"url": "invalid"}
        assert taken.counts("project_badges") == (3, 1, 0, 2)
        assert taken.counts("releases.links") == (3, 1, 0, 2)
        assert victim.rows("SELECT title, color FROM labels ORDER BY id DESC LIMIT 3") == [
            ("good", "#fFf"),
            ("script", None),
            ("style", None),
        ]
        assert victim.column("SELECT url FROM release_links ORDER BY id DESC LIMIT 1") == ["ftp://x.example/file"]
        assert taken.dropped("merge_requests") == {"merge_status": "invalid", "state": "invalid"}

    def test_no_column_of_any_table_holds_the_script(self, victim: Victim, tmp_path: Path) -> None:
        victim.takes(records.rendered(tmp_path))
        tables = victim.column("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        holding = [
            table
            for table in tables
            if victim.rows(f"SELECT 1 FROM \"{table}\" t WHERE t::text LIKE '%onerror=alert%' LIMIT 1")
        ]
        assert holding == []
