"""One object that is to be written, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from offline_transfer.archive.keys import Extension, ObjectKey
from offline_transfer.archive.objects import Measurement
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.portables import Portable
from offline_transfer.exporting.writing import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A relation of one group or project that becomes one object, or one of its batches, perhaps one of many."""

    offline_export_id: int
    export_id: int
    portable: Portable
    relation: str
    destination: Destination
    batch_id: int | None = None
    batch_number: int | None = None
    record_ids: Sequence[int] = ()
    is_one_of_many: bool = False

    def key(self, extension: Extension) -> ObjectKey:
        """The key of the object."""
        return ObjectKey(
            entity=self.portable.prefix, relation=self.relation, extension=extension, batch=self.batch_number
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A file that should be in the object and is not."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An object that lies whole in the store."""

    key: ObjectKey
    measurement: Measurement
    records: Mapping[str, int]
    read_at: datetime
    users: Sequence[int] = ()
    gaps: Sequence[Gap] = field(default_factory=tuple)


Writer: TypeAlias = Callable[[ExportContext, Task], Written]
