"""Stores that somebody named: kept, opened and asked whether they are there."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from offline_transfer.storage.configuration import Origin, StorageConfiguration
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.errors import (
    BucketInaccessibleError,
    DirectoryNotAllowedError,
    DirectoryNotSeenError,
    InvalidLocationError,
)
from offline_transfer.storage.location import Location
from offline_transfer.storage.providers import Provider
from offline_transfer.storage.sources import from_bytes
from offline_transfer.storage.store import ObjectInfo, exists
from tests.storage.azure import ACCOUNT, KEY, AzureServer
from tests.storage.conftest import LOCAL
from tests.storage.failures import whole_text
from tests.storage.hostile import answering, closed_port, response
from tests.support.s3 import REGION, S3Server


def policy_to(endpoint: str) -> tuple[EgressPolicy, set[tuple[str, int]]]:
    """A policy under which every name leads to one server of ours, and the names that were asked for."""
    asked: set[tuple[str, int]] = set()

    def resolver(host: str, port: int) -> Sequence[tuple[str, int]]:
        asked.add((host, port))
        return [("127.0.0.1", urlsplit(endpoint).port or 0)]

    return EgressPolicy(allow_loopback=True, resolver=resolver), asked


def require_works(location: Location) -> None:
    """Writes, lists, reads and deletes."""
    store = location.store
    store.put("a/key", from_bytes(b"contents"))
    assert list(store.list("a")) == [ObjectInfo("a/key", 8)]
    assert b"".join(store.blocks("a/key", start=3)) == b"tents"
    store.delete("a/key")
    assert not exists(store, "a/key")


def trust(monkeypatch: pytest.MonkeyPatch, server: S3Server) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))


def test_aws_is_where_its_region_says(tls_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(monkeypatch, tls_server)
    policy, asked = policy_to(tls_server.endpoint)
    values = {**tls_server.parameters(), "path_style": True}
    del values["endpoint"]
    bucket = tls_server.new_bucket().bucket
    require_works(StorageConfiguration.from_parameters("aws_s3_configuration", values, bucket).open(policy))
    assert asked == {("s3.us-east-1.amazonaws.com", 443)}


def test_an_hmac_key_of_google_opens_its_storage_alone(tls_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(monkeypatch, tls_server)
    policy, asked = policy_to(tls_server.endpoint)
    values = {
        "google_storage_access_key_id": tls_server.access_key_id,
        "google_storage_secret_access_key": tls_server.secret_access_key,
        "region": REGION,
    }
    bucket = tls_server.new_bucket().bucket
    require_works(StorageConfiguration.from_parameters("gcs_hmac_configuration", values, bucket).open(policy))
    assert asked == {("storage.googleapis.com", 443)}


def test_a_service_account_opens_googles_storage_alone(
    tls_gcs_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, tls_gcs_server)
    policy, asked = policy_to(tls_gcs_server.endpoint)
    key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    account = {
        "type": "service_account",
        "project_id": "my-project-1",
        "private_key": key.decode(),
        "client_email": "export@my-project-1.iam.gserviceaccount.com",
        "token_uri": "https://evil.example/token",
        "gcs_base_url": "https://evil.example",
    }
    values = {"google_project": "my-project-1", "google_json_key_string": json.dumps(account)}
    bucket = tls_gcs_server.new_bucket().bucket
    require_works(StorageConfiguration.from_parameters("gcs_configuration", values, bucket).open(policy))
    assert asked == {("storage.googleapis.com", 443)}


@pytest.mark.parametrize(
    "secret", [{"azure_storage_access_key": KEY}, {"azure_storage_sas_token": "?sv=2022-11-02&sp=rwdl&sig=c2ln%3D"}]
)
def test_azure_is_where_its_account_says(
    secret: dict[str, str], tls_azure_server: AzureServer, tls_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, tls_server)
    policy, asked = policy_to(f"https://127.0.0.1:{tls_azure_server.server_port}")
    values = {"azure_storage_account_name": ACCOUNT, **secret}
    container = tls_azure_server.new_container().container
    require_works(StorageConfiguration.from_parameters("azure_configuration", values, container).open(policy))
    assert asked == {("testaccount.blob.core.windows.net", 443)}


def test_azure_may_be_elsewhere_where_that_is_allowed(azure_server: AzureServer) -> None:
    container = azure_server.new_container()
    values = {
        "azure_storage_account_name": ACCOUNT,
        "azure_storage_access_key": KEY,
        "endpoint": container.endpoint,
    }
    require_works(StorageConfiguration.from_parameters("azure_configuration", values, container.container).open(LOCAL))


@pytest.mark.parametrize(
    ("region", "host"),
    [("eu-central-1", "s3.eu-central-1.amazonaws.com"), ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn")],
)
@pytest.mark.parametrize("is_path_style", [False, True])
def test_a_bucket_of_aws_is_a_part_of_the_host_unless_somebody_wants_it_in_the_path(
    region: str, host: str, is_path_style: bool
) -> None:
    policy, asked = policy_to(f"https://127.0.0.1:{closed_port()}")
    values = {"aws_access_key_id": "AKIATEST", "aws_secret_access_key": "secret", "region": region}
    if is_path_style:
        values["path_style"] = "true"
    found = StorageConfiguration.from_parameters("aws_s3_configuration", values, "bucket")
    with pytest.raises(BucketInaccessibleError):
        found.test_connection(policy)
    assert asked == {(host if is_path_style else f"bucket.{host}", 443)}


def test_a_bucket_of_another_store_may_be_a_part_of_the_host() -> None:
    requests: list[bytes] = []
    with answering(response("200 OK"), requests) as server:
        policy, asked = policy_to(server.endpoint or "")
        values = S3Server("http://store.example:9000", "AKIATEST", "secret").parameters() | {"path_style": False}
        found = StorageConfiguration.from_parameters("s3_compatible_configuration", values, "bucket")
        allowed = EgressPolicy(
            allow_s3_compatible=True, allow_plain_http=True, allow_loopback=True, resolver=policy.resolver
        )
        found.open(allowed).store.size("a/key")
    assert asked == {("bucket.store.example", 9000)}
    assert requests[0].startswith(b"HEAD /a/key HTTP/1.1\r\n")
    assert b"host: bucket.store.example:9000\r\n" in requests[0].lower()


KEPT: dict[str, tuple[str, Mapping[str, Any], str | None]] = {
    "aws": (
        "aws_s3_configuration",
        {"aws_access_key_id": "AKIATEST", "aws_secret_access_key": "secret", "region": "eu-north-1"},
        "bucket",
    ),
    "azure": (
        "azure_configuration",
        {"azure_storage_account_name": "account", "azure_storage_access_key": "c2VjcmV0"},
        "container",
    ),
    "disk": ("disk_configuration", {"directory": "/srv/exports"}, None),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_configuration_is_kept_in_two_halves(name: str) -> None:
    found = StorageConfiguration.from_parameters(*KEPT[name])
    secret = found.to_secret_json()
    assert StorageConfiguration.from_secret_json(secret, provider=found.provider, bucket=found.bucket) == found
    assert json.loads(secret) == {"origin": "request", "credentials": dict(found.credentials)}


def test_what_is_typed_is_kept_with_all_that_opens_it(rclone_server: S3Server) -> None:
    bucket = rclone_server.new_bucket().bucket
    environment = {**rclone_server.environment(), "AWS_SESSION_TOKEN": "", "HTTP_PROXY": "http://user:secret@proxy"}
    typed = StorageConfiguration.from_location(f"s3://{bucket}/a", environment, rclone_server.endpoint)
    assert (typed.provider, typed.bucket, typed.prefix, typed.origin) == (
        Provider.S3_COMPATIBLE,
        bucket,
        "a",
        Origin.COMMAND_LINE,
    )
    assert typed.describe() == f"s3://{bucket}/a"
    kept = StorageConfiguration.from_secret_json(
        typed.to_secret_json(), provider=typed.provider, bucket=typed.bucket, prefix=typed.prefix
    )
    assert kept == typed
    location = kept.open(EgressPolicy())
    location.store.put(location.key("key"), from_bytes(b"1"))
    assert list(location.store.list()) == [ObjectInfo("a/key", 1)]


def test_the_proxy_of_a_network_is_kept_with_what_is_typed() -> None:
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": "s",
        "HTTPS_PROXY": "http://u:secret@proxy",
    }
    typed = StorageConfiguration.from_location("s3://bucket", environment)
    assert typed.credentials["proxy_url"] == "http://u:secret@proxy"
    assert "secret" not in repr(typed)


def test_what_is_in_memory_cannot_be_kept() -> None:
    with pytest.raises(InvalidLocationError, match=r"^What is in memory cannot be found by another process\."):
        StorageConfiguration.from_location("memory://name", {})


@pytest.mark.parametrize(
    ("name", "values", "bucket", "description"),
    [(*KEPT["aws"], "s3://bucket"), (*KEPT["azure"], "az://container"), (*KEPT["disk"], "/srv/exports")],
)
def test_a_configuration_describes_itself(name: str, values: object, bucket: object, description: str) -> None:
    assert StorageConfiguration.from_parameters(name, values, bucket).describe() == description


class TestConnection:
    """A store is asked before anything depends on it."""

    def test_a_bucket_that_is_there_is_accessible(self, rclone_server: S3Server) -> None:
        bucket = rclone_server.new_bucket().bucket
        rclone_server.configuration(bucket).test_connection(LOCAL)
        assert list(rclone_server.configuration(bucket).open(LOCAL).store.list()) == []

    def test_an_absent_bucket_is_not(self, rclone_server: S3Server) -> None:
        with pytest.raises(BucketInaccessibleError) as raised:
            rclone_server.configuration("absent-bucket").test_connection(LOCAL)
        assert str(raised.value) == (
            f"Unable to access object storage bucket. s3://absent-bucket at {rclone_server.endpoint} does not exist, or its"
            " credentials may not see it. Create it first, or correct its name."
        )
        assert raised.value.http_status == 422

    def test_nor_is_one_with_other_credentials(self, rclone_server: S3Server) -> None:
        bucket = rclone_server.new_bucket().bucket
        other = S3Server(rclone_server.endpoint, rclone_server.access_key_id, "wrong-secret-of-the-tests")
        with pytest.raises(
            BucketInaccessibleError, match=r"bucket\. s3://test-\w+ at http\S+ refused access to "
        ) as raised:
            other.configuration(bucket).test_connection(LOCAL)
        hidden = ("wrong-secret", rclone_server.access_key_id, "Signature", "<Code>")
        assert [text for text in hidden if text in whole_text(raised.value)] == []

    def test_nor_is_one_where_nobody_listens(self) -> None:
        nowhere = S3Server(f"http://127.0.0.1:{closed_port()}", "AKIATEST", "secret")
        with pytest.raises(BucketInaccessibleError, match="did not answer"):
            nowhere.configuration("bucket").test_connection(LOCAL)

    def test_nor_is_one_where_nobody_may_go(self) -> None:
        closed = EgressPolicy(allow_s3_compatible=True)
        nowhere = S3Server("https://169.254.169.254", "AKIATEST", "secret")
        with pytest.raises(BucketInaccessibleError, match="is at the address at which a cloud hands out credentials"):
            nowhere.configuration("bucket").test_connection(closed)

    def test_nothing_is_left_in_a_directory(self, tmp_path: Path) -> None:
        policy = EgressPolicy(disk_roots=(tmp_path,))
        directory(tmp_path / "team").test_connection(policy)
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    def test_a_file_is_no_directory(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(BucketInaccessibleError, match=r"^Unable to access object storage bucket\. "):
            directory(tmp_path / "file").test_connection(EgressPolicy(disk_roots=(tmp_path,)))


def directory(path: Path) -> StorageConfiguration:
    return StorageConfiguration.from_parameters("disk_configuration", {"directory": str(path)})


class TestDirectories:
    """A directory lies below one that an administrator allows, and is the same one on every machine."""

    def test_one_below_a_root_is_a_place_in_the_store_of_the_root(self, tmp_path: Path) -> None:
        policy = EgressPolicy(disk_roots=(Path("/nowhere"), tmp_path))
        for path, prefix in ((tmp_path / "a" / "b", "a/b"), (tmp_path, ""), (tmp_path / "a" / ".." / "c", "c")):
            location = directory(path).open(policy)
            assert (location.store.describe(), location.prefix) == (str(tmp_path), prefix)

    @pytest.mark.parametrize("path", ["/etc", "/", "{root}/../other", "{root}-2", "{root}/link", "{root}/link/deeper"])
    def test_one_elsewhere_is_refused(self, path: str, tmp_path: Path) -> None:
        root, other = tmp_path / "root", tmp_path / "other"
        root.mkdir()
        other.mkdir()
        (root / "link").symlink_to(other)
        with pytest.raises(DirectoryNotAllowedError) as raised:
            directory(Path(path.format(root=root))).open(EgressPolicy(disk_roots=(root,)))
        assert str(raised.value).endswith(
            "does not lie below a directory that exports may be written to. Ask an administrator which are allowed."
        )
        with pytest.raises(DirectoryNotAllowedError):
            directory(root).open(EgressPolicy())

    def test_a_link_that_is_put_in_the_way_later_is_not_followed(self, tmp_path: Path) -> None:
        root, other = tmp_path / "root", tmp_path / "other"
        (root / "a").mkdir(parents=True)
        other.mkdir()
        location = directory(root / "a").open(EgressPolicy(disk_roots=(root,)))
        (root / "a").rmdir()
        (root / "a").symlink_to(other)
        with pytest.raises(Exception, match="is a symbolic link, and only regular files and directories are accepted"):
            location.store.put(location.key("key"), from_bytes(b"1"))
        assert list(other.iterdir()) == []

    def test_a_root_may_be_a_link_itself(self, tmp_path: Path) -> None:
        (tmp_path / "disk").mkdir()
        (tmp_path / "root").symlink_to(tmp_path / "disk")
        location = directory(tmp_path / "root" / "a").open(EgressPolicy(disk_roots=(tmp_path / "root",)))
        location.store.put(location.key("key"), from_bytes(b"1"))
        assert (tmp_path / "disk" / "a" / "key").read_bytes() == b"1"

    def test_one_that_is_typed_may_be_anywhere(self, tmp_path: Path) -> None:
        typed = StorageConfiguration.from_location(str(tmp_path / "a"), {})
        location = typed.open(EgressPolicy())
        assert (typed.bucket, location.store.describe(), location.prefix) == (
            str(tmp_path / "a"),
            str(tmp_path / "a"),
            "",
        )

    def test_a_machine_that_does_not_see_it_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        root = tmp_path / "root"
        root.mkdir()
        policy = EgressPolicy(disk_roots=(root,))
        proven = directory(root / "a").with_proof(policy)
        kept = StorageConfiguration.from_secret_json(
            proven.to_secret_json(), provider=proven.provider, bucket=proven.bucket
        )
        assert kept.open(policy).prefix == "a"
        monkeypatch.setattr("offline_transfer.storage.disk_roots.node", lambda: "worker-2")
        root.rename(tmp_path / "not mounted here")
        root.mkdir()
        with pytest.raises(DirectoryNotSeenError) as raised:
            kept.open(policy)
        assert str(raised.value) == (
            f"worker-2 does not see in {root} what was left there when it was asked for. Mount the same file system,"
            " then try again."
        )
        assert raised.value.retryable

    def test_the_proof_is_removed_at_the_end(self, tmp_path: Path) -> None:
        policy = EgressPolicy(disk_roots=(tmp_path,))
        proven = directory(tmp_path / "a").with_proof(policy)
        assert len(list(tmp_path.iterdir())) == 1
        proven.remove_proof(policy)
        proven.remove_proof(policy)
        assert list(tmp_path.iterdir()) == []

    def test_buckets_need_no_proof(self, rclone_server: S3Server) -> None:
        found = rclone_server.configuration("bucket")
        assert found.with_proof(LOCAL) is found
        found.remove_proof(LOCAL)
