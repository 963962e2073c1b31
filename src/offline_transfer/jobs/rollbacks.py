"""The job that takes an import back."""

import logging
from typing import Final

from offline_transfer import queue
from offline_transfer.importing import rollback
from offline_transfer.jobs import contexts, subjects
from offline_transfer.jobs.instance import Instance

logger: Final = logging.getLogger(__name__)


@queue.register(rollback.JOB, context=contexts.plain, subject=subjects.of_import)
def rollback_bulk_import(instance: Instance, *, bulk_import_id: int) -> None:
    """Removes the groups and projects that an import made. It may be begun again wherever it was broken off."""
    for removed in rollback.rollback(instance, bulk_import_id):
        logger.info("import.removed", extra={"path": removed.path, "kept": removed.kept})
