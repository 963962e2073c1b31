"""The stores that the tests of this directory run against."""

from pathlib import Path

import pytest

from offline_transfer.storage.buckets import MemoryBucket
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.faults import FaultyStore
from offline_transfer.storage.objects import BucketStore
from offline_transfer.storage.retry import RetryingStore
from offline_transfer.storage.store import Store
from tests.storage.azure import AzureServer, azure_server
from tests.support.s3 import GcsServer, S3Server, gcs_server, moto_server, rclone_server

__all__ = ["azure_server", "gcs_server", "moto_server", "rclone_server"]


@pytest.fixture
def disk(tmp_path: Path) -> DiskStore:
    """A store in a directory that does not exist yet."""
    return DiskStore(tmp_path / "store")


@pytest.fixture
def memory() -> BucketStore:
    """An empty store in memory."""
    return BucketStore(MemoryBucket("test"))


@pytest.fixture
def rclone(rclone_server: S3Server) -> BucketStore:
    """An empty bucket of rclone."""
    return BucketStore(rclone_server.new_bucket())


@pytest.fixture
def moto(moto_server: S3Server) -> BucketStore:
    """An empty bucket of moto."""
    return BucketStore(moto_server.new_bucket())


@pytest.fixture
def gcs(gcs_server: GcsServer) -> BucketStore:
    """An empty bucket, reached as one of Google Cloud Storage."""
    return BucketStore(gcs_server.new_bucket())


@pytest.fixture
def azure(azure_server: AzureServer) -> BucketStore:
    """An empty container of Azure's protocol."""
    return BucketStore(azure_server.new_container())


@pytest.fixture
def wrapped(tmp_path: Path) -> RetryingStore:
    """A store in all wrappers, none of which has anything to do."""
    return RetryingStore(FaultyStore(DiskStore(tmp_path / "store")), sleep=lambda _: None)


STORES = ("memory", "disk", "rclone", "moto", "gcs", "azure", "wrapped")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Store:
    """Every store in turn, empty."""
    found: Store = request.getfixturevalue(request.param)
    return found
