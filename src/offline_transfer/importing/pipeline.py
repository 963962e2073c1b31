"""What a pipeline is: where its pieces come from, what is done to them on the way, and where they go.

A piece is whatever the steps of one pipeline agree on: a record, a file, some records that are written at once. Steps hand on
streams and not lists, so that only what is being worked on is held. A step is a function, or an object that can be called.

Source: BulkImports::Pipeline of GitLab.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, Final, Protocol, TypeAlias

import psycopg

from offline_transfer.contributions.lookup import UserLookup
from offline_transfer.db import Database
from offline_transfer.forge.attempts import Attempts
from offline_transfer.forge.files import Files
from offline_transfer.forge.repositories import Repositories
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.plan import NodePlan, plans
from offline_transfer.importing.records import RecordBuilder
from offline_transfer.importing.shared import SharedRecords
from offline_transfer.importing.source import EntitySource, SourceObject
from offline_transfer.importing.tally import Failure
from offline_transfer.transfers import ledger
from offline_transfer.transfers.accounting import Accounting, Fail
from offline_transfer.transfers.ledger import PipelineStep
from offline_transfer.transfers.models import ImportEntity
from offline_transfer.types import PortableKind

TITLE_CHARACTERS: Final = 200

FAILURES_HELD: Final = 500
"""So many failures wait before their rows are written."""

FAILURES_KEPT: Final = 10_000
"""Of how many failures of one object it is kept why: a small object can hold hundreds of millions of bad records."""

Stream: TypeAlias = Generator[Any, None, None]
"""The pieces that one step hands to the next; it is closed when nobody wants more of them."""


class Extractor(Protocol):
    """Reads one object of the source, or asks somebody else. Raises BadInputError or StorageError where that fails."""

    def __call__(self, context: "PipelineContext", /) -> Stream:
        """The pieces of the object, in its order."""


class Transformer(Protocol):
    """Turns pieces into others, leaves some out, adds some, or gathers a few into one."""

    def __call__(self, context: "PipelineContext", pieces: Iterator[Any], /) -> Stream:
        """What becomes of the pieces. One that fails is told to the context and left out."""


class Loader(Protocol):
    """Writes the pieces, and counts what became of each. What it writes outside of the transaction it may write again."""

    def __call__(self, context: "PipelineContext", pieces: Iterator[Any], /) -> None:
        """Write all pieces."""


class Lease(Protocol):
    """The right to work on."""

    def check(self) -> None:
        """Raise an error when it was taken back; cheap enough to be asked for each record and block."""


@dataclass(frozen=True, slots=True)
class Unlimited:
    """The right of whoever works in the foreground: nobody takes it back."""

    def check(self) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """How one relation of a group or project is imported."""

    relation: str
    extractor: Extractor
    loader: Loader
    transformers: tuple[Transformer, ...] = ()
    abort_on_failure: bool = False
    """Whether the group or project has failed when an object of this relation cannot be read."""
    file_extraction_pipeline: bool = False
    """Whether its objects hold files. Even one without any has to be looked at: a repository may come of it."""

    @property
    def name(self) -> str:
        """What failures call it: `MergeRequestsPipeline`."""
        return ledger.pipeline_class(self.relation)


@dataclass(frozen=True, slots=True)
class FileDestination:
    """Whose files they are, and where this instance keeps files."""

    kind: PortableKind
    portable_id: int
    default_branch: str | None
    database: Database
    repositories: Repositories
    files: Files
    spool: Attempts


@dataclass(frozen=True, slots=True)
class RowDestination:
    """What makes rows of records, and knows the users and the shared records that they name."""

    builder: RecordBuilder
    users: UserLookup
    shared: SharedRecords


@dataclass(frozen=True, slots=True)
class PipelineWork:
    """What the pipelines of one entity share."""

    context: ImportContext
    entity: ImportEntity
    source: EntitySource
    destination: FileDestination
    rows: RowDestination
    lease: Lease = Unlimited()


@dataclass(slots=True)
class Outcome:
    """What became of the pieces of one object so far."""

    accounting: Accounting = field(default_factory=Accounting)
    failures: list[Failure] = field(default_factory=list)
    """Those whose rows are still to be written."""
    kept: int = 0
    """Of how many failures it was kept why."""
    broken_step: PipelineStep | None = None
    """The step in which the object as a whole failed."""


@dataclass(frozen=True, slots=True)
class PipelineContext:
    """One object on its way through a pipeline, as one of the steps sees it."""

    work: PipelineWork
    pipeline: Pipeline
    batch: ledger.BatchRef
    source: SourceObject
    first_index: int
    """How many records of the relation come before the object."""
    connection: psycopg.Connection
    """In the transaction in which the object counts as done. Whoever holds `turn` may use it: rows are written in a thread."""
    outcome: Outcome
    turn: Lock = field(default_factory=Lock)
    step: PipelineStep = PipelineStep.EXTRACTOR

    @property
    def relation(self) -> str:
        """The relation, which is the path of its records of the first level."""
        return self.pipeline.relation

    @property
    def accounting(self) -> Accounting:
        """Where pieces are counted."""
        return self.outcome.accounting

    @property
    def plan(self) -> NodePlan:
        """What the relation file says of the records."""
        return plans(self.work.source.kind, self.work.context.settings.edition)[self.relation]

    def at(self, step: PipelineStep) -> "PipelineContext":
        """The same, for another step."""
        return replace(self, step=step)

    def failed(
        self, reason: Fail, message: str, *, title: str | None = None, line_index: int | None = None, count: int = 1
    ) -> None:
        """Count a piece that failed here, or as many records as were in it, and keep why."""
        self.accounting.failed(self.relation, reason, count)
        title = None if title is None else title[:TITLE_CHARACTERS]
        self.keep(Failure(self.relation, line_index, reason, message, title, self.step))

    def keep(self, failure: Failure) -> None:
        """Keep why something failed that is counted already; of FAILURES_KEPT at most. Rows may be written, so not while `turn`
        is held.
        """
        if self.outcome.kept >= FAILURES_KEPT:
            return
        self.outcome.kept += 1
        self.outcome.failures.append(failure)
        if len(self.outcome.failures) >= FAILURES_HELD:
            self.write_failures()

    def write_failures(self) -> None:
        """Write the failures that are held."""
        with self.turn:
            ledger.note_failures(self.connection, self.batch, self.outcome.failures)
        self.outcome.failures.clear()

    def watched(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The blocks of a file, whoever reads them: what breaks in them is this step's, and the lease is looked at."""
        try:
            for block in blocks:
                self.work.lease.check()
                yield block
        except Exception:
            self.blame()
            raise

    def blame(self) -> None:
        """This is the step that broke, unless one before it did."""
        if self.outcome.broken_step is None:
            self.outcome.broken_step = self.step
