"""Makes the limit for who stands still with rows that others wait for short, for one transaction."""

import psycopg
from sqlalchemy.orm import Session

from offline_transfer.db import psycopg_connection


def stand_still(at: Session | psycopg.Connection) -> None:
    """Has PostgreSQL end this connection soon when nothing more is asked; fails where it would never do so.

    No other transaction has the short limit: on a machine that stutters it would hit those who do work.
    """
    connection = psycopg_connection(at) if isinstance(at, Session) else at
    assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("1min",)
    connection.execute("SET LOCAL idle_in_transaction_session_timeout = '100ms'")
