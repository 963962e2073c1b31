"""The models and the migrations, held against each other."""

from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, Table, UniqueConstraint, text

from offline_transfer.contributions.models import SourceUser
from offline_transfer.db import Database
from offline_transfer.forge.models import Base
from offline_transfer.migrations import runner
from offline_transfer.transfers.models import OfflineExport

MODELS = (SourceUser, OfflineExport)
"""Importing them fills the registry beside the forge's own models."""

NEVER_REMOVED = {"users", "merge_request_diff_commit_users"}
"""Tables whose rows stay for good: nobody looks for what points to them."""


def unindexed(metadata: MetaData) -> list[str]:
    """The foreign keys that PostgreSQL could only follow back by reading their whole table, once for each row that is removed."""
    found = []
    for table in metadata.sorted_tables:
        unique = [constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)]
        sorted_by = [
            table.primary_key.columns,
            *(key.columns for key in unique),
            *(index.columns for index in table.indexes),
        ]
        first = {column.name for columns in sorted_by for column in list(columns)[:1]}
        for column in table.c:
            for key in column.foreign_keys:
                if key.column.table.name not in NEVER_REMOVED and column.name not in first:
                    found.append(f"{table.name}.{column.name}")
    return found


def test_what_points_to_a_row_that_is_removed_is_found_by_an_index() -> None:
    assert unindexed(Base.metadata) == [], "add index=True to the column"


def test_a_foreign_key_without_an_index_is_found() -> None:
    metadata = MetaData()
    Table("parents", metadata, Column("id", BigInteger, primary_key=True))
    Table(
        "children",
        metadata,
        Column("id", BigInteger, primary_key=True),
        Column("parent_id", BigInteger, ForeignKey("parents.id")),
        Column("other_id", BigInteger, ForeignKey("parents.id"), index=True),
    )
    assert unindexed(metadata) == ["children.parent_id"]


def test_the_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    assert runner.differences(database.engine, Base.metadata) == []


def test_a_column_that_only_the_database_has_is_found(database: Database) -> None:
    with database.session() as session:
        session.execute(text("ALTER TABLE issues ADD COLUMN shiny text"))
    assert len(runner.differences(database.engine, Base.metadata)) == 1


def test_a_table_that_only_the_models_have_is_found(database: Database) -> None:
    with database.session() as session:
        session.execute(text("DROP TABLE zoom_meetings"))
    assert len(runner.differences(database.engine, Base.metadata)) >= 1
