"""What Alembic executes to run revisions. The connection and the metadata come from `runner`, never from a file."""

from alembic import context

config = context.config

context.configure(
    connection=config.attributes["connection"],
    target_metadata=config.attributes.get("metadata"),
    compare_type=True,
    compare_server_default=True,
    include_name=config.attributes["include_name"],
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
