"""`offline-transfer load` and `offline-transfer dump`: GitLab's file-based exports."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from offline_transfer.cli.options import AsJson, DataDir, LimitOptions
from offline_transfer.errors import ExitStatus

if TYPE_CHECKING:
    from offline_transfer.files.dump_records import Gap


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(load)
    app.command()(dump)


def load(
    export: Annotated[
        Path,
        typer.Argument(metavar="FILE_OR_DIR", help="A .tar.gz, an unpacked directory, a project.json or group.json."),
    ],
    namespace: Annotated[
        str, typer.Option("--namespace", help='The group to load into, made when absent; "" is the root.')
    ],
    path: Annotated[
        str | None, typer.Option("--path", metavar="SLUG", help="The name in paths.", show_default=False)
    ] = None,
    source_hostname: Annotated[
        str, typer.Option("--source-hostname", help="Where the export comes from; its users are known apart by it.")
    ] = "",
    data_dir: DataDir = None,
    limit: LimitOptions = None,
    as_json: AsJson = False,
) -> int:
    """Load GitLab's file-based export of a project or group into this instance."""
    from offline_transfer.cli import output
    from offline_transfer.cli.importing import show
    from offline_transfer.cli.instance import open_with_files
    from offline_transfer.cli.limits import limits_of
    from offline_transfer.cli.watch import Watch
    from offline_transfer.files.load import load as load_export

    with open_with_files(data_dir) as instance:
        with Watch("Opening the export") as watch:
            loaded = load_export(
                instance,
                export,
                namespace=namespace,
                slug=path,
                source_hostname=source_hostname,
                limits=limits_of(limit),
                report=watch.report,
            )
        for note in loaded.notes:
            output.remark(note)
        strangers = {"count": loaded.strangers.count, "names": loaded.strangers.names}
        for name in () if as_json else loaded.strangers.names:
            output.remark(f"This file belongs to no relation and was left alone: {name}")
        return show(instance.database, loaded.bulk_import_id, as_json=as_json, more={"unknown_files": strangers})


def dump(
    full_path: Annotated[str, typer.Argument(metavar="FULL_PATH", help="A group (with all below it) or a project.")],
    output_file: Annotated[Path, typer.Option("--output", metavar="FILE", help="The .tar.gz to write.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Write GitLab's file-based export of a group or project."""
    from offline_transfer.cli import output
    from offline_transfer.cli.instance import open_with_files
    from offline_transfer.cli.watch import Watch
    from offline_transfer.files.dump import dump as write_dump

    with open_with_files(data_dir) as instance, Watch("Dumping") as watch:
        dumped = write_dump(instance, full_path, output_file, progress=watch.exported)
    rows = [row.to_json() for row in dumped.rows]
    gaps = [_gap(gap) for gap in dumped.gaps]
    if as_json:
        document = {"file": str(output_file), "relations": rows, "gaps": gaps, "left_out": dumped.left_out}
        output.print_json(document)
    else:
        output.print_counts("Dumped", rows)
        if gaps:
            columns = ("entity", "path", "name", "reason")
            output.print_table("Absent files", columns, [[row[name] for name in columns] for row in gaps])
        for path in dumped.left_out:
            output.remark(f"A dump of a group holds no projects: dump {path} by itself.")
        output.remark(f"Wrote {output_file}")
    return ExitStatus.WITH_FAILURES if gaps else ExitStatus.OK


def _gap(gap: "Gap") -> dict[str, str]:
    return {"entity": gap.entity, "path": gap.relation, "name": gap.name, "reason": gap.reason}
