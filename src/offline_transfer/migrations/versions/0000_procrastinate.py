"""Background work: Procrastinate's own schema, and what we keep beside it.

The schema is the one of the installed Procrastinate, whose minor version `pyproject.toml` pins. Another minor version comes with a
revision of ours that applies the library's own migrations from the version that the comment on its table of jobs names.
"""

from collections.abc import Sequence
from importlib.metadata import version

from alembic import op
from procrastinate.schema import SchemaManager

revision: str = "0000"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OURS = """
CREATE TABLE job_failures (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    job_id bigint NOT NULL REFERENCES procrastinate_jobs (id) ON DELETE CASCADE,
    at timestamp with time zone NOT NULL DEFAULT now(),
    kind text NOT NULL CHECK (kind IN ('error', 'died')),
    error_class text,
    message text NOT NULL,
    traceback text
);
CREATE INDEX index_job_failures_on_job_id ON job_failures (job_id);

CREATE TABLE job_workers (
    worker_id bigint PRIMARY KEY REFERENCES procrastinate_workers (id) ON DELETE CASCADE,
    host text NOT NULL,
    pid bigint NOT NULL,
    queues text[] NOT NULL,
    memory_bytes bigint NOT NULL,
    started_at timestamp with time zone NOT NULL DEFAULT now()
);

CREATE TABLE data_directories (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    marker text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    """Bring the schema to this revision."""
    # Both are scripts of several statements, which only the driver's own connection takes.
    connection = op.get_bind().connection.driver_connection
    assert connection is not None
    connection.execute(SchemaManager.get_schema())
    connection.execute(OURS)
    connection.execute(f"COMMENT ON TABLE procrastinate_jobs IS 'Procrastinate {version('procrastinate')}'")
