"""Kinds of addresses."""

import socket

import psutil
import pytest

from offline_transfer.storage.addresses import AddressKind, kind_of_address, parse_address

PUBLIC, PRIVATE, LOOPBACK = AddressKind.PUBLIC, AddressKind.PRIVATE, AddressKind.LOOPBACK
METADATA, UNUSABLE = AddressKind.METADATA, AddressKind.UNUSABLE


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("8.8.8.8", PUBLIC),
        ("2606:4700:4700::1111", PUBLIC),
        ("172.15.255.255", PUBLIC),
        ("172.32.0.0", PUBLIC),
        ("100.128.0.0", PUBLIC),
        ("10.0.0.1", PRIVATE),
        ("172.16.0.0", PRIVATE),
        ("172.31.255.255", PRIVATE),
        ("192.168.255.255", PRIVATE),
        ("100.64.0.0", PRIVATE),
        ("100.127.255.255", PRIVATE),
        ("fd12::1", PRIVATE),
        ("127.0.0.1", LOOPBACK),
        ("127.255.255.254", LOOPBACK),
        ("::1", LOOPBACK),
        ("169.254.169.254", METADATA),
        ("169.254.170.2", METADATA),
        ("100.100.100.200", METADATA),
        ("168.63.129.16", METADATA),
        ("192.0.0.192", METADATA),
        ("fd00:ec2::254", METADATA),
        ("fd20:ce::254", METADATA),
        ("0.0.0.0", UNUSABLE),  # noqa: S104  a kind of address, not one to listen at
        ("0.1.2.3", UNUSABLE),
        ("::", UNUSABLE),
        ("169.254.1.1", UNUSABLE),
        ("fe80::1", UNUSABLE),
        ("fe80::1%eth0", UNUSABLE),
        ("fec0::1", UNUSABLE),
        ("224.0.0.1", UNUSABLE),
        ("ff02::1", UNUSABLE),
        ("240.0.0.1", UNUSABLE),
        ("255.255.255.255", UNUSABLE),
        ("198.51.100.1", UNUSABLE),
        ("2001:db8::1", UNUSABLE),
        ("2001:0:4136:e378::", UNUSABLE),
    ],
)
def test_an_address_has_a_kind(address: str, kind: AddressKind) -> None:
    assert kind_of_address(parse_address(address)) is kind


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("::ffff:127.0.0.1", LOOPBACK),
        ("::ffff:169.254.169.254", METADATA),
        ("::ffff:8.8.8.8", PUBLIC),
        ("::ffff:0:10.0.0.1", PRIVATE),
        ("64:ff9b::127.0.0.1", LOOPBACK),
        ("64:ff9b::a9fe:a9fe", METADATA),
        ("64:ff9b::8.8.8.8", PUBLIC),
        ("64:ff9b:1::8.8.8.8", UNUSABLE),
        ("2002:7f00:1::", LOOPBACK),
        ("2002:a00:1::", PRIVATE),
        ("::127.0.0.1", UNUSABLE),
        ("::8.8.8.8", UNUSABLE),
    ],
)
def test_an_address_inside_another_counts(address: str, kind: AddressKind) -> None:
    assert kind_of_address(parse_address(address)) is kind


def test_the_addresses_of_its_interfaces_are_this_machine() -> None:
    own = [
        parse_address(found.address)
        for interface in psutil.net_if_addrs().values()
        for found in interface
        if found.family in (socket.AF_INET, socket.AF_INET6)
    ]
    assert own
    assert {kind_of_address(address) for address in own} == {LOOPBACK}
