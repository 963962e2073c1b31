"""Kinds of addresses, as far as they decide who may be contacted."""

import socket
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

import psutil

Address: TypeAlias = IPv4Address | IPv6Address


class AddressKind(StrEnum):
    """What an address is for, in the words of messages."""

    PUBLIC = "a public address"
    PRIVATE = "an address of a private network"
    LOOPBACK = "an address of this machine"
    METADATA = "the address at which a cloud hands out credentials"
    UNUSABLE = "an address that is kept for special uses"


def kind_of_address(address: Address) -> AddressKind:
    """The kind of an address; one that stands for another inside it is of the other's kind."""
    inner = _inside(address)
    if inner in _METADATA:
        return AddressKind.METADATA
    if inner.is_loopback or inner in _own_addresses():
        return AddressKind.LOOPBACK
    if _lies_in(inner, _UNUSABLE):
        return AddressKind.UNUSABLE
    return AddressKind.PRIVATE if _lies_in(inner, _PRIVATE) else AddressKind.PUBLIC


def parse_address(text: str) -> Address:
    """An address as the resolver gives it, its zone left out. Raises ValueError."""
    return ip_address(text.partition("%")[0])


def _inside(address: Address) -> Address:
    """The IPv4 address that an IPv6 address is translated to on its way, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    for network in _TRANSLATED:
        if address in network:
            shift = 128 - 32 - network.prefixlen
            return IPv4Address(int(address) >> shift & 0xFFFFFFFF)
    return address


def _lies_in(address: Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)


def _own_addresses() -> set[Address]:
    """Those of the network interfaces: what listens on all of them is reached at each."""
    families = (socket.AF_INET, socket.AF_INET6)
    return {
        parse_address(found.address)
        for interface in psutil.net_if_addrs().values()
        for found in interface
        if found.family in families
    }


def _networks(*texts: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)


_TRANSLATED: Final = (
    IPv6Network("::ffff:0:0/96"),  # mapped
    IPv6Network("::ffff:0:0:0/96"),  # translated
    IPv6Network("64:ff9b::/96"),  # NAT64
    IPv6Network("2002::/16"),  # 6to4
)
# Link-local ones are unusable anyway; these are those that lie elsewhere, and the best known one for a message that says it.
_METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # nearly everybody
        "169.254.170.2",  # containers of AWS
        "168.63.129.16",  # Azure
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google
        "fe80::a9fe:a9fe",  # OpenStack
    )
)
_PRIVATE: Final = _networks(
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",  # shared with the provider
    "fc00::/7",
)
# The registries of special-purpose addresses of IANA, without what is private, global or this machine.
_UNUSABLE: Final = _networks(
    "0.0.0.0/8",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",  # multicast, reserved, broadcast
    "::/96",  # unspecified, and IPv4 inside IPv6 as it was written once
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)
