"""The database, its sessions and the schema check."""

from sqlalchemy import text

from offline_transfer.db import Database


def test_every_session_speaks_utc_whatever_the_server_does(database: Database) -> None:
    with database.session() as session:
        assert session.scalar(text("SELECT current_setting('TimeZone')")) == "UTC"
