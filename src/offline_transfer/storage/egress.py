"""Where the stores that a request names may be, and the way there.

The library that talks to stores resolves names and follows redirects by itself. So what a request names is reached through a proxy
of ours (`proxy.EgressProxy`), which asks a `Passage` for every connection: a name is resolved once, its addresses are checked, and
the connection goes to the very address that was checked.
"""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Final, TypeAlias

from offline_transfer.errors import StorageError
from offline_transfer.storage.addresses import AddressKind, kind_of_address, parse_address
from offline_transfer.storage.destinations import Destination
from offline_transfer.storage.errors import EgressRefusedError, EndlessAnswerError, StorageElsewhereError

SocketAddress: TypeAlias = tuple[str, int]
Resolver: TypeAlias = Callable[[str, int], Sequence[SocketAddress]]
"""Gives the numeric addresses and ports of a host and port, the best one first. Raises OSError."""

# Less than the clients wait for a connection, so that no address takes the time of those behind it.
_CONNECT_SECONDS: Final = 9.0
_ADDRESSES_TRIED: Final = 4


def resolve(host: str, port: int) -> Sequence[SocketAddress]:
    """Asks the system, as every program does."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [(str(address[0]), int(address[1])) for *_, address in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPolicy:
    """What an administrator allows to the stores of requests; nothing of it limits what is typed at the command line.

    Without `allow_private` and `allow_loopback` only public addresses are contacted. Link-local addresses and those at which
    clouds hand out credentials never are. Directories must lie below one of `disk_roots`.
    """

    allow_s3_compatible: bool = False
    allow_application_default_credentials: bool = False
    allow_plain_http: bool = False
    allow_private: bool = False
    allow_loopback: bool = False
    disk_roots: tuple[Path, ...] = ()
    resolver: Resolver = field(default=resolve, repr=False, compare=False)

    def allowed_kinds(self) -> frozenset[AddressKind]:
        """The kinds of addresses at which stores may be."""
        kinds = {AddressKind.PUBLIC}
        if self.allow_private:
            kinds.add(AddressKind.PRIVATE)
        if self.allow_loopback:
            kinds.add(AddressKind.LOOPBACK)
        return frozenset(kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLimit:
    """How many bytes a store may send that nobody took yet, and for how long without anybody taking some.

    The library reads lists and messages of failure into memory until they are whole, however long a store makes them.
    """

    most_bytes: int
    longest: timedelta = timedelta.max


class Passage:
    """The way of one store to the network: where it may go, and what became of it. Threads may share one."""

    def __init__(
        self,
        *,
        store: str,
        allowed: Mapping[Destination, frozenset[AddressKind]] | None,
        resolver: Resolver,
        limit: AnswerLimit | None = None,
    ) -> None:
        """`allowed` are the kinds of addresses at which each destination may be; None allows everything."""
        self._store = store
        self._allowed = allowed
        self._resolver = resolver
        self._limit = limit
        self._refusal: StorageError | None = None
        self._lock = Lock()
        self._ahead = 0
        self._since = monotonic()

    def connect(self, destination: Destination) -> socket.socket:
        """A connection to one of the addresses of the destination.

        All of them must be allowed, or none is contacted. Raises EgressRefusedError, StorageElsewhereError, and OSError for what
        cannot be found or reached.
        """
        kinds = self._kinds(destination)
        addresses = self._resolver(destination.host, destination.port)
        for host, _ in addresses:
            kind = kind_of_address(parse_address(host))
            if kind not in kinds:
                raise self._refused(EgressRefusedError(store=self._store, destination=destination, kind=kind))
        return _dial(addresses[:_ADDRESSES_TRIED])

    def receive(self, size: int) -> None:
        """Count what the store sent. Raises EndlessAnswerError."""
        if self._limit is None:
            return
        with self._lock:
            self._ahead += size
            is_late = monotonic() - self._since > self._limit.longest.total_seconds()
            if self._ahead > self._limit.most_bytes or is_late:
                raise self._refused(EndlessAnswerError(store=self._store))

    def take(self, size: int) -> None:
        """Count what the library gave away again of what the store sent."""
        with self._lock:
            self._ahead = max(0, self._ahead - size)
            self._since = monotonic()

    def take_refusal(self) -> StorageError | None:
        """What was refused since this was asked last: what the library says of it is not enough to tell."""
        refusal, self._refusal = self._refusal, None
        return refusal

    def _kinds(self, destination: Destination) -> frozenset[AddressKind]:
        if self._allowed is None:
            return frozenset(AddressKind)
        if destination not in self._allowed:
            raise self._refused(StorageElsewhereError(store=self._store, destination=destination))
        return self._allowed[destination]

    def _refused(self, refusal: StorageError) -> StorageError:
        self._refusal = refusal
        return refusal


def _dial(addresses: Sequence[SocketAddress]) -> socket.socket:
    failure = OSError("the name has no address")
    for address in addresses:
        try:
            return socket.create_connection(address, _CONNECT_SECONDS / len(addresses))
        except OSError as error:
            failure = error
    raise failure
