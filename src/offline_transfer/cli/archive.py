"""`offline-transfer archive`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli import copy
from offline_transfer.cli.choices import MemberRole
from offline_transfer.cli.errors import MapOptionError
from offline_transfer.cli.options import (
    AsJson,
    Identities,
    JsonAnyway,
    LimitOptions,
    PassphraseFile,
    PublicKeys,
    S3Endpoint,
)
from offline_transfer.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from offline_transfer.verify.findings import Finding

app = typer.Typer(help="Archives on storage: no instance is needed.", no_args_is_help=True)

Place = Annotated[str, typer.Argument(metavar="URL/PREFIX", help="The archive.")]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="A=B", help="A root of the first archive and what it is in the second.", show_default=False
    ),
]


@app.command()
def inspect(
    archive: Place,
    identity: Identities = None,
    passphrase_file: PassphraseFile = None,
    s3_endpoint: S3Endpoint = None,
    limit: LimitOptions = None,
    as_json: AsJson = False,
) -> None:
    """Say what an archive holds, from its metadata and manifest."""
    from offline_transfer.cli import keys, output, places
    from offline_transfer.verify.inspect import inspect as inspect_archive

    with places.open_archive(archive, s3_endpoint, limit, keys.keys_of(identity, passphrase_file)) as opened:
        summary = inspect_archive(opened)
    document = summary.to_json()
    if as_json:
        output.print_json(document)
        return
    facts = {name: value for name, value in document.items() if not isinstance(value, list | dict)}
    output.print_table("Archive", ("what", "value"), list(facts.items()))
    output.print_table(
        "Relations",
        ("entity", "relation", "objects", "bytes", "records"),
        [(row.entity, row.relation, row.objects, row.bytes, row.records or 0) for row in summary.relations],
    )
    _print_findings(summary.findings)


@app.command()
def verify(
    archive: Place,
    identity: Identities = None,
    passphrase_file: PassphraseFile = None,
    public_key: PublicKeys = None,
    require_signature: Annotated[
        bool, typer.Option("--require-signature", help="Refuse an archive that none of the public keys has signed.")
    ] = False,
    s3_endpoint: S3Endpoint = None,
    limit: LimitOptions = None,
    as_json: AsJson = False,
) -> int:
    """Check every object of an archive: presence, size, hashes, counts, and every record against its schema.

    Of an encrypted archive, the signature and all hashes can be checked without a key.
    """
    from offline_transfer.archive.errors import KeyNeededError
    from offline_transfer.cli import keys, output, places
    from offline_transfer.cli.verifying import verify_carried, verify_opened
    from offline_transfer.cli.watch import Watch
    from offline_transfer.verify.sums import SignaturePolicy

    policy = SignaturePolicy(keys.public_keys_of(public_key), require_signature)
    if require_signature and not policy.keys:
        raise UsageError(problem="--require-signature needs --public-key, once or more")
    opening = keys.keys_of(identity, passphrase_file)
    with Watch("Verifying") as watch:
        try:
            with places.open_archive(archive, s3_endpoint, limit, opening) as opened:
                verdict = verify_opened(opened, policy, watch)
        except KeyNeededError:
            with places.open_carried(archive, s3_endpoint, limit) as carried:
                verdict = verify_carried(carried, policy, watch)
    if as_json:
        output.print_json(verdict.to_json())
    else:
        _print_findings(verdict.findings)
        for line in verdict.lines():
            output.remark(line)
    return ExitStatus.OK if verdict.is_valid else ExitStatus.BAD_INPUT


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="One archive.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other.")],
    roots: Map = None,
    importer_role: Annotated[
        MemberRole,
        typer.Option(
            "--importer-role",
            metavar="ROLE",
            help="What the importing user was in the destination, since nobody can give more than they have: `guest`, "
            "`planner`, `reporter`, `developer`, `maintainer` or `owner`.",
        ),
    ] = MemberRole.OWNER,
    importer_root_role: Annotated[
        MemberRole | None,
        typer.Option(
            "--importer-root-role",
            metavar="ROLE",
            help="What the importing user was in the top-level group of the destination, whose owners alone bring protections as "
            "they are. The same as `--importer-role` unless given.",
        ),
    ] = None,
    identity: Identities = None,
    passphrase_file: PassphraseFile = None,
    s3_endpoint: S3Endpoint = None,
    limit: LimitOptions = None,
    as_json: AsJson = False,
) -> int:
    """Say whether two archives hold the same, whatever ids, order and batches they have, encrypted or not."""
    from offline_transfer.cli import keys, output, places
    from offline_transfer.cli.watch import Watch
    from offline_transfer.forge.enums import AccessLevel
    from offline_transfer.verify.compare import Importer
    from offline_transfer.verify.compare import compare as compare_archives

    root_role = importer_role if importer_root_role is None else importer_root_role
    importer = Importer.with_role(AccessLevel[importer_role], AccessLevel[root_role])
    opening = keys.keys_of(identity, passphrase_file)
    with (
        places.open_archive(first, s3_endpoint, limit, opening) as one,
        places.open_archive(second, s3_endpoint, limit, opening) as other,
        Watch("Comparing") as watch,
    ):
        outcome = compare_archives(one, other, roots=_pairs(roots or ()) or None, importer=importer, progress=watch.say)
    if as_json:
        output.print_json(outcome.to_json())
    else:
        output.print_table(
            "Compared",
            ("entity", "path", "first", "second", "same"),
            [(row.entity, row.path, row.first, row.second, "yes" if row.is_equal else "NO") for row in outcome.paths],
        )
        _print_findings(outcome.findings)
        output.remark("The archives say the same." if outcome.equal else "The archives differ.")
    return ExitStatus.OK if outcome.equal else ExitStatus.DIFFERENT


@app.command()
def schema(
    relation: Annotated[
        str | None, typer.Argument(metavar="RELATION", help="Such as `issues` or `group.labels`.")
    ] = None,
    _as_json: JsonAnyway = False,
) -> None:
    """Print the JSON Schema of a relation's records, or of all relations."""
    from offline_transfer.cli import output
    from offline_transfer.relations.schema import schemas

    output.print_json(schemas(relation))


copy.add_to(app)


def _print_findings(findings: "Iterable[Finding]") -> None:
    from offline_transfer.cli import output

    rows = [(item.kind, item.where or item.entity or "", item.path or "", item.reason) for item in findings]
    if rows:
        output.print_table("Findings", ("kind", "where", "path", "why"), rows)


def _pairs(given: Iterable[str]) -> dict[str, str]:
    pairs = {}
    for item in given:
        first, _, second = item.partition("=")
        if not first or not second:
            raise MapOptionError(given=ascii(item)[1:-1])
        pairs[first] = second
    return pairs
