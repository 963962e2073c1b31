"""The stores that the tests of this directory run against."""

from pathlib import Path

import pytest

from offline_transfer.storage.buckets import MemoryBucket
from offline_transfer.storage.configuration import ASKING
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.objects import BucketStore
from offline_transfer.storage.retry import RetryingStore
from offline_transfer.storage.store import Store
from tests.storage.azure import AzureServer, azure_server, tls_azure_server
from tests.support.faulty_store import FaultyStore
from tests.support.s3 import (
    GcsServer,
    S3Server,
    certificates,
    gcs_server,
    moto_server,
    rclone_server,
    tls_gcs_server,
    tls_server,
)

__all__ = [
    "azure_server",
    "certificates",
    "gcs_server",
    "moto_server",
    "rclone_server",
    "tls_azure_server",
    "tls_gcs_server",
    "tls_server",
]


LOCAL = EgressPolicy(allow_s3_compatible=True, allow_plain_http=True, allow_loopback=True)
"""What lets requests name the servers of these tests."""


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


@pytest.fixture
def policed(rclone_server: S3Server) -> Store:
    """An empty bucket of rclone as a request names it, behind the proxy."""
    bucket = rclone_server.new_bucket().bucket
    return rclone_server.configuration(bucket).open(LOCAL, patience=ASKING).store


@pytest.fixture
def tunnelled(tls_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The same over https."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_server.authority))
    bucket = tls_server.new_bucket().bucket
    return tls_server.configuration(bucket).open(LOCAL, patience=ASKING).store


STORES = ("memory", "disk", "rclone", "moto", "gcs", "azure", "wrapped", "policed", "tunnelled")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Store:
    """Every store in turn, empty."""
    found: Store = request.getfixturevalue(request.param)
    return found
