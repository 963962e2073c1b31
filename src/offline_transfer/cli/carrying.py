"""Opens what `archive copy` names, and copies it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from offline_transfer.archive.encryption import PLAIN, Encryption, recipients_of
from offline_transfer.archive.errors import KeyNeededError
from offline_transfer.archive.signature import SigningKey
from offline_transfer.carrying import copy as copying
from offline_transfer.carrying import recode as recoding
from offline_transfer.carrying.copy import Carriage
from offline_transfer.carrying.errors import NotEncryptedError
from offline_transfer.carrying.plan import Place
from offline_transfer.cli import keys, output, places
from offline_transfer.verify.carried import Carried
from offline_transfer.verify.reader import Archive

_OF_DESTINATION: Final = "TO_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A copy as it is typed."""

    source: str
    destination: str
    s3_endpoint: str | None
    to_s3_endpoint: str | None
    limits: Sequence[str] | None
    identities: Sequence[Path] | None
    passphrase_file: Path | None
    public_keys: Sequence[Path] | None
    signing_key_file: Path | None

    def signing_key(self) -> SigningKey | None:
        """The key to sign with."""
        return None if self.signing_key_file is None else SigningKey.of_file(self.signing_key_file)

    def target(self) -> Place:
        """Where the archive shall lie. Variables with `TO_` in front come before those without."""
        own = {
            name.removeprefix(_OF_DESTINATION): value
            for name, value in os.environ.items()
            if name.startswith(_OF_DESTINATION)
        }
        store, prefix = places.archive_place(self.destination, self.to_s3_endpoint, {**os.environ, **own})
        return Place(store=store, prefix=prefix)

    @contextmanager
    def opened(self) -> Iterator[Archive]:
        """The archive, which one of those who are named has to have signed."""
        opening = keys.keys_of(self.identities, self.passphrase_file)
        with places.open_archive(self.source, self.s3_endpoint, self.limits, opening) as archive:
            if signers := keys.public_keys_of(self.public_keys):
                archive.require_signature(signers)
            yield archive

    @contextmanager
    def carried(self) -> Iterator[Carried]:
        """The same, where nobody here has a key to it."""
        with places.open_carried(self.source, self.s3_endpoint, self.limits) as carried:
            if signers := keys.public_keys_of(self.public_keys):
                carried.require_signature(signers)
            yield carried


def copy(journey: Journey) -> Carriage:
    """Copy an archive as it is."""
    signing_key = journey.signing_key()
    store, prefix = places.archive_place(journey.source, journey.s3_endpoint)
    source, target = Place(store=store, prefix=prefix), journey.target()
    with ExitStack() as stack:
        archive: Archive | Carried
        try:
            archive = stack.enter_context(journey.opened())
        except KeyNeededError:
            archive = stack.enter_context(journey.carried())
        progress = stack.enter_context(_progress())
        return copying.copy(source, archive, target, signing_key=signing_key, progress=progress)


def recode(journey: Journey, recipients: Sequence[str] | None) -> Carriage:
    """Copy an archive encrypted to recipients, or without encryption."""
    signing_key = journey.signing_key()
    envelope = Encryption(recipients_of(recipients)) if recipients else PLAIN
    with journey.opened() as archive, _progress() as progress:
        if not recipients and not archive.is_encrypted:
            raise NotEncryptedError(where=archive.where)
        return recoding.recode(archive, journey.target(), envelope, signing_key=signing_key, progress=progress)


@contextmanager
def _progress() -> Iterator[copying.Progress]:
    with output.progress_of_bytes() as shown:
        task = shown.add_task("Copying", total=None)

        def update(name: str, done: int, total: int) -> None:
            shown.update(task, description=output.printable(name), completed=done, total=total)

        yield update
