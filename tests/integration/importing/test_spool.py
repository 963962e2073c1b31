"""What an import needs for a while lies below the data directory, where a sweep finds it when the import has died."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from offline_transfer.importing.source import FileMember
from tests.support.crafted_bundles import CraftedBundle
from tests.support.importing import Destination, RecordsObject, RecordsSource


@dataclass(frozen=True, slots=True)
class BundleObject(RecordsObject):
    """A repository of one commit, which looks around while it is read."""

    data_dir: Path = Path()
    bundle: bytes = b""
    seen: list[str] = field(default_factory=list)

    @property
    def records(self) -> int | None:
        """Nothing is announced."""
        return None

    @contextmanager
    def members(self) -> Iterator[Iterator[FileMember]]:
        """The one bundle."""

        def blocks() -> Iterator[bytes]:
            yield self.bundle
            self.seen.extend(sorted(path.name for path in (self.data_dir / "spool").rglob("*") if path.is_file()))

        yield iter([FileMember("repository.bundle", 0, blocks())])


@dataclass(frozen=True, slots=True)
class BundleSource(RecordsSource):
    """A project with that repository."""

    bundle: BundleObject = BundleObject(1, "repository", ())

    def objects(self, relation: str) -> Sequence[RecordsObject]:
        """The bundle, and nothing else."""
        return [self.bundle] if relation == "repository" else []


def test_a_bundle_is_spooled_below_the_data_directory_and_gone_afterwards(destination: Destination) -> None:
    crafted = CraftedBundle()
    written = crafted.write(destination.directory / "b", [(crafted.plain_commit(), b"refs/heads/main")])
    bundle = BundleObject(1, "repository", (), destination.directory, written.read_bytes())
    row = destination.run(BundleSource(bundle=bundle))
    assert destination.accounting(row).paths["repository"].imported == 1
    assert "bundle" in bundle.seen
    assert list((destination.directory / "spool").iterdir()) == []
