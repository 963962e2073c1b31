"""Buckets as stores: S3 and what speaks its protocol, Google Cloud Storage, Azure, and this process's memory, over `obstore`."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import obstore

from offline_transfer.errors import OfflineTransferError
from offline_transfer.storage.answers import FAILURES, Operation, meaning, means_no_ranges
from offline_transfer.storage.buckets import Bucket, MemoryBucket, describe
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.errors import (
    InvalidObjectKeyError,
    ObjectCutError,
    ObjectNotFoundError,
    ObjectTooLargeError,
    StorageRefusedError,
    TooManyObjectsError,
)
from offline_transfer.storage.handover import Handover
from offline_transfer.storage.keys import is_below, validate_key, validate_prefix
from offline_transfer.storage.routes import PAGE_BYTES, Route, route, route_for_listing
from offline_transfer.storage.store import BLOCK_BYTES, LIST_LIMIT, ObjectInfo, Source

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta
    from obstore.store import ObjectStore

# One request holds one part, so a slow link must carry it within `Connection.stalled_after`; three of them travel at once.
_PART_BYTES: Final = 16 * 1024 * 1024
_PARTS_AT_ONCE: Final = 3
# S3 and Google Cloud Storage take no more parts than this.
_LARGEST_OBJECT: Final = 10_000 * _PART_BYTES
_PAGE: Final = 1000
_READ_AHEAD_BYTES: Final = 4 * BLOCK_BYTES
# More than any answer has that is not an object or a page, and than is left of an object that nobody reads to its end.
_SMALL_ANSWER_BYTES: Final = 16 * 1024 * 1024


class BucketStore:
    """A bucket. See `store.Store` for the contract; two things beyond it:

    An upload that is interrupted is aborted, so that its parts do not stay behind invisibly; those of a killed process stay until a
    lifecycle rule of the bucket removes them. Listings leave out the empty objects that consoles make to show a folder.
    """

    def __init__(
        self, bucket: Bucket, *, policy: EgressPolicy | None = None, largest_object: int = _LARGEST_OBJECT
    ) -> None:
        """With a policy the bucket is one that a request named, and is reached as the policy allows."""
        self._name = describe(bucket)
        self._route = route(bucket, policy)
        self._bucket = bucket
        self._policy = policy
        self._largest_object = largest_object

    def describe(self) -> str:
        """The URL of the bucket, with its endpoint where it has one."""
        return self._name

    def put(self, key: str, source: Source) -> int:
        """See `Store.put`. Objects of more than 156 GiB raise ObjectTooLargeError."""
        validate_key(key)
        too_large = ObjectTooLargeError(key=key, store=self._name, limit=self._largest_object)
        blocks = _Measured(source(), limit=self._largest_object, too_large=too_large)
        first = blocks.take(_PART_BYTES)
        if blocks.is_exhausted:
            self._upload(key, first)
        else:
            self._upload_in_parts(key, chain(_drained(first), blocks))
        return blocks.size

    def blocks(self, key: str, *, start: int = 0) -> Iterator[bytes]:
        """See `Store.blocks`."""
        validate_key(key)
        opened = self._get_part(key, start) if start else _Opened(self._get(key), 0)
        if opened is None:
            return
        received = opened.position
        expected = opened.result.meta["size"]
        for block in self._chunks(opened.result, key):
            received += len(block)
            # A store that gives no parts of objects sends what was asked to be left out, too.
            if received > start:
                yield from _pieces(block[max(0, len(block) - (received - start)) :])
        if received != expected or start > expected:
            raise ObjectCutError(key=key, store=self._name, received=received, expected=max(start, expected))

    def size(self, key: str) -> int:
        """See `Store.size`."""
        validate_key(key)
        try:
            return obstore.head(self._client(), key)["size"]
        except FAILURES as failure:
            error = self._meaning(failure, key, Operation.READ)
        raise error

    def list(self, prefix: str = "", *, limit: int = LIST_LIMIT) -> Iterator[ObjectInfo]:
        """See `Store.list`."""
        validate_prefix(prefix)
        found = _without_folders(self._listed(prefix))
        yield from islice(found, limit)
        if next(found, None) is not None:
            raise TooManyObjectsError(store=self._name, prefix=prefix or "its top", limit=limit)

    def delete(self, key: str) -> None:
        """See `Store.delete`."""
        validate_key(key)
        try:
            obstore.delete(self._client(), key)
        except FAILURES as failure:
            error = self._meaning(failure, key, Operation.READ)
        else:
            return
        if not isinstance(error, ObjectNotFoundError):
            raise error

    def _upload(self, key: str, blocks: Iterable[bytes]) -> None:
        try:
            obstore.put(self._client(), key, iter(blocks), use_multipart=False)
        except FAILURES as failure:
            error = self._meaning(failure, key, Operation.WRITE)
        else:
            return
        # Outside the handler, so that the text of the library's failure does not hang on to ours.
        raise error

    def _upload_in_parts(self, key: str, blocks: Iterable[bytes]) -> None:
        handover = Handover()
        with ThreadPoolExecutor(1, thread_name_prefix="upload") as executor:
            upload = executor.submit(self._take_parts, key, handover)
            try:
                for block in blocks:
                    if not handover.give(block):
                        break
                handover.end()
                upload.result()
            except BaseException:
                # The executor waits until the upload is aborted.
                handover.abandon()
                raise

    def _take_parts(self, key: str, handover: Handover) -> None:
        try:
            obstore.put(
                self._client(),
                key,
                handover,
                use_multipart=True,
                chunk_size=_PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )
        except FAILURES as failure:
            error = self._meaning(failure, key, Operation.WRITE)
        else:
            return
        finally:
            handover.leave()
        raise error

    def _get(self, key: str) -> "GetResult":
        try:
            return obstore.get(self._client(), key)
        except FAILURES as failure:
            error = self._meaning(failure, key, Operation.READ)
        raise error

    def _get_part(self, key: str, start: int) -> "_Opened | None":
        """The object from `start` on, or from its beginning where the store gives no parts; None if it ends at `start`."""
        try:
            return _Opened(obstore.get(self._client(), key, options={"range": {"offset": start}}), start)
        except FAILURES as failure:
            has_parts = not means_no_ranges(failure)
            error = self._meaning(failure, key, Operation.READ)
        if not has_parts:
            return _Opened(self._get(key), 0)
        if not isinstance(error, StorageRefusedError):
            raise error
        # Stores refuse a part that begins at the end or beyond it.
        size = self.size(key)
        if start < size:
            raise error
        if start > size:
            raise ObjectCutError(key=key, store=self._name, received=size, expected=start)
        return None

    def _chunks(self, result: "GetResult", key: str) -> Iterator[memoryview]:
        stream = result.stream(min_chunk_size=_READ_AHEAD_BYTES)
        while True:
            try:
                chunk = next(stream, None)
            except FAILURES as failure:
                error = self._meaning(failure, key, Operation.READ)
            else:
                if chunk is None:
                    return
                block = memoryview(chunk)
                # With what encryption and framing add.
                self._route.take(len(block) + len(block) // 8)
                yield block
                continue
            raise error

    def _client(self) -> "ObjectStore":
        """The client, for another request."""
        self._route.take(_SMALL_ANSWER_BYTES)
        return self._route.client

    @cached_property
    def _listing(self) -> Route:
        """Made when it is first needed: a client is not free, and most stores are never listed."""
        return self._route if isinstance(self._bucket, MemoryBucket) else route_for_listing(self._bucket, self._policy)

    def _listed(self, prefix: str) -> Iterator[ObjectInfo]:
        for page in self._pages(prefix):
            for meta in page:
                key = validate_key(meta["path"])
                if is_below(key, prefix):
                    yield ObjectInfo(key, meta["size"])
                elif key != prefix or meta["size"]:
                    raise InvalidObjectKeyError(
                        key=ascii(key), problem=f"{self._name} lists it below {prefix}, where it does not lie"
                    )

    def _pages(self, prefix: str) -> "Iterator[Sequence[ObjectMeta]]":
        stream = obstore.list(self._listing.client, prefix or None, chunk_size=_PAGE)
        while True:
            self._listing.take(PAGE_BYTES)
            try:
                page = next(stream, None)
            except FAILURES as failure:
                error = self._meaning(failure, prefix or "its top", Operation.LIST)
            else:
                if page is None:
                    return
                yield page
                continue
            raise error

    def _meaning(self, failure: Exception, key: str, operation: Operation) -> OfflineTransferError:
        refusal = (self._listing if operation is Operation.LIST else self._route).take_refusal()
        return refusal or meaning(failure, store=self._name, key=key, operation=operation)


@dataclass(frozen=True, slots=True)
class _Opened:
    """An object that is being received, and the byte at which what arrives begins."""

    result: "GetResult"
    position: int


class _Measured(Iterator[bytes]):
    """The blocks of a source, counted and limited."""

    def __init__(self, blocks: Iterable[bytes], *, limit: int, too_large: OfflineTransferError) -> None:
        self.size = 0
        self.is_exhausted = False
        self._blocks = iter(blocks)
        self._limit = limit
        self._too_large = too_large

    def __next__(self) -> bytes:
        try:
            block = next(self._blocks)
        except StopIteration:
            self.is_exhausted = True
            raise
        self.size += len(block)
        if self.size > self._limit:
            raise self._too_large
        return block

    def take(self, size: int) -> deque[bytes]:
        """The next blocks until they have at least the size, or all that are left."""
        taken: deque[bytes] = deque()
        while self.size < size and (block := next(self, None)) is not None:
            taken.append(block)
        return taken


def _drained(blocks: deque[bytes]) -> Iterator[bytes]:
    """The blocks in order, none of them being held once it is given away."""
    while blocks:
        yield blocks.popleft()


def _pieces(block: memoryview) -> Iterator[bytes]:
    for offset in range(0, len(block), BLOCK_BYTES):
        yield bytes(block[offset : offset + BLOCK_BYTES])


def _without_folders(listed: Iterator[ObjectInfo]) -> Iterator[ObjectInfo]:
    """The objects without empty ones that stand directly before an object below them: the `folder/` entries of consoles.

    Stores list by key, and the library removes the slash at the end, so it must be told from what follows.
    """
    empty: ObjectInfo | None = None
    for found in listed:
        if empty is not None and not is_below(found.key, empty.key):
            yield empty
        empty = None if found.size else found
        if empty is None:
            yield found
    if empty is not None:
        yield empty
