"""Real object stores for tests: `rclone serve s3` and `moto`, each on a free port of 127.0.0.1.

Import the fixtures into the `conftest.py` of the tests that need them. A client that we did not write (boto3) makes the buckets and
looks at what lies in them.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO, Any, Final
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from offline_transfer.storage.buckets import Connection, GcsBucket, S3Bucket
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.types import JsonObject
from tests.support.certificates import Certificates, make_certificates

REGION: Final = "us-east-1"
CLOUDS: Final = (f"s3.{REGION}.amazonaws.com", "storage.googleapis.com", "testaccount.blob.core.windows.net")
"""Where the clouds are, as far as tests stand in for them."""
_ADDRESS: Final = re.compile(r"https?://127\.0\.0\.1:\d+")
_PATH: Final = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))


@dataclass(frozen=True, slots=True)
class S3Server:
    """A server that speaks S3, and one pair of credentials for it."""

    endpoint: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    authority: Path | None = None

    def client(self) -> Any:
        """A client of boto3, whose methods it makes at run time."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            verify=None if self.authority is None else str(self.authority),
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def new_bucket(self) -> S3Bucket:
        """A new empty bucket."""
        name = f"test-{uuid4().hex}"
        self.client().create_bucket(Bucket=name)
        return self.bucket(name)

    def bucket(self, name: str) -> S3Bucket:
        """How to reach the bucket of that name, whether it exists or not."""
        return S3Bucket(
            bucket=name,
            region=REGION,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
            endpoint=self.endpoint,
            connection=Connection(allow_http=True),
        )

    def configuration(self, bucket: str, *, endpoint: str | None = None) -> StorageConfiguration:
        """What a request says to have something written into a bucket, here or behind another endpoint."""
        return StorageConfiguration.from_parameters("s3_compatible_configuration", self.parameters(endpoint), bucket)

    def parameters(self, endpoint: str | None = None) -> JsonObject:
        """The `s3_compatible_configuration` of such a request."""
        return {
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "region": REGION,
            "endpoint": endpoint or self.endpoint,
        }

    def environment(self) -> dict[str, str]:
        """The variables with which the command line reaches this server, besides `--s3-endpoint`."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_REGION": REGION,
        }


@dataclass(frozen=True, slots=True)
class GcsServer:
    """A server without accounts that speaks the XML protocol of Google Cloud Storage, which for our operations is that of S3."""

    endpoint: str

    def credentials(self) -> str:
        """The text of a service account's file that leads to this server without a log-in."""
        fields = ("client_email", "private_key", "private_key_id")
        empty = ", ".join(f'"{name}": ""' for name in fields)
        return f'{{"type": "service_account", "gcs_base_url": "{self.endpoint}", "disable_oauth": true, {empty}}}'

    def new_bucket(self) -> GcsBucket:
        """A new empty bucket."""
        name = f"test-{uuid4().hex}"
        S3Server(self.endpoint, "any", "any").client().create_bucket(Bucket=name)
        return GcsBucket(bucket=name, credentials=self.credentials(), connection=Connection(allow_http=True))


@pytest.fixture(scope="session")
def rclone_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """`rclone serve s3` over a directory. It checks signatures."""
    key = ("AKIATESTRCLONE", "rclone-secret-of-the-tests")
    directory = tmp_path_factory.mktemp("rclone")
    with _running(_rclone(directory, "--auth-key", ",".join(key)), directory) as endpoint:
        yield S3Server(endpoint, *key)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Of a server that is reached as this machine, as `store.example`, and as the clouds.

    Its authority is its own: clients trust it that are made while SSL_CERT_FILE names `authority`.
    """
    return make_certificates(tmp_path_factory.mktemp("certificates"), "127.0.0.1", "store.example", *CLOUDS)


@pytest.fixture(scope="session")
def tls_server(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[S3Server]:
    """`rclone serve s3` over https."""
    key = ("AKIATESTTLS", "tlsSecretOfTheTests")
    directory = tmp_path_factory.mktemp("tls")
    files = ("--cert", str(certificates.server), "--key", str(certificates.key))
    with _running(_rclone(directory, "--auth-key", ",".join(key), *files), directory) as endpoint:
        yield S3Server(endpoint, *key, certificates.authority)


@pytest.fixture(scope="session")
def tls_gcs_server(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[S3Server]:
    """The same without accounts, which takes any log-in: what is signed for Google is not signed as for S3."""
    directory = tmp_path_factory.mktemp("tls_gcs")
    files = ("--cert", str(certificates.server), "--key", str(certificates.key))
    with _running(_rclone(directory, *files), directory) as endpoint:
        yield S3Server(endpoint, "any", "any", certificates.authority)


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The S3 of moto, an implementation that shares nothing with rclone's. It accepts all signatures."""
    directory = tmp_path_factory.mktemp("moto")
    with _running((_program("moto_server"), "-H", "127.0.0.1", "-p", "0"), directory) as endpoint:
        yield S3Server(endpoint, "AKIATESTMOTO", "moto-secret-of-the-tests")


@pytest.fixture(scope="session")
def gcs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcsServer]:
    """`rclone serve s3` without accounts, for the protocol of Google Cloud Storage."""
    directory = tmp_path_factory.mktemp("gcs")
    with _running(_rclone(directory), directory) as endpoint:
        yield GcsServer(endpoint)


def _rclone(directory: Path, *options: str) -> Sequence[str]:
    program = (_program("rclone"), "--config", os.devnull)
    return (*program, "serve", "s3", "--addr", "127.0.0.1:0", *options, str(directory))


def _program(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        pytest.fail(f"{name} is absent: install the development dependencies, `pip install -e '.[dev]'`")
    return found


@contextmanager
def _running(command: Sequence[str], home: Path) -> Iterator[str]:
    """Run a server until the end; gives the address that it prints when it is ready."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": _PATH, "HOME": str(home)},
    )
    with process:
        try:
            assert process.stdout is not None
            endpoint = _address(process.stdout)
            # What is printed later must be read, or the server stops at a full pipe.
            Thread(target=deque, args=(process.stdout, 0), daemon=True).start()
            yield endpoint
        finally:
            process.terminate()


def _address(output: IO[str]) -> str:
    printed = []
    for line in output:
        printed.append(line)
        if found := _ADDRESS.search(line):
            return found[0]
    raise AssertionError("the server ended before it was ready: " + "".join(printed))
