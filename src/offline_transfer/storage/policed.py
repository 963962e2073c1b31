"""The store of a request, which the proxy leads to where it may be."""

from dataclasses import replace
from typing import Final
from weakref import finalize

from offline_transfer.storage.addresses import AddressKind
from offline_transfer.storage.buckets import GcsDefaultBucket, NetworkBucket, describe, destination
from offline_transfer.storage.destinations import Destination
from offline_transfer.storage.egress import EgressPolicy, Passage
from offline_transfer.storage.objects import BucketStore
from offline_transfer.storage.proxy import shared_proxy

_METADATA_ONLY: Final = frozenset({AddressKind.METADATA})
_PUBLIC_ONLY: Final = frozenset({AddressKind.PUBLIC})
# Where the library trades what this machine is given for a token.
_OF_DEFAULT_CREDENTIALS: Final = {
    Destination("http", "metadata.google.internal", 80): _METADATA_ONLY,
    Destination("http", "169.254.169.254", 80): _METADATA_ONLY,
    Destination("https", "accounts.google.com", 443): _PUBLIC_ONLY,
    Destination("https", "oauth2.googleapis.com", 443): _PUBLIC_ONLY,
}


def policed_store(bucket: NetworkBucket, policy: EgressPolicy) -> BucketStore:
    """The bucket, reached as the policy allows and no other way. The way is closed when nobody has the store any more."""
    allowed = {destination(bucket): policy.allowed_kinds()}
    if isinstance(bucket, GcsDefaultBucket):
        allowed |= _OF_DEFAULT_CREDENTIALS
    passage = Passage(store=describe(bucket), allowed=allowed, resolver=policy.resolver)
    proxy = shared_proxy()
    address = proxy.open(passage)
    connection = replace(bucket.connection, proxy_url=address, proxy_excludes=None)
    store = BucketStore(replace(bucket, connection=connection), passage=passage)
    finalize(store, proxy.close, address)
    return store
