"""The models and the migrations, held against each other."""

from sqlalchemy import text

from offline_transfer.contributions.models import SourceUser
from offline_transfer.db import Database
from offline_transfer.forge.models import Base
from offline_transfer.migrations import runner
from offline_transfer.transfers.models import OfflineExport

MODELS = (SourceUser, OfflineExport)
"""Importing them fills the registry beside the forge's own models."""


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
