"""What is wrong with an archive: everything that is found, where an import stops at the first."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.importing import checks
from offline_transfer.importing.planning.choices import Progress, Reading
from offline_transfer.importing.planning.problems import NOTED, Problem, ProblemKind
from offline_transfer.verify.findings import Finding
from offline_transfer.verify.reader import Archive

KEPT: Final = 1000
"""A directory full of strangers should not fill the memory."""


@dataclass(slots=True)
class Soundness:
    """The findings, as many as are kept, and how many there were."""

    findings: list[Finding] = field(default_factory=list)
    count: int = 0

    def add(self, finding: Finding) -> None:
        """Keep one, or count it at least."""
        self.count += 1
        if len(self.findings) < KEPT:
            self.findings.append(finding)

    def problems(self) -> Iterator[Problem]:
        """The same as a plan says it."""
        for finding in self.findings:
            yield problem_of(finding)
        if self.count > len(self.findings):
            message = f"there are {self.count - len(self.findings):,} findings more; `offline-transfer archive verify` names all"
            yield Problem(kind=ProblemKind.DAMAGED, message=message)


def look(archive: Archive, chosen: Collection[EntityPrefix], reading: Reading, progress: Progress) -> Soundness:
    """Look at the archive as a whole, and at every object of the chosen groups and projects.

    Raises the retryable errors of a store that does not answer.
    """
    found = Soundness()
    for finding in (*archive.unchecked(), *archive.failures()):
        found.add(finding)
    for finding in checks.structure(archive):
        found.add(finding)
    for finding in _objects(archive, chosen, reading, progress):
        found.add(finding)
    return found


def problem_of(finding: Finding) -> Problem:
    """A finding as a plan says it."""
    kind = ProblemKind.DAMAGED if finding.is_fault else NOTED.get(finding.kind, ProblemKind.UNCHECKED)
    message = finding.said if finding.entity is None else f"{finding.path}: {finding.reason}"
    return Problem(kind=kind, entity=finding.entity, message=message)


def _objects(
    archive: Archive, chosen: Collection[EntityPrefix], reading: Reading, progress: Progress
) -> Iterator[Finding]:
    for stored in archive.all_objects():
        if stored.key.entity not in chosen:
            continue
        if reading is Reading.LISTING:
            finding = archive.check_presence(stored)
            if finding is not None:
                yield finding
        else:
            progress("Reading", stored.where)
            yield from archive.check_objects((stored,))
