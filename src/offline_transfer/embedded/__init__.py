"""The embedded PostgreSQL: a server of this instance alone, from the binaries of a wheel, without an administrator.

`program` finds the binaries and the user who runs them, `cluster` makes, starts and stops one server, `server` lets any number of
processes share it. `docs/decisions/0001-embedded-postgresql.md` has the reasons.
"""

from offline_transfer.embedded.errors import EmbeddedServerError
from offline_transfer.embedded.server import DURABLE, THROWAWAY, EmbeddedServer, StopOutcome, running

__all__ = ["DURABLE", "THROWAWAY", "EmbeddedServer", "EmbeddedServerError", "StopOutcome", "running"]
