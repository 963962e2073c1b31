"""`offline-transfer export`."""

import os
from dataclasses import replace
from typing import Annotated

import typer

from offline_transfer.cli.options import AsJson, DataDir, EncryptTo, PassphraseFile, S3Endpoint, SigningKeyFile
from offline_transfer.errors import ExitStatus


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(export)


def export(
    full_paths: Annotated[
        list[str], typer.Argument(metavar="FULL_PATH...", help="Groups (with all below them) and projects.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="URL", help="A directory, or a place like s3://bucket/prefix.")],
    encrypt_to: EncryptTo = None,
    passphrase_file: PassphraseFile = None,
    sign: SigningKeyFile = None,
    data_dir: DataDir = None,
    s3_endpoint: S3Endpoint = None,
    as_json: AsJson = False,
) -> int:
    """Export groups and projects of this instance into an archive, and print its export prefix.

    The prefix is the name of a new directory below URL; `import` takes both together as URL/PREFIX.
    """
    from offline_transfer import queue
    from offline_transfer.archive.signature import SigningKey
    from offline_transfer.cli import keys, output, places
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.cli.watch import Watch
    from offline_transfer.exporting import create, result
    from offline_transfer.exporting.request import ExportRequest
    from offline_transfer.importing.incomplete import incomplete
    from offline_transfer.jobs import contexts, exports
    from offline_transfer.storage.configuration import StorageConfiguration

    assert exports
    encryption = keys.encryption_of(encrypt_to, passphrase_file)
    signed_by = None if sign is None else SigningKey.of_file(sign).fingerprint
    places.require_reachable(places.store_place(to, s3_endpoint))
    storage = StorageConfiguration.from_location(to, os.environ, s3_endpoint)
    with open_instance(data_dir) as instance, Watch("Exporting") as watch:
        (context,) = contexts.export(instance)
        context = replace(context, progress=watch.exported)
        if sign is not None:
            context = replace(context, settings=context.settings.model_copy(update={"signing_key_file": sign}))
        request = ExportRequest.of_paths(*full_paths, storage=storage)
        created = create.create_export(context, replace(request, encryption=encryption, signed_by=signed_by))
        queue.run_until_empty(context)
        with instance.database.session() as session:
            rows = [row.to_json() for row in result.rows(session, created.id)]
            failures = list(result.failures(session, created.id))
            gaps = [gap.to_json() for path in full_paths for gap in incomplete(session, path)]
            clean = result.is_clean(session, created.id)
            result.require_archive(session, created.id)
    if as_json:
        document = {
            "export_prefix": str(created.prefix),
            "relations": rows,
            "failures": failures,
            "incomplete": gaps,
        }
        output.print_json(document)
    else:
        output.print_rows("Exported", rows)
        if failures:
            output.print_failures(failures)
        output.print_incomplete(gaps)
        typer.echo(str(created.prefix))
    if clean:
        return ExitStatus.OK
    output.remark("Not everything is in the archive: the failures say what and why, and so does its manifest.")
    return ExitStatus.WITH_FAILURES
