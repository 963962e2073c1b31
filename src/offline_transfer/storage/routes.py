"""How the clients of a bucket reach it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from weakref import finalize

from offline_transfer.errors import StorageError
from offline_transfer.storage.addresses import AddressKind
from offline_transfer.storage.buckets import (
    Bucket,
    GcsDefaultBucket,
    MemoryBucket,
    NetworkBucket,
    connect,
    describe,
    destination,
)
from offline_transfer.storage.destinations import Destination
from offline_transfer.storage.egress import AnswerLimit, EgressPolicy, Passage, resolve
from offline_transfer.storage.proxy import shared_proxy

if TYPE_CHECKING:
    from obstore.store import ObjectStore

# A page has a thousand names of at most 1,024 bytes, with a few hundred bytes of XML around each.
PAGE_BYTES: Final = 32 * 1024 * 1024
# What a few threads may have received and not looked at yet, each of them a few MiB.
_AHEAD_BYTES: Final = 128 * 1024 * 1024
_METADATA_ONLY: Final = frozenset({AddressKind.METADATA})
_PUBLIC_ONLY: Final = frozenset({AddressKind.PUBLIC})
# Where the library trades what this machine is given for a token.
_OF_DEFAULT_CREDENTIALS: Final = {
    Destination("http", "metadata.google.internal", 80): _METADATA_ONLY,
    Destination("http", "169.254.169.254", 80): _METADATA_ONLY,
    Destination("https", "accounts.google.com", 443): _PUBLIC_ONLY,
    Destination("https", "oauth2.googleapis.com", 443): _PUBLIC_ONLY,
}


@dataclass(frozen=True)
class Route:
    """A client, and the passage that it goes through if there is one. The passage is closed when nobody has the route any more."""

    client: "ObjectStore"
    passage: Passage | None = None

    def take(self, size: int) -> None:
        """What was received up to so many bytes is no longer held. See `AnswerLimit`."""
        if self.passage is not None:
            self.passage.take(size)

    def take_refusal(self) -> StorageError | None:
        """See `Passage.take_refusal`."""
        return None if self.passage is None else self.passage.take_refusal()


def route(bucket: Bucket, policy: EgressPolicy | None) -> Route:
    """The way to a bucket: a straight one, or with a policy one that leads where it allows and nowhere else."""
    if policy is None or isinstance(bucket, MemoryBucket):
        return Route(connect(bucket))
    return _through_proxy(bucket, policy, AnswerLimit(most_bytes=_AHEAD_BYTES))


def route_for_listing(bucket: NetworkBucket, policy: EgressPolicy | None) -> Route:
    """Like `route`, for listings, whose pages the library holds in memory whole.

    Every page has to come within the time that a store may be silent. Where the proxy of somebody else is in use, only that holds.
    """
    patience = bucket.connection.stalled_after
    connection = replace(bucket.connection, whole_request=patience)
    limited = replace(bucket, connection=connection)
    if policy is None and connection.proxy_url is not None:
        return Route(connect(limited))
    limit = AnswerLimit(most_bytes=PAGE_BYTES, longest=patience + timedelta(seconds=1))
    return _through_proxy(limited, policy, limit)


def _through_proxy(bucket: NetworkBucket, policy: EgressPolicy | None, limit: AnswerLimit) -> Route:
    passage = Passage(
        store=describe(bucket),
        allowed=None if policy is None else _allowed(bucket, policy),
        resolver=resolve if policy is None else policy.resolver,
        limit=limit,
    )
    proxy = shared_proxy()
    address = proxy.open(passage)
    connection = replace(bucket.connection, proxy_url=address, proxy_excludes=None)
    found = Route(connect(replace(bucket, connection=connection)), passage)
    finalize(found, proxy.close, address)
    return found


def _allowed(bucket: NetworkBucket, policy: EgressPolicy) -> Mapping[Destination, frozenset[AddressKind]]:
    own = {destination(bucket): policy.allowed_kinds()}
    return own | _OF_DEFAULT_CREDENTIALS if isinstance(bucket, GcsDefaultBucket) else own
