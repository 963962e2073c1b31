"""A place whose contents somebody removes while it is written to."""

import shutil
from dataclasses import replace

from offline_transfer import queue
from offline_transfer.transfers.states import ExportState
from tests.integration.exporting.exporter import Exporter


def test_objects_that_are_gone_at_the_end_fail_the_export(exporter: Exporter) -> None:
    calls = []

    def remove(entity: str, relation: str, *, records: int, size: int) -> None:
        calls.append(relation)
        if len(calls) == 5:
            shutil.rmtree(exporter.out)

    created = exporter.create("top/sub/app")
    queue.run_until_empty(replace(exporter.context(), progress=remove))
    exported = exporter.exported(created)
    assert exported.row.status is ExportState.failed
    assert exported.row.error == (
        f"5 objects of this export are no longer in archives in {exporter.out} as they were written. Export again, to a place that"
        " nobody else changes meanwhile."
    )
    assert not (exported.directory / "metadata.json.gz").exists()
