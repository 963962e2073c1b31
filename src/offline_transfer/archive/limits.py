"""How much one archive may ask of us, counted while its bytes stream by."""

from dataclasses import dataclass

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds for reading an archive. Bytes unless the name says otherwise; going past one raises `LimitExceededError`.

    The ratio needs a word. Deflate cannot exceed 1,032 to 1. NDJSON reaches 70 when its records differ in a counter alone
    and 260 when they do not differ at all (measured with zlib 6 and ISA-L 2); files of zeros, which people do keep in LFS,
    reach the top. Decompression streams, so a dense object costs time and no memory, and the first GiB takes about a
    second. Hence the ratio counts only past that, where 500 is above whatever records reach and half of what a bomb is
    made of.
    """

    object_bytes: int = 25 * GIB
    """One object as it is stored."""
    decompressed_bytes: int = 25 * GIB
    """One object after decompression."""
    compression_ratio: int = 500
    """Decompressed bytes for each stored byte, once `unrated_bytes` have come out."""
    unrated_bytes: int = GIB
    """What may come out of an object before its ratio counts."""

    object_seconds: int = 4 * 3600
    """Reading one object, by the clock: as long as an import waits for a batch that does not move."""

    line_bytes: int = 50 * MIB
    """One line of NDJSON, or one JSON document: GitLab's own limit for a row."""
    json_depth: int = 100
    """Objects and lists within each other; GitLab's trees are 7 deep."""
    record_values: int = 2_000_000
    """Values in one record. Fifty MiB of `[],` would become a GiB of Python lists."""
    number_digits: int = 100
    """Digits of one number that has a fraction or an exponent. Whole numbers have to fit 64 bits."""

    tar_members: int = 200_000
    """Members of one tar, headers of every kind included. Their names are remembered to find doubles: some 20 MB for as many."""
    member_name_bytes: int = 1024
    """The path of a member: what S3 allows for a key."""
    tar_extension_bytes: int = 64 * 1024
    """One pax header of a member: it may hold extended attributes that are read over."""

    metadata_bytes: int = 16 * MIB
    """The metadata, decompressed: an entity takes about 60 bytes, and one export seldom has more than some thousands."""
    manifest_bytes: int = GIB
    """The manifest, decompressed: an object takes about 400 bytes."""
    checksums_bytes: int = 256 * MIB
    """`SHA256SUMS`: an object takes about 110 bytes."""
    identity_work: int = 20
    """The power of two that a passphrase costs, as `identity.age` announces it: 2^20 takes 1 GiB of memory and some seconds."""
