"""`offline-transfer import`."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.errors import ArchiveMissingError, ImportResumeOptionError
from offline_transfer.cli.options import (
    AsJson,
    DataDir,
    Identities,
    LimitOptions,
    PassphraseFile,
    RequiredSignatures,
    S3Endpoint,
)
from offline_transfer.cli.wanted import (
    AllOption,
    EntityOptions,
    LeftOut,
    NoMemberships,
    NoProjects,
    PlanFile,
    SkipOptions,
    require_one,
    wanted_of,
)
from offline_transfer.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from offline_transfer.cli.attended import Attendant
    from offline_transfer.db import Database
    from offline_transfer.importing.context import ImportContext
    from offline_transfer.importing.request import ImportRequest
    from offline_transfer.types import JsonObject


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("import")(import_archive)


def import_archive(
    archive: Annotated[
        str | None, typer.Argument(metavar="URL/PREFIX", help="The archive.", show_default=False)
    ] = None,
    entity: EntityOptions = None,
    everything: AllOption = None,
    plan_file: PlanFile = None,
    resume: Annotated[
        int | None,
        typer.Option(
            "--resume",
            metavar="ID",
            help="Go on with an import that was canceled, failed, has failures, or was left.",
            show_default=False,
        ),
    ] = None,
    no_projects: NoProjects = False,
    no_memberships: NoMemberships = False,
    skip: SkipOptions = None,
    identity: Identities = None,
    passphrase_file: PassphraseFile = None,
    require_signature: RequiredSignatures = None,
    data_dir: DataDir = None,
    s3_endpoint: S3Endpoint = None,
    limit: LimitOptions = None,
    processes: Annotated[
        int | None,
        typer.Option("--processes", metavar="N", min=1, max=256, help="Worker processes.", show_default="the cores"),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Import groups and projects from an archive into this instance.

    The whole archive is checked before the first row is written. A destination that does not exist is an error. Which signatures an
    archive needs at least, the setting `offline_transfer_signature_policy` says. `plan` says beforehand what would happen.

    Worker processes do the work, next to those of `serve` and `worker` where these run. Ctrl-C cancels the import and says how to
    go on with it; a second Ctrl-C does not wait for what still ends.
    """
    from offline_transfer.cli.attended import workers_of
    from offline_transfer.cli.instance import open_for_workers
    from offline_transfer.jobs import contexts

    request = None
    options = _Options(
        entity=entity, everything=everything, plan_file=plan_file, identity=identity, passphrase_file=passphrase_file,
        left_out=LeftOut(projects=no_projects, memberships=no_memberships, relations=skip or ()),
        signers=require_signature, s3_endpoint=s3_endpoint, limit=limit,
    )  # fmt: skip
    if resume is None:
        require_one(entity=entity, all=everything, plan=plan_file)
        if archive is None:
            raise ArchiveMissingError
        request = _request(archive, options)
    elif odd := options.said(archive):
        raise ImportResumeOptionError(words=", ".join(odd))
    with open_for_workers(data_dir) as instance:
        (context,) = contexts.importing(instance)
        if request is not None:
            bulk_import_id = _take_on(
                context if request.limits is None else replace(context, limits=request.limits), request
            )
        else:
            assert resume is not None
            bulk_import_id = _reopen(context, resume, options)
        with workers_of(instance, processes) as attendant:
            _have_done(attendant, bulk_import_id)
        return show(instance.database, bulk_import_id, as_json=as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """What was typed of what to import, and of how to open it."""

    entity: "Sequence[str] | None"
    everything: str | None
    plan_file: "Path | None"
    left_out: LeftOut
    identity: "list[Path] | None"
    passphrase_file: "Path | None"
    signers: "list[Path] | None"
    s3_endpoint: str | None
    limit: "list[str] | None"

    def said(self, archive: str | None) -> list[str]:
        """What has no place where an import goes on."""
        options = {
            "the archive": archive,
            "--entity": self.entity,
            "--all": self.everything is not None,
            "--plan": self.plan_file,
            "--no-projects": self.left_out.projects,
            "--no-memberships": self.left_out.memberships,
            "--skip": self.left_out.relations,
            "--require-signature": self.signers,
            "--s3-endpoint": self.s3_endpoint,
            "--limit": self.limit,
        }
        return [name for name, given in options.items() if given]


def _request(archive: str, options: _Options) -> "ImportRequest":
    from offline_transfer.cli import keys, places
    from offline_transfer.cli.limits import limits_of
    from offline_transfer.importing.planning.file import Planned
    from offline_transfer.importing.planning.file import read as read_plan
    from offline_transfer.importing.request import ImportRequest

    opening = keys.keys_of(options.identity, options.passphrase_file)
    if options.plan_file is None:
        planned = Planned(wanted_of(options.entity, options.everything), {})
    else:
        with places.open_archive(archive, options.s3_endpoint, options.limit, opening) as opened:
            planned = read_plan(options.plan_file, opened)
    storage, prefix = places.kept_archive_place(archive, options.s3_endpoint)
    return ImportRequest(
        wanted=options.left_out.of(planned.wanted),
        choices=planned.choices,
        storage=storage,
        export_prefix=prefix,
        decryption=opening,
        signers=keys.public_keys_of(options.signers),
        limits=limits_of(options.limit) if options.limit else None,
    )


def _take_on(context: "ImportContext", request: "ImportRequest") -> int:
    from offline_transfer.cli.interruptible import interruptible
    from offline_transfer.cli.watch import Watch
    from offline_transfer.importing import create

    with Watch("Checking the archive"):
        return interruptible(partial(create.create_checked_import, context, request))


def _reopen(context: "ImportContext", bulk_import_id: int, options: _Options) -> int:
    """Have an import tried again, unless it still runs; then its jobs wait for workers, and it stays as it is."""
    from offline_transfer.cli import keys, output
    from offline_transfer.importing import control
    from offline_transfer.importing.errors import ImportNotFoundError
    from offline_transfer.transfers.models import BulkImport
    from offline_transfer.transfers.states import OPEN_IMPORT

    with context.database.session() as session:
        found = session.get(BulkImport, bulk_import_id)
        if found is None:
            raise ImportNotFoundError(id=bulk_import_id)
    if found.status not in OPEN_IMPORT:
        reopened = control.retry(context, bulk_import_id, keys=keys.keys_of(options.identity, options.passphrase_file))
        if reopened.nested_left:
            output.remark(
                f"{reopened.nested_left:,} failed records stay as they are, since the records around them were imported."
            )
        if reopened.unkept_left:
            output.remark(
                f"{reopened.unkept_left:,} failed records stay as they are: so many failed in their object that it was not kept"
                f" which. To have them, `offline-transfer rollback {bulk_import_id}`, and import anew."
            )
    elif options.identity or options.passphrase_file:
        output.remark(
            "The import has not ended, and goes on with the keys that it has. To have those of now used, cancel it with Ctrl-C and"
            " resume it again."
        )
    return bulk_import_id


def _have_done(attendant: "Attendant", bulk_import_id: int) -> None:
    """Wait for the end; Ctrl-C cancels, and says how to go on."""
    from offline_transfer.cli.attended_import import AttendedImport

    attended = AttendedImport(bulk_import_id)
    try:
        attendant.attend(attended)
    except KeyboardInterrupt:
        attendant.cancel(attended, f"import --resume {bulk_import_id}")
        raise


def show(
    database: "Database", bulk_import_id: int, *, as_json: bool, more: "Mapping[str, object] | None" = None
) -> int:
    """Prints what an import says of itself, and gives the exit status that follows. Raises what `result.require_brought` raises."""
    from offline_transfer.cli import output
    from offline_transfer.importing import result

    with database.session() as session:
        result.require_brought(session, bulk_import_id)
        clean = result.is_clean(session, bulk_import_id)
        rows = (row.to_json() for row in result.rows(session, bulk_import_id))
        failures = result.failures(session, bulk_import_id)
        entities = result.destinations(session, bulk_import_id)
        dropped = result.dropped(session, bulk_import_id)
        gaps = result.gaps(session, bulk_import_id)
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
            output.print_rows("Imported", list(rows))
            _print_places(entities)
            output.print_failures(failures, all_in=f"`offline-transfer report {bulk_import_id}`")
            _print_more(list(gaps), list(dropped))
    if clean:
        return ExitStatus.OK
    output.remark(
        "Not everything arrived: the failures say what and why. `offline-transfer tree` names what is not whole."
    )
    return ExitStatus.WITH_FAILURES


def _print_places(entities: "Iterator[JsonObject]") -> None:
    from offline_transfer.cli import output

    output.print_table(
        "Where it went",
        ("entity", "destination", "status"),
        [(item["entity"], item["destination"], item["error"] or item["status"]) for item in entities],
    )


def _print_more(gaps: "list[JsonObject]", dropped: "list[JsonObject]") -> None:
    from offline_transfer.cli import output

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
