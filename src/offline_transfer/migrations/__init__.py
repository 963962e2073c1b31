"""The schema of the database: a chain of Alembic revisions in `versions/`, which `runner` applies without a configuration file."""
