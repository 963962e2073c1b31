"""`offline-transfer plan`."""

from pathlib import Path
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
from offline_transfer.cli.wanted import AllOption, EntityOptions, NoMemberships, NoProjects, PlanFile, SkipOptions
from offline_transfer.errors import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offline_transfer.importing.planning.plan import Plan
    from offline_transfer.importing.planning.problems import Problem


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(plan)


def plan(
    archive: Annotated[str, typer.Argument(metavar="URL/PREFIX", help="The archive.")],
    entity: EntityOptions = None,
    everything: AllOption = None,
    plan_file: PlanFile = None,
    no_projects: NoProjects = False,
    no_memberships: NoMemberships = False,
    skip: SkipOptions = None,
    identity: Identities = None,
    passphrase_file: PassphraseFile = None,
    require_signature: RequiredSignatures = None,
    listing: Annotated[
        bool,
        typer.Option(
            "--listing", help="Look whether every object is there in its size, and read none to check its hash."
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Write the plan to this file, to be edited.", show_default=False),
    ] = None,
    data_dir: DataDir = None,
    s3_endpoint: S3Endpoint = None,
    limit: LimitOptions = None,
    as_json: AsJson = False,
) -> int:
    """Say what an import would do, without writing anything.

    Where everything would go and under which name, who could see it, what would come of each relation, who would get a placeholder,
    what is wrong with the archive, and whether there is room. The exit status is 10 when something stands in the way.
    """
    from offline_transfer.cli import keys, places, wanted
    from offline_transfer.cli import output as printing
    from offline_transfer.cli.instance import open_instance
    from offline_transfer.cli.watch import Watch
    from offline_transfer.importing.planning import file
    from offline_transfer.importing.planning.choices import PlanOptions, Reading
    from offline_transfer.importing.planning.making import make_plan

    wanted.require_one(entity=entity, all=everything, plan=plan_file)
    left_out = wanted.LeftOut(projects=no_projects, memberships=no_memberships, relations=skip or ())
    opening, signers = keys.keys_of(identity, passphrase_file), keys.public_keys_of(require_signature)
    with (
        places.open_archive(archive, s3_endpoint, limit, opening) as opened,
        open_instance(data_dir) as instance,
        Watch("Reading the archive") as watch,
    ):
        named = file.Planned(wanted.wanted_of(entity, everything), {})
        planned = named if plan_file is None else file.read(plan_file, opened)
        options = PlanOptions(
            reading=Reading.LISTING if listing else Reading.HASHES,
            signers=signers,
            choices=planned.choices,
            progress=watch.say,
        )
        made = make_plan(instance.database, instance.settings, opened, left_out.of(planned.wanted), options)
    if output is not None:
        file.write(made, output)
    if as_json:
        printing.print_json(made.to_json())
    else:
        _print(made)
    if made.blockers:
        printing.remark("This would not be imported as it is: the blockers say why.")
    return ExitStatus.BLOCKED if made.blockers else ExitStatus.OK


def _print(made: "Plan") -> None:
    from offline_transfer.cli import output

    facts = {name: value for name, value in made.archive.to_json().items() if not isinstance(value, list)}
    output.print_table("Archive", ("what", "value"), list(facts.items()))
    output.print_table(
        "Where it would go",
        ("entity", "kind", "destination", "visibility", "records"),
        [
            (
                entity.source_full_path,
                entity.kind.value,
                "skipped" if entity.is_skipped else entity.destination_full_path or "nowhere",
                "" if entity.destination_visibility is None else entity.destination_visibility.name,
                "unknown" if entity.records is None else entity.records,
            )
            for entity in made.entities
        ],
    )
    output.print_table(
        "What would come",
        ("entity", "relation", "is", "objects", "bytes", "records"),
        [
            (
                entity.source_full_path,
                relation.relation,
                relation.presence.value,
                relation.objects,
                relation.bytes,
                "unknown" if relation.records is None else relation.records,
            )
            for entity in made.entities
            for relation in entity.relations
            if relation.records != 0 or relation.presence != "present"
        ],
    )
    output.print_table(
        "Users of the source",
        ("top-level group", "named", "known here", "placeholders", "import user"),
        [
            (users.top_level_group, users.named, users.known, users.placeholders, users.import_user)
            for users in made.users
        ],
    )
    _print_amounts(made)
    _print_problems("Blockers", made.blockers)
    _print_problems("Warnings", made.warnings)


def _print_amounts(made: "Plan") -> None:
    from offline_transfer.cli import output

    duration = "unknown" if made.duration is None else f"{made.duration.least:,} to {made.duration.most:,} seconds"
    rows: list[tuple[str, object]] = [
        ("bytes of repositories and files", made.room.files),
        ("bytes of rows, estimated", "unknown" if made.room.rows is None else made.room.rows),
        ("bytes free for them", made.room.free),
        ("largest object", made.sizes.stored),
        ("allowed", "no limit" if made.sizes.stored_limit is None else made.sizes.stored_limit),
        ("largest object unpacked", "unknown" if made.sizes.content is None else made.sizes.content),
        ("allowed unpacked", "no limit" if made.sizes.content_limit is None else made.sizes.content_limit),
        ("time with one worker process, estimated", duration),
    ]
    output.print_table("How much", ("what", "amount"), rows)


def _print_problems(title: str, problems: "Iterable[Problem]") -> None:
    from offline_transfer.cli import output

    rows = [(problem.kind.value, problem.entity or "", problem.message) for problem in problems]
    if rows:
        output.print_table(title, ("kind", "entity", "what"), rows)
