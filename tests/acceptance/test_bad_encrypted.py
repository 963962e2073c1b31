"""Whatever refuses a plain archive refuses an encrypted and signed one, too, before a row is written."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from offline_transfer.archive.encryption import Keys, identities_of
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.errors import ExitStatus
from offline_transfer.storage.disk import DiskStore
from offline_transfer.verify.reader import Archive
from tests.acceptance.conftest import Prepared
from tests.acceptance.program import Instance, Program
from tests.acceptance.test_bad_archives import DAMAGES, OBJECTS

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("workers_here")]

Attack = Callable[[Path, Path], None]


class Journey:
    """An encrypted and signed archive on its way, and what its receiver has."""

    def __init__(self, program: Program, instance: Instance, archive: Path, directory: Path) -> None:
        self.program = program
        self.instance = instance
        self.directory = directory
        self.key, self.sign = directory / "destination.key", directory / "source.key"
        recipient = program.run("keygen", "--output", self.key).ok().out.strip()
        program.run("keygen", "--signing", "--output", self.sign).ok()
        self.seal = ("--encrypt-to", recipient, "--sign", self.sign)
        self.archive = directory / "disk" / archive.name
        program.run("archive", "copy", archive, self.archive, *self.seal).ok()
        self.keys = Keys(identities_of(self.key.read_text(), "key"))

    @property
    def public(self) -> tuple[object, ...]:
        return ("--public-key", f"{self.sign}.pub")

    @property
    def required(self) -> tuple[object, ...]:
        return ("--require-signature", f"{self.sign}.pub")

    def mapping(self) -> dict[str, str]:
        """The entities of the archive and their directories."""
        with Archive(DiskStore(self.archive.parent), ExportPrefix(self.archive.name), keys=self.keys) as opened:
            return {path: str(prefix) for path, prefix in opened.metadata.entities_mapping.items()}

    def refused(self, *words: object) -> str:
        """The import is refused, and says why; nothing was written."""
        before = self.instance.rows()
        message = self.instance.run("import", self.archive, "--all", "", "--identity", self.key, *words)
        assert self.instance.rows() == before
        return message.refused(ExitStatus.BAD_INPUT)

    def seen_by_the_carrier(self) -> set[str]:
        """Which files the carrier finds wrong, with the public key alone."""
        verify = ("archive", "verify", self.archive, *self.public, "--require-signature", "--json")
        findings = self.program.run(*verify).ended(ExitStatus.BAD_INPUT).json["findings"]
        return {finding["where"] for finding in findings if finding["kind"] != "unchecked"}


@pytest.fixture
def journey(settled: Prepared, archive: Path, program: Program, tmp_path: Path) -> Journey:
    return Journey(program, settled.shared(program), archive, tmp_path)


def test_a_damaged_object_refuses_the_import_and_is_named(journey: Journey) -> None:
    prefixes = journey.mapping()
    for entity, name in OBJECTS:
        key = f"{prefixes[entity]}/{name}.age"
        content = (journey.archive / key).read_bytes()
        for damage in DAMAGES:
            (journey.archive / key).write_bytes(damage(content))
            assert f"is damaged, and nothing was imported: {key}: " in journey.refused(), damage
        assert journey.seen_by_the_carrier() == {key}
        (journey.archive / key).write_bytes(content)


@pytest.mark.parametrize("name", ["metadata.json.gz.age", "manifest.json.gz.age"])
def test_a_damaged_description_refuses_everything(journey: Journey, name: str) -> None:
    content = (journey.archive / name).read_bytes()
    for damage in DAMAGES:
        (journey.archive / name).write_bytes(damage(content))
        assert journey.refused().startswith(f"{name} is "), damage


def swap(archive: Path, _older: Path) -> None:
    one, other = (next(archive.glob(f"project_*/{name}.json.gz.age")) for name in ("self", "max_iids"))
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def mix(archive: Path, older: Path) -> None:
    """Half of the objects come from another export."""
    for path in sorted(older.glob("project_*/*.age"))[::2]:
        shutil.copy(path, archive / path.relative_to(older))


def roll_back(archive: Path, older: Path) -> None:
    """The manifest of another export, with its checksums and their signature, all genuine."""
    for name in ("manifest.json.gz.age", "SHA256SUMS", "SHA256SUMS.sig"):
        shutil.copy(older / name, archive / name)


def take_out(archive: Path, _older: Path) -> None:
    next(archive.glob("project_*/issues/batch_1.ndjson.gz.age")).unlink()


def put_in(archive: Path, _older: Path) -> None:
    path = next(archive.glob("project_*/issues/batch_1.ndjson.gz.age"))
    shutil.copy(path, path.with_name("batch_77.ndjson.gz.age"))


def lay_beside(archive: Path, _older: Path) -> None:
    (next(archive.glob("project_*")) / "self.json.gz").write_bytes(b"plain")


ATTACKS: Final[tuple[Attack, ...]] = (swap, mix, roll_back, take_out, put_in, lay_beside)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_refuses_the_import_and_is_seen_by_the_carrier(
    journey: Journey, archive: Path, tmp_path: Path, attack: Attack
) -> None:
    older = tmp_path / "older" / archive.name
    journey.program.run("archive", "copy", archive, older, *journey.seal).ok()
    attack(journey.archive, older)
    journey.refused()
    assert journey.seen_by_the_carrier()


def test_an_archive_of_somebody_else_to_the_same_recipient_is_refused_by_its_signature(
    journey: Journey, archive: Path, tmp_path: Path
) -> None:
    shutil.rmtree(journey.archive)
    forger = tmp_path / "forger.key"
    journey.program.run("keygen", "--signing", "--output", forger).ok()
    journey.program.run("archive", "copy", archive, journey.archive, *journey.seal[:2], "--sign", forger).ok()
    assert "none of the given public keys belongs to it" in journey.refused(*journey.required)
    assert journey.seen_by_the_carrier() == {"SHA256SUMS.sig"}


def test_a_plain_archive_in_its_place_is_refused_by_its_signature(journey: Journey, archive: Path) -> None:
    shutil.rmtree(journey.archive)
    shutil.copytree(archive, journey.archive)
    assert journey.refused().startswith(f"The archive at {journey.archive} is not encrypted, ")
    said = journey.instance.run("import", journey.archive, "--all", "", *journey.required).refused(ExitStatus.BAD_INPUT)
    assert "the archive is not signed" in said


def test_another_key_opens_nothing(journey: Journey) -> None:
    other = journey.directory / "other.key"
    journey.program.run("keygen", "--output", other).ok()
    before = journey.instance.rows()
    outcome = journey.instance.run("import", journey.archive, "--all", "", "--identity", other)
    assert outcome.refused(ExitStatus.BAD_INPUT).startswith("None of the given keys opens metadata.json.gz.age.")
    assert journey.instance.run("import", journey.archive, "--all", "").status == ExitStatus.USAGE
    assert journey.instance.rows() == before
