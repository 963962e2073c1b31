"""`offline-transfer export`."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.errors import DestinationMissingError, ResumeOptionError
from offline_transfer.cli.options import AsJson, DataDir, EncryptTo, PassphraseFile, S3Endpoint, SigningKeyFile
from offline_transfer.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offline_transfer.cli.attended import Attendant
    from offline_transfer.exporting.context import ExportContext
    from offline_transfer.storage.configuration import StorageConfiguration


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(export)


def export(
    full_paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="FULL_PATH...", help="Groups (with all below them) and projects.", show_default=False),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="URL", help="A directory, or a place like s3://bucket/prefix.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="PREFIX",
            help="Go on with an export that was canceled, failed, or was left.",
            show_default=False,
        ),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", metavar="RELATION", help="Leave this relation out.", show_default=False),
    ] = None,
    no_descendants: Annotated[
        bool, typer.Option("--no-descendants", help="Of groups, leave out what lies in them.")
    ] = False,
    source_hostname: Annotated[
        str | None,
        typer.Option(
            metavar="URL_OR_NAME",
            help="What the source is called in the archive; people see it when they are asked to accept contributions.",
            show_default="the instance's URL",
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(metavar="N", help="Records in one object.", show_default="the setting")
    ] = None,
    expect_unchanged: Annotated[
        bool, typer.Option("--expect-unchanged", help="Compare counts at the end, and report what moved meanwhile.")
    ] = False,
    check_against: Annotated[
        Path | None,
        typer.Option(
            "--check-against",
            metavar="PROFILE",
            help="The file that the destination wrote with `profile`: say what it would refuse, before the export and after.",
            show_default=False,
        ),
    ] = None,
    encrypt_to: EncryptTo = None,
    passphrase_file: PassphraseFile = None,
    sign: SigningKeyFile = None,
    processes: Annotated[
        int | None,
        typer.Option("--processes", metavar="N", min=1, max=256, help="Worker processes.", show_default="the cores"),
    ] = None,
    data_dir: DataDir = None,
    s3_endpoint: S3Endpoint = None,
    as_json: AsJson = False,
) -> int:
    """Export groups and projects of this instance into an archive, and print its export prefix.

    The prefix is the name of a new directory below URL; `import` takes both together as URL/PREFIX. Worker processes do the work,
    next to those of `serve` and `worker` where these run. Ctrl-C cancels the export and says how to go on with it; a second Ctrl-C
    does not wait for what still ends.

    With --check-against nothing is exported that the destination would refuse for what is known before. What turns out only in the
    end is named there. The exit status is 10 either way.
    """
    from offline_transfer.archive.signature import SigningKey
    from offline_transfer.cli import keys, outcome, output, profile
    from offline_transfer.cli.attended import workers_of
    from offline_transfer.cli.instance import open_for_workers
    from offline_transfer.exporting import create, unchanged
    from offline_transfer.exporting.request import ExportRequest, RequestedEntity
    from offline_transfer.forge.source_hostname import seen_as
    from offline_transfer.jobs import contexts
    from offline_transfer.storage.configuration import StorageConfiguration

    taken = profile.given(check_against)
    storage = None if to is None else StorageConfiguration.from_location(to, os.environ, s3_endpoint)
    _refuse_odd_words(
        resume,
        full_paths=full_paths,
        skip=skip,
        no_descendants=no_descendants,
        source_hostname=source_hostname,
        batch_size=batch_size,
        encrypt_to=encrypt_to,
        passphrase_file=passphrase_file,
    )
    with open_for_workers(data_dir, signing_key_file=sign) as instance:
        (context,) = contexts.export(instance)
        if resume is None:
            if storage is None:
                raise DestinationMissingError
            request = ExportRequest(
                entities=[
                    RequestedEntity(
                        full_path=path, skip_relations=tuple(skip or ()), include_descendants=not no_descendants
                    )
                    for path in full_paths or ()
                ],
                storage=storage,
                source_hostname=source_hostname,
                batch_size=batch_size,
                encryption=keys.encryption_of(encrypt_to, passphrase_file),
                signed_by=None if sign is None else SigningKey.of_file(sign).fingerprint,
            )
            if profile.refuses(context, request, taken, as_json=as_json):
                return ExitStatus.BLOCKED
            export_id = create.create_export(context, request).id
            if source_hostname is not None:
                output.remark(seen_as(source_hostname))
        else:
            export_id = _reopen(context, resume, storage)
        with workers_of(instance, processes) as attendant:
            _have_done(context, attendant, export_id)
        _withdraw(context, export_id)
        moved = [move.to_json() for move in unchanged.moved(context, export_id)] if expect_unchanged else None
        return outcome.report(instance, export_id, moved=moved, profile=taken, as_json=as_json)


def _refuse_odd_words(resume: str | None, *, full_paths: "Sequence[str] | None", **options: object) -> None:
    """An export that goes on is as it was asked for in the beginning."""
    if resume is None:
        return
    said = ["the full paths"] if full_paths else []
    said += [f"--{name.replace('_', '-')}" for name, value in options.items() if value]
    if said:
        raise ResumeOptionError(words=", ".join(said))


def _reopen(context: "ExportContext", export_prefix: str, storage: "StorageConfiguration | None") -> int:
    """Have an export tried again, unless it still runs; then its jobs wait for workers, and it stays as it is."""
    from offline_transfer.cli import output
    from offline_transfer.exporting import control, find, places
    from offline_transfer.storage.providers import Provider
    from offline_transfer.transfers.places import require_same
    from offline_transfer.transfers.states import OPEN_EXPORT

    with context.database.session() as session:
        export_id = find.by_prefix(session, export_prefix)
        is_open = find.state_of(session, export_id) in OPEN_EXPORT
        if is_open and storage is not None:
            require_same(places.configuration_of(session, export_id), storage)
    if not is_open:
        control.retry(context, export_id, storage=storage)
    elif storage is not None and storage.provider is not Provider.DISK:
        output.remark(
            "The export has not ended, and goes on with the credentials that it has. To have those of now used, cancel it with"
            " Ctrl-C and resume it again."
        )
    return export_id


def _have_done(context: "ExportContext", attendant: "Attendant", export_id: int) -> None:
    """Wait for the end; Ctrl-C cancels, and says how to go on."""
    from offline_transfer.cli.attended_export import AttendedExport
    from offline_transfer.exporting import result

    attended = AttendedExport(export_id, context.settings.edition)
    try:
        attendant.attend(attended)
    except KeyboardInterrupt:
        with context.database.session() as session:
            prefix = result.export_prefix(session, export_id)
        attendant.cancel(attended, f"export --resume {prefix}")
        _withdraw(context, export_id)
        raise


def _withdraw(context: "ExportContext", export_id: int) -> None:
    """Clear up after an export that made no archive: the workers of this command may have ended before they came to it."""
    from offline_transfer.errors import OfflineTransferError
    from offline_transfer.exporting import ending

    # Where the place is away, the job waits for the next workers.
    with contextlib.suppress(OfflineTransferError):
        ending.withdraw(context, export_id)
