"""What job functions are given before their ids, made of the instance of a worker."""

import logging
from typing import Final

from offline_transfer.exporting.context import ExportContext
from offline_transfer.forge import application_settings
from offline_transfer.importing import archives, places
from offline_transfer.importing.context import ImportContext
from offline_transfer.jobs.instance import Instance
from offline_transfer.secrets import Vault

logger: Final = logging.getLogger(__name__)


def export(instance: Instance) -> tuple[ExportContext]:
    """For the jobs of an export. What an administrator changes holds from the next job on."""
    with instance.database.session() as session:
        egress = application_settings.read(session, instance.settings).egress()
    context = ExportContext(
        database=instance.database,
        settings=instance.settings,
        repositories=instance.repositories,
        files=instance.files,
        vault=Vault.of(instance.settings),
        egress=egress,
        progress=_log_progress,
    )
    return (context,)


def importing(instance: Instance) -> tuple[ImportContext]:
    """For the jobs of an import. What an administrator changes holds from the next job on."""
    with instance.database.session() as session:
        said = application_settings.read(session, instance.settings)
    context = ImportContext(
        database=instance.database,
        settings=instance.settings,
        repositories=instance.repositories,
        files=instance.files,
        vault=Vault.of(instance.settings),
        egress=said.egress(),
        open_source=archives.open_source,
        limits=places.limits_of(said),
        report=_log_report,
    )
    return (context,)


def _log_report(entity: str, relation: str, records: int) -> None:
    logger.info("import.object", extra={"path": entity, "relation": relation, "records": records})


def _log_progress(entity: str, relation: str, *, records: int, size: int) -> None:
    logger.info("export.object", extra={"path": entity, "relation": relation, "records": records, "bytes": size})


def plain(instance: Instance) -> tuple[Instance]:
    """For jobs that work on the instance itself."""
    return (instance,)
