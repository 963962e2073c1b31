"""Where a store is on the network: a scheme, a host and a port, each in one spelling."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from offline_transfer.storage.errors import InvalidLocationError

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_NAME: Final = re.compile(
    r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?", re.ASCII
)
# What programs take for an address written as one number, in octal, in hexadecimal or with parts left out.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_NAME_CHARACTERS: Final = 253


@dataclass(frozen=True, slots=True)
class Destination:
    """A place on the network. Two that are spelled differently but are the same are equal."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of_endpoint(cls, endpoint: str) -> "Destination":
        """Where an endpoint as people type it leads. Raises InvalidLocationError."""
        parts = split_endpoint(endpoint)
        return cls.of(parts.scheme, parts.hostname or "", parts.port)

    @classmethod
    def of(cls, scheme: str, host: str, port: int | None) -> "Destination":
        """The parts in one spelling, an IPv6 address without brackets. Raises InvalidLocationError."""
        if scheme not in _DEFAULT_PORTS:
            raise InvalidLocationError(problem="What is neither https:// nor http:// leads to no store")
        return cls(scheme, _canonical_host(host), port or _DEFAULT_PORTS[scheme])

    def is_this_machine(self) -> bool:
        """Whether the host says that it is this machine; a name that merely leads here does not."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def split_endpoint(endpoint: str) -> SplitResult:
    """The parts of an endpoint, if it is an address without anything secret or surprising in it. Raises InvalidLocationError."""
    try:
        parts = urlsplit(endpoint)
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or not endpoint.isprintable() or any(char in endpoint for char in "@?#\\ "):
        raise InvalidLocationError(problem="The endpoint is not an address like https://s3.example.com:9000")
    if parts.scheme not in _DEFAULT_PORTS:
        raise InvalidLocationError(problem=f"The endpoint {endpoint} does not begin with https:// or http://")
    return parts


def _canonical_host(host: str) -> str:
    address = _address(host)
    if address is not None:
        return address.compressed
    name = host.lower()
    last = name.removesuffix(".").rpartition(".")[2]
    if len(name) > _NAME_CHARACTERS or _NAME.fullmatch(name) is None or _NUMBER.fullmatch(last):
        raise InvalidLocationError(
            problem="The host of the endpoint is neither a name in ASCII nor an address in its common form"
        )
    return name


def _address(host: str) -> IPv4Address | IPv6Address | None:
    if "%" in host:
        return None
    try:
        return ip_address(host)
    except ValueError:
        return None
