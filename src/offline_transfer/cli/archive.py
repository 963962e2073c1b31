"""`offline-transfer archive`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.errors import MapOptionError
from offline_transfer.cli.options import AsJson, LimitOptions, S3Endpoint
from offline_transfer.errors import ExitStatus

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
    archive: Place, s3_endpoint: S3Endpoint = None, limit: LimitOptions = None, as_json: AsJson = False
) -> None:
    """Say what an archive holds, from its metadata and manifest."""
    from offline_transfer.cli import output, places
    from offline_transfer.verify.inspect import inspect as inspect_archive

    with places.open_archive(archive, s3_endpoint, limit) as opened:
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
def verify(archive: Place, s3_endpoint: S3Endpoint = None, limit: LimitOptions = None, as_json: AsJson = False) -> int:
    """Check every object of an archive: presence, size, hashes, counts, and every record against its schema."""
    from offline_transfer.cli import output, places
    from offline_transfer.cli.watch import Watch
    from offline_transfer.verify.archive import verify as verify_archive

    findings = []
    with places.open_archive(archive, s3_endpoint, limit) as opened, Watch("Verifying") as watch:
        for finding in verify_archive(opened, progress=lambda where: watch.say(where, "")):
            findings.append(finding)
        has_manifest = opened.has_manifest
    faults = sum(finding.is_fault for finding in findings)
    if as_json:
        output.print_json({"valid": not faults, "findings": [finding.to_json() for finding in findings]})
    else:
        _print_findings(findings)
        output.remark(_verdict(faults, has_manifest=has_manifest))
    return ExitStatus.BAD_INPUT if faults else ExitStatus.OK


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="One archive.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other.")],
    roots: Map = None,
    s3_endpoint: S3Endpoint = None,
    limit: LimitOptions = None,
    as_json: AsJson = False,
) -> int:
    """Say whether two archives hold the same, whatever ids, order and batches they have."""
    from offline_transfer.cli import output, places
    from offline_transfer.cli.watch import Watch
    from offline_transfer.verify.compare import compare as compare_archives

    with (
        places.open_archive(first, s3_endpoint, limit) as one,
        places.open_archive(second, s3_endpoint, limit) as other,
        Watch("Comparing") as watch,
    ):
        outcome = compare_archives(one, other, roots=_pairs(roots or ()) or None, progress=watch.say)
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
) -> None:
    """Print the JSON Schema of a relation's records, or of all relations."""
    from offline_transfer.cli import output
    from offline_transfer.relations.schema import schemas

    output.print_json(schemas(relation))


def _print_findings(findings: "Iterable[Finding]") -> None:
    from offline_transfer.cli import output

    rows = [(item.kind, item.where or item.entity or "", item.path or "", item.reason) for item in findings]
    if rows:
        output.print_table("Findings", ("kind", "where", "path", "why"), rows)


def _verdict(faults: int, *, has_manifest: bool) -> str:
    if faults:
        named = "1 fault" if faults == 1 else f"{faults:,} faults"
        return f"{named}: do not import this archive. Copy what is named from where it was exported, or export again."
    return "The archive is as its manifest says." if has_manifest else "Nothing that can be checked is wrong."


def _pairs(given: Iterable[str]) -> dict[str, str]:
    pairs = {}
    for item in given:
        first, _, second = item.partition("=")
        if not first or not second:
            raise MapOptionError(given=ascii(item)[1:-1])
        pairs[first] = second
    return pairs
