"""Puts objects into the place of an export."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Final

from offline_transfer.archive import tarball
from offline_transfer.archive.checksums import write_checksums
from offline_transfer.archive.encryption import PLAIN, Envelope
from offline_transfer.archive.keys import CHECKSUMS_KEY, SIGNATURE_KEY, ExportPrefix, ObjectKey
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.objects import Measurement, ObjectStream
from offline_transfer.archive.signature import SigningKey
from offline_transfer.archive.tarball import Member
from offline_transfer.storage.location import Location
from offline_transfer.storage.sources import from_bytes, from_start
from offline_transfer.storage.store import Source

SPOOL_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Spool:
    """An object as it will be stored, which is whole and has not gone to the store."""

    file: IO[bytes]
    measurement: Measurement


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that the store has taken."""

    measurement: Measurement
    has_rival: bool = False
    """Whether other bytes were sent before, all of them, of which the store gave no good answer: they may come late."""


@dataclass(slots=True)
class Sent:
    """How often a store was sent objects, or a part of one."""

    times: int = 0

    def counting(self, source: Source) -> Source:
        """The same source, which is called once each time that its object is sent."""

        def count() -> Iterable[bytes]:
            self.times += 1
            return source()

        return count


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the objects of one export go, and what they are put into before."""

    place: Location
    prefix: ExportPrefix
    envelope: Envelope = PLAIN
    sent: Sent = field(default_factory=Sent, compare=False)
    """Counts what is sent there of relations."""

    @property
    def top(self) -> str:
        """The prefix in the store below which everything of the export lies."""
        return self.place.key(str(self.prefix))

    def key(self, relative: ObjectKey | str) -> str:
        """The key in the store of an object, which may have an ending that its envelope gives it."""
        return f"{self.plain_key(relative)}{self.envelope.suffix}"

    def plain_key(self, relative: ObjectKey | str) -> str:
        """The key in the store of what is never put into an envelope, and of any name below the top."""
        return self.place.key(self.prefix.key(relative))

    def relative(self, key: str) -> str:
        """The name below the top of a key in the store: the reverse of `plain_key`."""
        return key.removeprefix(f"{self.top}/")

    @contextmanager
    def spooled(self, content: Iterable[bytes]) -> Iterator[Spool]:
        """Compress content that exists once, put it into its envelope, and keep it aside: in memory while it is small, then in a
        file without a name.

        So the database need not wait for the store, and the store may try again and gets the same bytes: an envelope gives other
        ones each time, and an attempt that was given up may come late and replace the one that counts.
        """
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as file:
            stream = ObjectStream(content, self.envelope)
            for block in stream:
                file.write(block)
            yield Spool(file, stream.measurement)

    def put(self, relative: ObjectKey | str, spool: Spool) -> Stored:
        """Put an object there."""
        self.place.store.put(self.key(relative), self.sent.counting(from_start(spool.file)))
        return Stored(spool.measurement)

    def put_content(self, relative: ObjectKey | str, content: Iterable[bytes]) -> Stored:
        """The same for content that exists once."""
        with self.spooled(content) as spool:
            return self.put(relative, spool)

    def put_plain(self, relative: str, content: Iterable[bytes]) -> None:
        """Put content that exists once there as it is."""
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as file:
            for block in content:
                file.write(block)
            self.place.store.put(self.plain_key(relative), from_start(file))

    def put_sums(self, sums: Iterable[tuple[str, str]], signing_key: SigningKey | None) -> None:
        """Put `SHA256SUMS` there, pairs of stored keys and hashes, with its signature if there is a key to sign with."""
        with tempfile.TemporaryFile() as file:
            for line in write_checksums(sums):
                file.write(line)
            self.place.store.put(self.plain_key(CHECKSUMS_KEY), from_start(file))
            if signing_key is not None:
                self.place.store.put(self.plain_key(SIGNATURE_KEY), from_bytes(signing_key.sign(file)))

    def put_tar(self, relative: ObjectKey, members: Callable[[], Iterable[Member]], limits: Limits) -> Stored:
        """Put a compressed tar there. `members` is asked anew for every attempt of the store."""
        source = _TarSource(members, self.envelope, limits, str(relative))
        self.place.store.put(self.key(relative), self.sent.counting(source))
        return source.stored


class _TarSource:
    """A source whose attempts are measured: files change meanwhile, and an envelope gives other bytes each time."""

    def __init__(self, members: Callable[[], Iterable[Member]], envelope: Envelope, limits: Limits, name: str) -> None:
        self._members = members
        self._envelope = envelope
        self._limits = limits
        self._name = name
        self._attempts: list[ObjectStream] = []

    def __call__(self) -> Iterable[bytes]:
        self._attempts.append(ObjectStream(tarball.write(self._members(), self._limits, self._name), self._envelope))
        return self._attempts[-1]

    @property
    def stored(self) -> Stored:
        *earlier, last = self._attempts
        # What was not sent to its end can never become an object.
        rivals = {attempt.measurement.sha256 for attempt in earlier if attempt.has_ended}
        return Stored(last.measurement, has_rival=bool(rivals - {last.measurement.sha256}))
