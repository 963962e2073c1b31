"""What is encrypted can be opened by those whom it was encrypted to, whole, in order, and not by anybody else."""

import itertools
import os
from collections.abc import Iterator
from threading import active_count

import pyrage
import pytest
from pyrage.x25519 import Identity

from offline_transfer.archive import age_stream
from offline_transfer.archive.encryption import (
    Encryption,
    EncryptionRequest,
    Keys,
    identities_of,
    new_identity_file,
    recipients_of,
)
from offline_transfer.archive.errors import (
    DamagedObjectError,
    InvalidIdentityError,
    InvalidRecipientError,
    LimitExceededError,
    TruncatedObjectError,
    WeakPassphraseError,
    WrongIdentityError,
    WrongPassphraseError,
)
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.objects import ObjectStream, content

LIMITS = Limits()
IDENTITY = Identity.generate()
RECIPIENT = str(IDENTITY.to_public())
KEYS = Keys((IDENTITY,))
CHUNK = 64 * 1024
STORED_CHUNK = CHUNK + 16
NAME = "group_1/labels.ndjson.gz.age"
PASSPHRASE = "correct horse battery staple"


def sealed(content: bytes) -> bytes:
    return b"".join(Encryption((RECIPIENT,)).seal([content]))


def opened(stored: bytes, *, keys: Keys = KEYS, piece: int = 10_000) -> bytes:
    return b"".join(keys.open(pieces(stored, piece), NAME))


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def header_bytes(stored: bytes, content: bytes) -> int:
    return len(stored) - len(content) - 16 * max(1, -(-len(content) // CHUNK))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 1_000_000])
@pytest.mark.parametrize("piece", [1_000, 70_000, 2_000_000])
def test_what_was_sealed_is_what_is_opened(size: int, piece: int) -> None:
    whole = os.urandom(size)
    stored = b"".join(Encryption((RECIPIENT,)).seal(pieces(whole, piece)))
    assert opened(stored, piece=piece) == whole


def test_the_library_itself_reads_and_writes_the_same() -> None:
    whole = os.urandom(200_000)
    assert pyrage.decrypt(sealed(whole), [IDENTITY]) == whole
    assert opened(pyrage.encrypt(whole, [IDENTITY.to_public()])) == whole


def test_each_of_several_recipients_can_open() -> None:
    others = [Identity.generate() for _ in range(3)]
    stored = b"".join(Encryption(tuple(str(other.to_public()) for other in others)).seal([b"shared"]))
    assert [opened(stored, keys=Keys((other,))) for other in others] == [b"shared"] * 3


def test_two_encryptions_of_one_content_differ() -> None:
    assert sealed(b"the same") != sealed(b"the same")


def test_another_identity_opens_nothing_and_the_message_says_what_to_give() -> None:
    with pytest.raises(WrongIdentityError) as caught:
        opened(sealed(b"secret"), keys=Keys((Identity.generate(),)))
    assert caught.value.message == (
        f"None of the given keys opens {NAME}. Give the identity file of a recipient to whom the archive was encrypted"
        " (`--identity`), or its passphrase (`--passphrase-file`)."
    )


WHOLE = os.urandom(3 * CHUNK)


@pytest.mark.parametrize("cut", [1, 16, CHUNK, STORED_CHUNK, 2 * STORED_CHUNK, 3 * STORED_CHUNK, 3 * STORED_CHUNK + 10])
def test_a_cut_object_is_refused_wherever_it_was_cut(cut: int) -> None:
    with pytest.raises(DamagedObjectError):
        opened(sealed(WHOLE)[:-cut])


def test_a_cut_between_two_chunks_is_told_apart() -> None:
    with pytest.raises(TruncatedObjectError, match="end before their last part"):
        opened(sealed(WHOLE)[:-STORED_CHUNK])


@pytest.mark.parametrize("whole", [b"", b"short", WHOLE, WHOLE[:-1]])
@pytest.mark.parametrize("more", [b"\0", b"x" * CHUNK, b"x" * 3 * CHUNK])
def test_what_follows_the_end_is_refused(whole: bytes, more: bytes) -> None:
    with pytest.raises(DamagedObjectError):
        opened(sealed(whole) + more)


def test_chunks_in_another_order_are_refused() -> None:
    stored = sealed(WHOLE)
    start = header_bytes(stored, WHOLE)
    first, second, third = pieces(stored[start:], STORED_CHUNK)
    for order in itertools.permutations((first, second, third)):
        if order != (first, second, third):
            with pytest.raises(DamagedObjectError):
                opened(stored[:start] + b"".join(order))


def test_a_chunk_of_another_object_is_refused() -> None:
    one, other = sealed(WHOLE), sealed(WHOLE)
    with pytest.raises(DamagedObjectError):
        opened(one[:-STORED_CHUNK] + other[-STORED_CHUNK:])


def test_no_bit_can_be_changed_unnoticed() -> None:
    stored = sealed(b"attack at dawn")
    for position in range(len(stored)):
        changed = bytearray(stored)
        changed[position] ^= 1
        with pytest.raises((DamagedObjectError, WrongIdentityError)):
            opened(bytes(changed))


@pytest.mark.parametrize(
    "stored", [b"", b"age-encryption.org/v1", b"PK\x03\x04" * 100, b"age-encryption.org/v2\n-> x\n--- y\n"]
)
def test_what_is_no_age_file_is_refused(stored: bytes) -> None:
    with pytest.raises(DamagedObjectError, match="it is not an age file"):
        opened(stored)


def test_an_armored_file_is_refused() -> None:
    with pytest.raises(DamagedObjectError, match="it is not an age file"):
        opened(pyrage.encrypt(b"text", [IDENTITY.to_public()], armored=True))


def test_a_header_without_an_end_is_refused_soon() -> None:
    stanza = b"-> X25519 " + b"A" * 43 + b"\n" + b"A" * 43 + b"\n"
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield age_stream.MAGIC
        while True:
            taken += len(stanza)
            yield stanza

    with pytest.raises(DamagedObjectError, match="its age header does not end within 65536 bytes"):
        list(KEYS.open(endless(), NAME))
    assert taken < 2 * age_stream.HEADER_BYTES


def test_an_object_is_compressed_before_it_is_encrypted_and_measured_on_both_sides() -> None:
    lines = [b'{"title":"label %d"}\n' % number for number in range(30_000)]
    plain, stream = ObjectStream(lines), ObjectStream(lines, Encryption((RECIPIENT,)))
    compressed, stored = b"".join(plain), b"".join(stream)
    assert opened(stored) == compressed
    assert stream.measurement.stored_bytes == len(stored)
    assert stream.measurement.content_sha256 == plain.measurement.content_sha256
    assert b"".join(content(KEYS.open([stored], NAME), "labels.ndjson.gz", LIMITS)) == b"".join(lines)


def test_both_directions_hold_no_more_than_some_blocks() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 100_000
            yield bytes(100_000)

    through = KEYS.open(Encryption((RECIPIENT,)).seal(endless()), NAME)
    given = 0
    for block in itertools.islice(through, 200):
        given += len(block)
        assert taken - given < 4 * 1024 * 1024
    assert given > 20_000_000


def test_a_stream_that_is_left_takes_its_thread_along() -> None:
    before = active_count()
    stored = Encryption((RECIPIENT,)).seal(itertools.repeat(bytes(300_000)))
    next(stored)
    assert active_count() == before + 1
    stored.close()
    assert active_count() == before


def test_what_the_source_raises_passes_unchanged() -> None:
    def broken(first: bytes) -> Iterator[bytes]:
        yield first
        raise OSError("the disk is gone")

    before = active_count()
    with pytest.raises(OSError, match="the disk is gone"):
        list(Encryption((RECIPIENT,)).seal(broken(WHOLE)))
    with pytest.raises(OSError, match="the disk is gone"):
        list(KEYS.open(broken(sealed(WHOLE)[:100_000]), NAME))
    assert active_count() == before


def test_recipients_are_taken_once_and_in_one_spelling() -> None:
    assert recipients_of([RECIPIENT, RECIPIENT.upper(), RECIPIENT]) == (RECIPIENT,)


@pytest.mark.parametrize(
    "given",
    ["", "age1", RECIPIENT[:-1], f"{RECIPIENT} ", "ssh-ed25519 AAAA", "age1\n", "x" * 500],
    ids=["nothing", "the beginning", "one that was cut", "one with a space", "a key of SSH", "a line", "too much"],
)
def test_what_is_no_recipient_is_refused(given: str) -> None:
    with pytest.raises(InvalidRecipientError, match="it is not of the form, or was cut off"):
        EncryptionRequest((given,))


def test_an_identity_in_the_place_of_a_recipient_is_not_repeated() -> None:
    with pytest.raises(InvalidRecipientError) as caught:
        EncryptionRequest((str(IDENTITY),))
    assert "it is an identity, and has to be kept secret" in caught.value.message
    assert str(IDENTITY)[16:] not in caught.value.message


def test_too_many_recipients_are_refused() -> None:
    with pytest.raises(InvalidRecipientError, match="no more than 100"):
        recipients_of([RECIPIENT] * 101)


def test_an_encryption_for_nobody_is_refused() -> None:
    with pytest.raises(InvalidRecipientError, match="somebody has to be able to read"):
        EncryptionRequest()


def test_a_passphrase_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(WeakPassphraseError) as caught:
        EncryptionRequest(passphrase="hunter2")
    assert "hunter2" not in caught.value.message


def test_a_passphrase_opens_the_archive_and_is_nowhere_kept() -> None:
    request = EncryptionRequest((RECIPIENT,), PASSPHRASE)
    prepared = request.prepare()
    assert PASSPHRASE not in repr(request) + repr(prepared)
    kept = Encryption.from_json(prepared.encryption.to_json())
    assert kept == prepared.encryption
    assert kept.recipients[0] == RECIPIENT
    stored = b"".join(kept.seal([b"by passphrase"]))
    assert prepared.identity is not None
    keys = Keys(passphrase=PASSPHRASE).with_identity_of([prepared.identity], LIMITS)
    assert opened(stored, keys=keys) == b"by passphrase"
    assert opened(stored) == b"by passphrase"
    with pytest.raises(WrongPassphraseError) as caught:
        Keys(passphrase="another long passphrase").with_identity_of([prepared.identity], LIMITS)
    assert "another" not in caught.value.message
    with pytest.raises(LimitExceededError, match="`identity_work`"):
        Keys(passphrase=PASSPHRASE).with_identity_of([prepared.identity], Limits(identity_work=10))


def test_an_identity_that_would_cost_all_memory_is_refused_at_once() -> None:
    stored = (
        age_stream.MAGIC + b"-> scrypt " + b"A" * 22 + b" 40\n" + b"A" * 43 + b"\n--- " + b"A" * 43 + b"\n" + bytes(40)
    )
    with pytest.raises(LimitExceededError):
        Keys(passphrase=PASSPHRASE).with_identity_of([stored], LIMITS)


@pytest.mark.parametrize("stored", [b"", b"nonsense", bytes(70_000)])
def test_an_identity_object_that_is_none_is_refused(stored: bytes) -> None:
    with pytest.raises(DamagedObjectError):
        Keys(passphrase=PASSPHRASE).with_identity_of([stored], LIMITS)


def test_an_identity_object_that_was_encrypted_to_somebody_is_refused() -> None:
    with pytest.raises(DamagedObjectError, match="it was not encrypted with a passphrase"):
        Keys(passphrase=PASSPHRASE).with_identity_of([sealed(b"x")], LIMITS)


def test_an_identity_file_is_read_as_age_keygen_writes_it() -> None:
    text, recipient = new_identity_file("2026-04-16T19:39:00Z")
    assert text.startswith(f"# created: 2026-04-16T19:39:00Z\n# public key: {recipient}\nAGE-SECRET-KEY-1")
    (identity,) = identities_of(text, "key.txt")
    assert str(identity.to_public()) == recipient
    assert len(identities_of(f"{text}\n  {IDENTITY}  \n", "keys.txt")) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("# public key\n", "it is empty"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "neither a comment nor an identity"),
        (f"{RECIPIENT}\n", "neither a comment nor an identity"),
        (f"{str(IDENTITY)[:-3]}\n", "was cut off or changed"),
    ],
    ids=["nothing", "a comment", "a key of SSH", "a recipient", "one that was cut"],
)
def test_what_is_no_identity_file_is_refused_without_telling_what_it_holds(text: str, reason: str) -> None:
    with pytest.raises(InvalidIdentityError, match=reason) as caught:
        identities_of(text, "key.txt")
    assert str(IDENTITY)[20:40] not in caught.value.message
    assert caught.value.__cause__ is None


def test_keys_do_not_show_themselves() -> None:
    assert repr(Keys((IDENTITY,), PASSPHRASE)) == "Keys()"
