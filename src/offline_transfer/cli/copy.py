"""`offline-transfer archive copy` and `archive delete`."""

from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.options import (
    AsJson,
    EncryptTo,
    Identities,
    LimitOptions,
    PassphraseFile,
    PublicKeys,
    S3Endpoint,
    SigningKeyFile,
)
from offline_transfer.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from offline_transfer.carrying.copy import Carriage

Decrypt = Annotated[bool, typer.Option("--decrypt", help="Write the archive without encryption.")]
ToS3Endpoint = Annotated[
    str | None,
    typer.Option("--to-s3-endpoint", help="Where s3:// leads in TO when it is not AWS.", show_default=False),
]


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(copy)
    app.command()(delete)


def copy(
    source: Annotated[str, typer.Argument(metavar="URL/PREFIX", help="The archive.")],
    destination: Annotated[str, typer.Argument(metavar="TO_URL/PREFIX", help="Where it shall lie.")],
    decrypt: Decrypt = False,
    encrypt_to: EncryptTo = None,
    identity: Identities = None,
    passphrase_file: PassphraseFile = None,
    public_key: PublicKeys = None,
    sign: SigningKeyFile = None,
    s3_endpoint: S3Endpoint = None,
    to_s3_endpoint: ToS3Endpoint = None,
    limit: LimitOptions = None,
    as_json: AsJson = False,
) -> int:
    """Copy an archive between any two stores, comparing every object with its hash; run it again to go on with what was broken off.

    With --decrypt or --encrypt-to the archive changes its envelope, and a signature is lost unless --sign makes another. Where the
    destination needs other credentials, name their variables with TO_ in front, such as TO_AWS_ACCESS_KEY_ID.
    """
    from offline_transfer.cli import carrying, output

    if decrypt and encrypt_to:
        raise UsageError(problem="--decrypt and --encrypt-to exclude each other")
    journey = carrying.Journey(
        source=source,
        destination=destination,
        s3_endpoint=s3_endpoint,
        to_s3_endpoint=to_s3_endpoint,
        limits=limit,
        identities=identity,
        passphrase_file=passphrase_file,
        public_keys=public_key,
        signing_key_file=sign,
    )
    carriage = carrying.recode(journey, encrypt_to) if decrypt or encrypt_to else carrying.copy(journey)
    if as_json:
        output.print_json(carriage.to_json())
    else:
        _say(carriage)
    return ExitStatus.OK


def delete(
    archive: Annotated[str, typer.Argument(metavar="URL/PREFIX", help="The archive, or what is left of one.")],
    yes: Annotated[bool, typer.Option("--yes", help="Remove a whole archive, too.")] = False,
    s3_endpoint: S3Endpoint = None,
    as_json: AsJson = False,
) -> int:
    """Remove an archive, or what an export or a copy that was broken off has left. Files of other kinds stay."""
    from offline_transfer.carrying.delete import delete as delete_archive
    from offline_transfer.carrying.delete import is_whole
    from offline_transfer.carrying.errors import WholeArchiveError
    from offline_transfer.carrying.plan import Place
    from offline_transfer.cli import output, places
    from offline_transfer.cli.watch import Watch

    store, prefix = places.archive_place(archive, s3_endpoint)
    place = Place(store=store, prefix=prefix)
    if not yes and is_whole(place):
        raise WholeArchiveError(where=place.describe())
    with Watch("Removing") as watch:
        deleted = delete_archive(place, progress=lambda name: watch.say(name, ""))
    if as_json:
        output.print_json({"objects": deleted.objects, "bytes": deleted.size, "left": deleted.left})
    else:
        output.remark(f"Removed {deleted.objects:,} objects with {deleted.size:,} bytes.")
        for name in deleted.left:
            output.remark(f"This is not of an archive and was left alone: {name}")
    return ExitStatus.OK


def _say(carriage: "Carriage") -> None:
    from offline_transfer.carrying.copy import SignatureFate
    from offline_transfer.cli import output

    output.remark(f"Copied {carriage.copied:,} objects with {carriage.size:,} bytes.")
    if carriage.present:
        output.remark(f"{carriage.present:,} objects were there already, with the right size and hash.")
    for name in carriage.left:
        output.remark(f"This does not belong to the archive and was left behind: {name}")
    if carriage.signature is SignatureFate.LOST:
        output.remark("The signature was lost, since what was signed has changed. --sign makes another.")
