"""What a request says of a store, by GitLab's rules."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from offline_transfer.errors import OfflineTransferError
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.errors import InvalidStorageParameterError, MalformedStorageParameterError
from offline_transfer.storage.parameters import CONFIGURATIONS
from offline_transfer.storage.providers import Provider
from tests.storage.failures import whole_text

SECRET = "secret/of+the/tests"
AWS = {"aws_access_key_id": "AKIATEST", "aws_secret_access_key": SECRET, "region": "eu-central-1"}
COMPATIBLE = AWS | {"endpoint": "https://minio.example.com:9000"}
HMAC = {"google_storage_access_key_id": "GOOG1", "google_storage_secret_access_key": SECRET, "region": "us"}
ADC = {"google_project": "my-project-1"}
AZURE = {"azure_storage_account_name": "account", "azure_storage_access_key": "c2VjcmV0"}
DISK = {"directory": "/srv/exports"}


def private_key(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def service_account() -> dict[str, str]:
    """The file of a service account as Google writes it."""
    return {
        "type": "service_account",
        "project_id": "my-project-1",
        "private_key_id": "0123456789abcdef",
        "private_key": private_key(rsa.generate_private_key(65537, 2048)),
        "client_email": "export@my-project-1.iam.gserviceaccount.com",
        "client_id": "1",
        "auth_uri": "https://evil.example/auth",
        "token_uri": "https://evil.example/token",
        "gcs_base_url": "https://evil.example",
        "universe_domain": "evil.example",
    }


@pytest.mark.parametrize(
    ("name", "values", "bucket", "provider", "credentials"),
    [
        ("aws_s3_configuration", AWS, "bucket", Provider.AWS, AWS | {"path_style": False}),
        ("aws_s3_configuration", AWS | {"path_style": True}, "bucket", Provider.AWS, AWS | {"path_style": True}),
        ("s3_compatible_configuration", COMPATIBLE, "a.b-1", Provider.S3_COMPATIBLE, COMPATIBLE | {"path_style": True}),
        ("gcs_hmac_configuration", HMAC, "bucket", Provider.GCS_HMAC, HMAC | {"path_style": True}),
        (
            "gcs_adc_configuration",
            ADC,
            "gitlab-offline-transfer-1",
            Provider.GCS_APPLICATION_DEFAULT,
            ADC,
        ),
        ("azure_configuration", AZURE, "container", Provider.AZURE, AZURE),
    ],
)
def test_gitlabs_parameters_are_accepted_with_its_defaults(
    name: str, values: dict[str, Any], bucket: str, provider: Provider, credentials: dict[str, Any]
) -> None:
    found = StorageConfiguration.from_parameters(name, values, bucket)
    assert found == StorageConfiguration(provider=provider, bucket=bucket, credentials=credentials)


def test_a_directory_has_no_bucket() -> None:
    found = StorageConfiguration.from_parameters("disk_configuration", DISK)
    assert found == StorageConfiguration(provider=Provider.DISK, bucket="/srv/exports")
    with pytest.raises(InvalidStorageParameterError, match=r"^bucket is not valid: a directory has no bucket\."):
        StorageConfiguration.from_parameters("disk_configuration", DISK, "bucket")


def test_of_a_service_account_only_what_leads_nowhere_is_kept(service_account: dict[str, str]) -> None:
    values = {"google_project": "my-project-2", "google_json_key_string": json.dumps(service_account)}
    kept = {
        name: service_account[name] for name in ("type", "project_id", "private_key", "private_key_id", "client_email")
    }
    found = StorageConfiguration.from_parameters("gcs_configuration", values, "bucket")
    assert found.credentials == kept | {"google_project": "my-project-2"}


def test_the_kinds_of_stores_have_gitlabs_numbers() -> None:
    assert {provider.value: provider.number for provider in Provider} == {
        "aws": 0,
        "s3_compatible": 1,
        "gcs_hmac": 2,
        "gcs": 3,
        "gcs_application_default": 4,
        "azure": 100,
        "disk": 101,
    }
    assert [Provider.of_number(provider.number) for provider in Provider] == list(Provider)
    assert {model.provider for model in CONFIGURATIONS.values()} == set(Provider)


MALFORMED: list[tuple[str, object, object, str, str]] = [
    ("s3_configuration", {}, "bucket", "s3_configuration", "this is not the name of a storage configuration"),
    ("aws_s3_configuration", None, "bucket", "aws_s3_configuration", "it is not an object"),
    ("aws_s3_configuration", [AWS], "bucket", "aws_s3_configuration", "it is not an object"),
    ("aws_s3_configuration", {}, "bucket", "aws_s3_configuration[aws_access_key_id]", "it is missing"),
    ("aws_s3_configuration", AWS | {"region": 1}, "bucket", "aws_s3_configuration[region]", "it is not a text"),
    ("aws_s3_configuration", AWS | {"region": None}, "bucket", "aws_s3_configuration[region]", "it is not a text"),
    (
        "aws_s3_configuration",
        AWS | {"path_style": "perhaps"},
        "bucket",
        "aws_s3_configuration[path_style]",
        "it is neither true nor false",
    ),
    (
        "aws_s3_configuration",
        AWS | {"endpoint": "https://evil.example"},
        "bucket",
        "aws_s3_configuration[endpoint]",
        "there is no parameter of that name",
    ),
    (
        "gcs_adc_configuration",
        ADC | {"\x1b[2J": 1},
        "bucket",
        r"gcs_adc_configuration[\x1b[2J]",
        "there is no parameter of that name",
    ),
    ("aws_s3_configuration", AWS, None, "bucket", "it is missing"),
    ("aws_s3_configuration", AWS, "", "bucket", "it is missing"),
    ("aws_s3_configuration", AWS, 7, "bucket", "it is not a text"),
]


@pytest.mark.parametrize(("name", "values", "bucket", "field", "problem"), MALFORMED)
def test_what_is_absent_or_of_another_type_is_a_bad_request(
    name: str, values: object, bucket: object, field: str, problem: str
) -> None:
    with pytest.raises(MalformedStorageParameterError) as raised:
        StorageConfiguration.from_parameters(name, values, bucket)
    assert str(raised.value) == (
        f"{field} cannot be accepted: {problem}. The reference of the API has the parameters of each kind of store."
    )
    assert raised.value.http_status == 400


INVALID: list[tuple[str, dict[str, Any], str, str]] = [
    ("aws_s3_configuration", AWS | {"aws_access_key_id": "AKIA-TEST"}, "bucket", "[aws_access_key_id]"),
    ("aws_s3_configuration", AWS | {"aws_access_key_id": "A" * 129}, "bucket", "[aws_access_key_id]"),
    ("aws_s3_configuration", AWS | {"aws_access_key_id": ""}, "bucket", "[aws_access_key_id]"),
    ("aws_s3_configuration", AWS | {"aws_secret_access_key": f"{SECRET}="}, "bucket", "[aws_secret_access_key]"),
    ("aws_s3_configuration", AWS | {"aws_secret_access_key": f"{SECRET}\n"}, "bucket", "[aws_secret_access_key]"),
    ("aws_s3_configuration", AWS | {"region": "e" * 51}, "bucket", "[region]"),
    ("aws_s3_configuration", AWS | {"region": "evil.example/#"}, "bucket", "[region]"),
    ("s3_compatible_configuration", COMPATIBLE | {"aws_access_key_id": "A" * 256}, "bucket", "[aws_access_key_id]"),
    ("s3_compatible_configuration", COMPATIBLE | {"aws_access_key_id": "A\r\nX: y"}, "bucket", "[aws_access_key_id]"),
    ("s3_compatible_configuration", COMPATIBLE | {"region": "r" * 256}, "bucket", "[region]"),
    ("s3_compatible_configuration", COMPATIBLE | {"region": "a/b"}, "bucket", "[region]"),
    ("s3_compatible_configuration", COMPATIBLE | {"endpoint": f"https://{'a' * 250}.example"}, "bucket", "[endpoint]"),
    ("gcs_hmac_configuration", HMAC | {"google_storage_access_key_id": ""}, "bucket", "[google_storage_access_key_id]"),
    ("gcs_adc_configuration", {"google_project": "short"}, "gitlab-offline-transfer-1", "[google_project]"),
    ("gcs_adc_configuration", {"google_project": "1abcdefg"}, "gitlab-offline-transfer-1", "[google_project]"),
    (
        "azure_configuration",
        AZURE | {"azure_storage_account_name": "a.evil.example/"},
        "bucket",
        "[azure_storage_account_name]",
    ),
    ("azure_configuration", AZURE | {"azure_storage_access_key": f"{SECRET}!"}, "bucket", "[azure_storage_access_key]"),
    ("azure_configuration", AZURE | {"azure_storage_sas_token": "sig=1"}, "bucket", ""),
    ("azure_configuration", {"azure_storage_account_name": "account"}, "bucket", ""),
    (
        "azure_configuration",
        {"azure_storage_account_name": "account", "azure_storage_sas_token": "sv=1"},
        "bucket",
        "[azure_storage_sas_token]",
    ),
    ("disk_configuration", {"directory": "relative"}, "", "[directory]"),
    ("disk_configuration", {"directory": "/srv/\0"}, "", "[directory]"),
    ("disk_configuration", {"directory": "/" + "a" * 4096}, "", "[directory]"),
]


@pytest.mark.parametrize(("name", "values", "bucket", "part"), INVALID)
def test_what_is_out_of_its_limits_cannot_be_processed(
    name: str, values: dict[str, Any], bucket: str, part: str
) -> None:
    with pytest.raises(InvalidStorageParameterError) as raised:
        StorageConfiguration.from_parameters(name, values, bucket)
    assert str(raised.value).startswith(f"{name}{part} is not valid: ")
    assert raised.value.http_status == 422


@pytest.mark.parametrize("bucket", ["ab", "a" * 64, "Bucket", "a_b", "a/b", "-ab", "a..b", "bücket", "abc\n"])
def test_a_bucket_is_called_as_s3_wants_it(bucket: str) -> None:
    with pytest.raises(InvalidStorageParameterError, match=r"^bucket is not valid: "):
        StorageConfiguration.from_parameters("aws_s3_configuration", AWS, bucket)


@pytest.mark.parametrize("bucket", ["bucket", "gitlab-offline-transfe", "a-gitlab-offline-transfer-1"])
def test_default_credentials_open_only_buckets_that_are_called_so(bucket: str) -> None:
    with pytest.raises(InvalidStorageParameterError, match=r"^bucket is not valid: "):
        StorageConfiguration.from_parameters("gcs_adc_configuration", ADC, bucket)


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://minio.example.com",
        "minio.example.com",
        "https://key:secret@minio.example.com",
        "https://minio.example.com?a",
        "https://minio.example.com#a",
        "https://minio.example.com:0",
        "https://minio.example.com:65536",
        "https://",
        "https://minio.example.com\\@evil.example",
        "https://minio .example.com",
        "https://exämple.com",
        "https://2130706433",
        "https://0x7f000001",
        "https://0x7f.1",
        "https://127.1",
        "https://0177.0.0.1",
        "https://127.0.0.1.",
        "https://[fe80::1%25eth0]",
        "https://[::1",
        "https://-a.example",
        "https://a..b",
    ],
)
def test_an_endpoint_is_an_address_in_its_common_form(endpoint: str) -> None:
    with pytest.raises(InvalidStorageParameterError, match=r"^s3_compatible_configuration\[endpoint\] is not valid: "):
        StorageConfiguration.from_parameters(
            "s3_compatible_configuration", COMPATIBLE | {"endpoint": endpoint}, "bucket"
        )


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "of another kind": lambda key: key | {"type": "authorized_user"},
    "without a key": lambda key: key | {"private_key": None},
    "with a broken key": lambda key: key | {"private_key": key["private_key"][:-200]},
    "with a key of another kind": lambda key: (
        key | {"private_key": private_key(ec.generate_private_key(ec.SECP256R1()))}
    ),
    "with a long key": lambda key: key | {"private_key": "A" * 16385},
    "of somebody else": lambda key: key | {"client_email": "export@evil.example"},
    "of no project": lambda key: {name: value for name, value in key.items() if name != "project_id"},
    "in a list": lambda key: [key],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_service_account_that_cannot_be_used_is_refused(
    service_account: dict[str, str], change: Callable[[dict[str, Any]], object]
) -> None:
    values = {"google_project": "my-project-2", "google_json_key_string": json.dumps(change(service_account))}
    with pytest.raises(InvalidStorageParameterError) as raised:
        StorageConfiguration.from_parameters("gcs_configuration", values, "bucket")
    assert str(raised.value).startswith("gcs_configuration[google_json_key_string]")
    assert "PRIVATE" not in whole_text(raised.value)


def test_a_service_account_that_is_no_json_is_refused_as_gitlab_does() -> None:
    for text in ("{", "[" * 60_000, "\x00", "null"):
        values = {"google_project": "my-project-2", "google_json_key_string": text}
        with pytest.raises(InvalidStorageParameterError) as raised:
            StorageConfiguration.from_parameters("gcs_configuration", values, "bucket")
        assert str(raised.value) == (
            "gcs_configuration[google_json_key_string] is not valid: "
            "The Google Cloud service account key must be a valid JSON object. Correct it and ask again."
        )


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_no_message_and_no_display_contains_what_was_sent(name: str) -> None:
    texts: list[str] = []
    for field in CONFIGURATIONS[name].model_fields:
        with pytest.raises(OfflineTransferError) as raised:
            StorageConfiguration.from_parameters(name, {field: f"{SECRET}\r\n"}, SECRET)
        texts.append(whole_text(raised.value))
    assert [text for text in texts if SECRET in text] == []


def test_secrets_are_not_shown_with_a_configuration() -> None:
    found = [
        StorageConfiguration.from_parameters("s3_compatible_configuration", COMPATIBLE, "bucket"),
        CONFIGURATIONS["s3_compatible_configuration"].model_validate(COMPATIBLE),
        CONFIGURATIONS["azure_configuration"].model_validate(AZURE),
    ]
    assert [text for text in map(repr, found) if SECRET in text or "c2VjcmV0" in text or "AKIA" in text] == []
