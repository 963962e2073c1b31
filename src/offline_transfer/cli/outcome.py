"""What an export that has ended left, for people and for programs."""

from collections.abc import Sequence

import typer

from offline_transfer.cli import output
from offline_transfer.errors import ExitStatus
from offline_transfer.exporting import against, find, result
from offline_transfer.importing.incomplete import incomplete
from offline_transfer.jobs.instance import Instance
from offline_transfer.types import JsonObject
from offline_transfer.verify.profile import DestinationProfile


def report(
    instance: Instance,
    offline_export_id: int,
    *,
    moved: Sequence[JsonObject] | None,
    profile: DestinationProfile | None,
    as_json: bool,
) -> int:
    """Print it, and give the exit status. `moved` is what changed meanwhile, None where nobody asked; `profile` is what the
    destination takes, if that is known. Raises ExportFailedError.
    """
    with instance.database.session() as session:
        result.require_archive(session, offline_export_id)
        prefix = result.export_prefix(session, offline_export_id)
        rows = [row.to_json() for row in result.rows(session, offline_export_id)]
        paths = find.given_paths(session, offline_export_id)
        gaps = [gap.to_json() for path in paths for gap in incomplete(session, path)]
        clean = result.is_clean(session, offline_export_id)
        refused = None if profile is None else list(against.after(session, offline_export_id, profile))
        failures = result.failures(session, offline_export_id)
        if as_json:
            document: dict[str, object] = {
                "export_prefix": prefix,
                "relations": rows,
                "failures": failures,
                "incomplete": gaps,
            }
            if moved is not None:
                document["moved"] = moved
            if refused is not None:
                document["refused"] = [objection.to_json() for objection in refused]
            output.print_json(document)
        else:
            output.print_rows("Exported", rows)
            output.print_failures(failures, all_in="the manifest of the archive")
            output.print_incomplete(gaps)
            if moved:
                output.print_moved(moved)
            output.print_objections(refused or ())
            typer.echo(prefix)
    if refused:
        output.remark("The destination would refuse this archive. Do not carry it before that is changed.")
        return ExitStatus.BLOCKED
    return _status(clean=clean, moved=moved)


def _status(*, clean: bool, moved: Sequence[JsonObject] | None) -> int:
    if not clean:
        output.remark("Not everything is in the archive: the failures say what and why, and so does its manifest.")
        return ExitStatus.WITH_FAILURES
    if moved:
        output.remark("The instance was changed while it was exported: the archive does not show one instant.")
        return ExitStatus.DIFFERENT
    return ExitStatus.OK
