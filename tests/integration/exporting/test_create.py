"""What an export takes on, and what it refuses."""

import pytest
from sqlalchemy import select

from offline_transfer import queue
from offline_transfer.exporting import names
from offline_transfer.exporting.errors import NothingToExportError, PortablesNotFoundError
from offline_transfer.queue import Job
from offline_transfer.transfers.models import OfflineConfiguration, OfflineExport, RelationExport
from offline_transfer.transfers.states import ExportState, RelationState
from tests.integration.exporting.exporter import Exporter


def test_an_export_begins_as_rows_and_one_job(exporter: Exporter) -> None:
    created = exporter.create("top/sub/app", "TOP/")
    with exporter.database.session() as session:
        export = session.get_one(OfflineExport, created.id)
        configuration = session.scalars(select(OfflineConfiguration)).one()
        rows = session.execute(
            select(RelationExport.group_id, RelationExport.project_id, RelationExport.relation, RelationExport.status)
        ).all()
    assert (export.status, export.batch_size, export.has_failures) == (ExportState.created, 1000, False)
    assert (configuration.location, configuration.export_prefix) == (str(exporter.out), str(created.prefix))
    assert sorted(rows, key=str) == [
        (2, None, "self", RelationState.pending),
        (None, 5, "self", RelationState.pending),
    ]
    assert queue.waiting() == (Job("offline_export", {"offline_export_id": created.id}),)


def test_every_unknown_path_is_named_and_nothing_is_written(exporter: Exporter) -> None:
    with pytest.raises(PortablesNotFoundError) as caught:
        exporter.create("top", "nowhere", "top/sub", "nobody/app\x1b", "ada")
    assert caught.value.message == (
        r"There is no group or project `ada`, `nobody/app\x1b`, `nowhere` in this instance."
        " `offline-transfer tree` shows what there is."
    )
    with exporter.database.session() as session:
        assert session.scalars(select(OfflineExport)).all() == []
    assert queue.waiting() == ()


def test_nothing_cannot_be_exported(exporter: Exporter) -> None:
    with pytest.raises(NothingToExportError):
        exporter.create()


def test_what_lies_in_two_given_groups_is_exported_once(exporter: Exporter) -> None:
    exported = exporter.export("top", "top/sub", "top/sub/app")
    assert exported.manifest()["metadata"]["entities_mapping"] == {
        "top": "group_2",
        "top/sub": "group_3",
        "top/sub/App": "project_5",
    }


def test_a_project_comes_without_the_groups_around_it(exporter: Exporter) -> None:
    exported = exporter.export("top/sub/app")
    assert exported.manifest()["metadata"]["entities_mapping"] == {"top/sub/App": "project_5"}
    assert {key.partition("/")[0] for key in exported.object_keys()} == {
        "SHA256SUMS",
        "manifest.json.gz",
        "metadata.json.gz",
        "project_5",
    }


def test_every_job_that_an_export_names_is_registered() -> None:
    named = {value for name, value in vars(names).items() if name.isupper()}
    assert len(named) == 8
    assert named <= queue.names()
