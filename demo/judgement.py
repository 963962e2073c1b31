"""Lays the counts of a demonstration side by side, and says what is not as it should be."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from demo import counts
from demo.stage import Imported, Outcome
from offline_transfer.types import JsonObject, PortableKind
from offline_transfer.verify.compare import Comparison


class Same(Enum):
    """Whether the second archive says the same as the first."""

    YES = "yes"
    NO = "NO"
    NOT_COMPARED = "-"


@dataclass(slots=True)
class Line:
    """One path of the groups or of the projects, summed over all of them."""

    kind: PortableKind
    path: str
    source: int = 0
    archive: int = 0
    imported: int = 0
    skipped: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    same: Same = Same.NOT_COMPARED


def lines(outcome: Outcome) -> list[Line]:
    """Every path on which there is a record anywhere, in the order of the trees: groups first."""
    ordered = {(kind, path): Line(kind, path) for kind in counts.KINDS for path in counts.paths(kind)}
    kinds = {path: kind for kind, path in outcome.archive}

    def line(kind: PortableKind, path: str) -> Line:
        return ordered.setdefault((kind, path), Line(kind, path))

    for (kind, _), at_source in outcome.source.items():
        for path, count in at_source.items():
            line(kind, path).source += count
    for (kind, _), in_archive in outcome.archive.items():
        for path, count in in_archive.items():
            line(kind, path).archive += count
    for row in outcome.imported.rows:
        found = line(kinds[row.entity], row.path)
        found.imported += row.imported
        found.skipped += row.skipped
        found.failed += row.failed
        found.reasons.update(row.reasons)
    for compared in outcome.comparison.paths:
        found = line(kinds[compared.entity], compared.path)
        if found.same is not Same.NO:
            found.same = Same.YES if compared.is_equal else Same.NO
    return [found for found in ordered.values() if found.source or found.archive or found.imported or found.failed]


def faults(outcome: Outcome) -> Iterator[str]:
    """Everything that is not as it should be, a sentence each; a group that arrived whole has none."""
    for failure in outcome.export_failures:
        yield f"The export lost something: {_said(failure)}"
    yield from _faults_of_import(outcome.imported)
    yield from _miscounts(outcome)
    yield from _differences(outcome.comparison)
    for finding in outcome.findings:
        yield f"An archive is not in order: {finding.where or finding.entity}, {finding.path or ''}: {finding.reason}"
    for where in outcome.marked:
        yield f"A secret left in {where}"


def _faults_of_import(imported: Imported) -> Iterator[str]:
    for failure in imported.failures:
        yield f"The import failed: {_said(failure)}"
    for gap in imported.gaps:
        yield f"The import found nothing of a relation: {gap['entity']}, {gap['relation']}: {gap['reason']}"
    for drop in imported.dropped:
        yield (
            f"The import did not take an attribute that the export wrote: {drop['entity']}, {drop['path']}.{drop['name']}: "
            f"{drop['reason']}, {drop['count']} times"
        )
    if not imported.is_clean and not imported.failures:
        yield "The import did not finish"


def _miscounts(outcome: Outcome) -> Iterator[str]:
    """Where the counts of one path of one group or project do not add up."""
    arrived: dict[tuple[str, str], tuple[int, int]] = {}
    for row in outcome.imported.rows:
        arrived[row.entity, row.path] = (row.source, row.imported + row.skipped + row.failed)
    for kind, entity in dict.fromkeys((*outcome.source, *outcome.archive)):
        at_source: Mapping[str, int] = outcome.source.get((kind, entity), {})
        in_archive: Mapping[str, int] = outcome.archive.get((kind, entity), {})
        of_import = {path for name, path in arrived if name == entity}
        for path in dict.fromkeys((*at_source, *in_archive, *sorted(of_import))):
            read, accounted = arrived.get((entity, path), (0, 0))
            if not at_source.get(path, 0) == in_archive.get(path, 0) == read == accounted:
                yield (
                    f"The counts do not add up: {entity}, {path}: {at_source.get(path, 0)} at the source, "
                    f"{in_archive.get(path, 0)} in the archive, {read} read, {accounted} imported, skipped or failed"
                )


def _differences(comparison: Comparison) -> Iterator[str]:
    """What the second archive says otherwise: each path, and the records by which it shows."""
    for path in comparison.paths:
        if not path.is_equal:
            yield (
                f"The second archive differs: {path.entity}, {path.path}: {path.first} records in the first, "
                f"{path.second} in the second"
            )
    for finding in comparison.findings:
        if finding.is_fault:
            shown = f" ({finding.sample})" if finding.sample else ""
            yield f"The second archive differs: {finding.entity}, {finding.path}: {finding.reason}{shown}"


def _said(failure: JsonObject) -> str:
    record = f" ({failure['record']})" if failure.get("record") else ""
    return f"{failure['entity']}, {failure['path']}{record}: {failure['message']}"
