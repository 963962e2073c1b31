"""The archives that a worker process has open.

To open one takes its manifest, which may be large, and an import of a thousand projects is some thousand jobs. So the last few stay
open. What a row says of an archive may be changed when an import is tried again; then it is opened anew.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from offline_transfer.importing import places
from offline_transfer.importing.context import ImportContext
from offline_transfer.importing.sources import ArchiveSource
from offline_transfer.verify.reader import Archive

KEPT: Final = 2
"""Archives that stay open in a process: its jobs are those of the imports that run, which are few."""

_Key = tuple[str, int, datetime]


class _Shelf:
    """Open archives. One that is lent stays open until it is given back, even when it is not kept any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, Archive] = OrderedDict()

    def take(self, key: _Key) -> Archive | None:
        """An archive that nobody uses; it is the caller's until it is put back."""
        with self._lock:
            return self._kept.pop(key, None)

    def put(self, key: _Key, archive: Archive) -> None:
        """Keep an archive, and close those that were not used for longest."""
        with self._lock:
            other = self._kept.pop(key, None)
            self._kept[key] = archive
            closing = [] if other is None else [other]
            while len(self._kept) > KEPT:
                closing.append(self._kept.popitem(last=False)[1])
        for found in closing:
            found.close()


_shelf: Final = _Shelf()


@contextmanager
def open_source(context: ImportContext, bulk_import_id: int) -> Iterator[ArchiveSource]:
    """The archive of an import, opened by its row. Raises what `places.open_archive` raises."""
    key = (context.database.conninfo, bulk_import_id, places.changed_at(context, bulk_import_id))
    archive = _shelf.take(key) or places.open_archive(context, bulk_import_id)
    try:
        yield ArchiveSource(archive)
    finally:
        _shelf.put(key, archive)
