"""`offline-transfer import`."""

from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.options import (
    AsJson,
    DataDir,
    Identities,
    LimitOptions,
    PassphraseFile,
    RequiredSignatures,
    S3Endpoint,
)
from offline_transfer.cli.wanted import AllOption, EntityOptions, PlanFile, require_one, wanted_of
from offline_transfer.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offline_transfer.cli.instance import Instance
    from offline_transfer.db import Database
    from offline_transfer.importing.request import ImportRequest
    from offline_transfer.types import JsonObject


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("import")(import_archive)


def import_archive(
    archive: Annotated[str, typer.Argument(metavar="URL/PREFIX", help="The archive.")],
    entity: EntityOptions = None,
    everything: AllOption = None,
    plan_file: PlanFile = None,
    identity: Identities = None,
    passphrase_file: PassphraseFile = None,
    require_signature: RequiredSignatures = None,
    data_dir: DataDir = None,
    s3_endpoint: S3Endpoint = None,
    limit: LimitOptions = None,
    as_json: AsJson = False,
) -> int:
    """Import groups and projects from an archive into this instance.

    The whole archive is checked before the first row is written. A destination that does not exist is an error. Which signatures an
    archive needs at least, the setting `offline_transfer_signature_policy` says. `plan` says beforehand what would happen.
    """
    from offline_transfer.cli import keys, places
    from offline_transfer.cli.instance import open_with_files
    from offline_transfer.importing.planning.file import Planned
    from offline_transfer.importing.planning.file import read as read_plan
    from offline_transfer.importing.request import ImportRequest

    require_one(entity=entity, all=everything, plan=plan_file)
    opening = keys.keys_of(identity, passphrase_file)
    if plan_file is None:
        planned = Planned(wanted_of(entity, everything), {})
    else:
        with places.open_archive(archive, s3_endpoint, limit, opening) as opened:
            planned = read_plan(plan_file, opened)
    storage, prefix = places.kept_archive_place(archive, s3_endpoint)
    request = ImportRequest(
        wanted=planned.wanted,
        choices=planned.choices,
        storage=storage,
        export_prefix=prefix,
        decryption=opening,
        signers=keys.public_keys_of(require_signature),
    )
    with open_with_files(data_dir) as instance:
        bulk_import_id = _carry_out(instance, request, limit)
        return show(instance.database, bulk_import_id, as_json=as_json)


def _carry_out(instance: "Instance", request: "ImportRequest", limit: "Sequence[str] | None") -> int:
    from dataclasses import replace

    from offline_transfer import queue
    from offline_transfer.cli.limits import limits_of
    from offline_transfer.cli.watch import Watch
    from offline_transfer.importing import create, places, sources
    from offline_transfer.jobs import contexts, imports

    assert imports
    (context,) = contexts.importing(instance)
    with Watch("Checking the archive") as watch:
        context = replace(context, limits=limits_of(limit), report=watch.report)
        bulk_import_id = create.create_checked_import(context, request)
        with places.open_archive(context, bulk_import_id) as archive:
            queue.run_until_empty(replace(context, open_source=sources.of_archive(archive)))
    return bulk_import_id


def show(
    database: "Database", bulk_import_id: int, *, as_json: bool, more: "Mapping[str, object] | None" = None
) -> int:
    """Prints what an import says of itself, and gives the exit status that follows."""
    from offline_transfer.cli import output
    from offline_transfer.importing import result

    with database.session() as session:
        rows = [row.to_json() for row in result.rows(session, bulk_import_id)]
        failures = list(result.failures(session, bulk_import_id))
        entities = list(result.destinations(session, bulk_import_id))
        dropped = list(result.dropped(session, bulk_import_id))
        gaps = list(result.gaps(session, bulk_import_id))
        clean = result.is_clean(session, bulk_import_id)
    if as_json:
        output.print_json(
            {
                "import": bulk_import_id,
                "entities": entities,
                "relations": rows,
                "failures": failures,
                "gaps": gaps,
                "dropped_attributes": dropped,
                **(more or {}),
            }
        )
    else:
        output.print_rows("Imported", rows)
        _print_more(entities, failures, gaps, dropped)
    if clean:
        return ExitStatus.OK
    output.remark(
        "Not everything arrived: the failures say what and why. `offline-transfer tree` names what is not whole."
    )
    return ExitStatus.WITH_FAILURES


def _print_more(
    entities: "list[JsonObject]", failures: "list[JsonObject]", gaps: "list[JsonObject]", dropped: "list[JsonObject]"
) -> None:
    from offline_transfer.cli import output

    output.print_table(
        "Where it went",
        ("entity", "destination", "status"),
        [(item["entity"], item["destination"], item["error"] or item["status"]) for item in entities],
    )
    if failures:
        output.print_failures(failures)
    if gaps:
        output.print_table(
            "Not in the archive", ("entity", "relation"), [(item["entity"], item["relation"]) for item in gaps]
        )
    if rows := _summed(dropped):
        output.print_table(
            "Attributes that were not taken over",
            ("path", "attribute", "reason", "times"),
            rows,
        )


def _summed(dropped: "list[JsonObject]") -> list[tuple[object, object, object, int]]:
    totals: dict[tuple[object, object, object], int] = {}
    for item in dropped:
        if item["reason"] == "prohibited":
            continue  # ids and rendered text, in every record: --json lists them
        key = (item["path"], item["name"], item["reason"])
        count = item["count"]
        totals[key] = totals.get(key, 0) + (count if isinstance(count, int) else 0)
    return [(*key, count) for key, count in sorted(totals.items(), key=str)]
