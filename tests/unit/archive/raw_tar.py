"""Tar headers made by hand, for tars that no honest program writes."""

END = bytes(1024)


def entry(
    name: bytes,
    content: bytes = b"",
    *,
    kind: bytes = b"0",
    size: bytes | None = None,
    target: bytes = b"",
    magic: bytes = b"ustar\x0000",
    prefix: bytes = b"",
) -> bytes:
    """One header with its content. `size` replaces the size field; everything else is in order, checksum included."""
    size_field = b"%011o\x00" % len(content) if size is None else size
    fields = name.ljust(100, b"\0") + b"0000644\x00" + b"0000000\x00" * 2 + size_field + b"0" * 11 + b"\0"
    fields += b" " * 8 + kind + target.ljust(100, b"\0") + magic + bytes(80) + prefix.ljust(155, b"\0")
    header = fields.ljust(512, b"\0")
    assert len(header) == 512
    return header[:148] + b"%06o\x00 " % sum(header) + header[156:] + content + bytes(-len(content) % 512)


def long_name(name: bytes) -> bytes:
    """GNU's header for a long name; the entry after it has that name."""
    return entry(b"././@LongLink", name + b"\0", kind=b"L", magic=b"ustar  \x00")


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> bytes:
    """A pax header with these records; the entry after it obeys them."""
    return entry(b"pax", b"".join(_record(key, value) for key, value in records), kind=kind)


def _record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    while len(str(length)) + len(key) + len(value) + 3 != length:
        length = len(str(length)) + len(key) + len(value) + 3
    return b"%d %s=%s\n" % (length, key, value)
