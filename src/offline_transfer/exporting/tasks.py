"""One object that is to be written, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from offline_transfer.archive.keys import Extension, ObjectKey
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.portables import Portable
from offline_transfer.exporting.schedule import Claim
from offline_transfer.exporting.writing import Destination, Stored
from offline_transfer.transfers.accounting import Fail
from offline_transfer.transfers.lease import Lease
from offline_transfer.types import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A relation of one group or project that becomes one object, or one of its batches, perhaps one of many."""

    claim: Claim
    lease: Lease
    export_id: int
    portable: Portable
    relation: str
    destination: Destination
    batch_id: int | None = None
    batch_number: int | None = None
    record_ids: Sequence[int] = ()
    is_one_of_many: bool = False
    is_contested: bool = False
    """Whether an earlier attempt may be writing it too."""

    @property
    def offline_export_id(self) -> int:
        """The export that it is a part of."""
        return self.claim.offline_export_id

    def key(self, extension: Extension) -> ObjectKey:
        """The key of the object."""
        return ObjectKey(
            entity=self.portable.prefix, relation=self.relation, extension=extension, batch=self.batch_number
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What should be in the object and is not: a file, or a record, or so many of them."""

    name: str
    reason: str
    count: int = 1
    kind: Fail = Fail.GAP

    def to_json(self, batch_number: int | None) -> JsonObject:
        """As the row of its relation keeps it; a later attempt at the batch replaces what is said of it."""
        return {
            "name": self.name,
            "reason": self.reason,
            "count": self.count,
            "kind": self.kind.value,
            "batch": batch_number,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An object that lies whole in the store."""

    key: ObjectKey
    stored: Stored
    records: Mapping[str, int]
    read_at: datetime
    users: Sequence[int] = ()
    gaps: Sequence[Gap] = field(default_factory=tuple)


Writer: TypeAlias = Callable[[ExportContext, Task], Written]
