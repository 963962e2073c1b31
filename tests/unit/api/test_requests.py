"""What requests may say. The texts are those of Grape, which clients of GitLab know."""

from collections.abc import Mapping
from typing import Any

import pytest

from offline_transfer.api.errors import InvalidParametersError
from offline_transfer.api.requests import ExportParameters, RetryParameters, StoreParameters, storage_of
from offline_transfer.api.validation import Parameters, checked
from offline_transfer.storage.errors import InvalidStorageParameterError
from offline_transfer.storage.parameters import CONFIGURATIONS
from offline_transfer.storage.providers import Provider

MINIO = {
    "aws_access_key_id": "MINIO_ACCESS_KEY",
    "aws_secret_access_key": "MINIO_SECRET_KEY",
    "region": "gdk",
    "endpoint": "http://127.0.0.1:9000",
    "path_style": True,
}
GOOD: Mapping[str, Any] = {
    "bucket": "offline-transfer-export",
    "s3_compatible_configuration": MINIO,
    "entities": [{"full_path": "gitlab-org"}, {"full_path": "flightjs/Flight"}],
}
ALL = (
    "aws_s3_configuration, s3_compatible_configuration, gcs_configuration, gcs_hmac_configuration, gcs_adc_configuration,"
    " azure_configuration, disk_configuration"
)


def refused(said: Mapping[str, Any], model: type[Parameters] = ExportParameters) -> str:
    with pytest.raises(InvalidParametersError) as caught:
        checked(model, dict(said))
    return caught.value.message


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name not in names}


def test_the_request_of_the_worker_document_is_understood() -> None:
    said = checked(ExportParameters, dict(GOOD))
    assert [entity.full_path for entity in said.entities] == ["gitlab-org", "flightjs/Flight"]
    assert [(entity.skip_relations, entity.include_descendants) for entity in said.entities] == [([], True)] * 2
    storage = storage_of(dict(GOOD))
    assert (storage.provider, storage.bucket) == (Provider.S3_COMPATIBLE, "offline-transfer-export")
    assert storage.credentials == MINIO


def test_every_configuration_of_a_store_is_a_parameter() -> None:
    fields = {name: field.annotation for name, field in StoreParameters.model_fields.items() if name != "bucket"}
    assert fields == dict(CONFIGURATIONS)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, f"entities is missing, bucket is missing, {ALL} are missing, exactly one parameter must be provided"),
        (without("bucket"), "bucket is missing"),
        (without("entities"), "entities is missing"),
        (without("s3_compatible_configuration"), f"{ALL} are missing, exactly one parameter must be provided"),
        (
            {**GOOD, "gcs_adc_configuration": {"google_project": "a-project"}},
            "s3_compatible_configuration, gcs_adc_configuration are mutually exclusive",
        ),
        (
            {**GOOD, "s3_compatible_configuration": {"region": "gdk"}},
            "s3_compatible_configuration[aws_access_key_id] is missing, s3_compatible_configuration[aws_secret_access_key] is"
            " missing, s3_compatible_configuration[endpoint] is missing",
        ),
        ({**GOOD, "s3_compatible_configuration": None}, "s3_compatible_configuration is invalid"),
        ({**GOOD, "s3_compatible_configuration": []}, "s3_compatible_configuration is invalid"),
        (
            {**GOOD, "s3_compatible_configuration": {**MINIO, "region": 1, "path_style": "perhaps"}},
            "s3_compatible_configuration[region] is invalid, s3_compatible_configuration[path_style] is invalid",
        ),
        (
            {**GOOD, "s3_compatible_configuration": {**MINIO, "token_uri": "http://evil.example.com"}},
            "s3_compatible_configuration[token_uri] is not a known parameter",
        ),
        ({**GOOD, "bucket": 12}, "bucket is invalid"),
        ({**GOOD, "bucket": None}, "bucket is invalid"),
        ({**GOOD, "bucket": ""}, "bucket is empty"),
        ({**GOOD, "entities": "gitlab-org"}, "entities is invalid"),
        ({**GOOD, "entities": {"full_path": "gitlab-org"}}, "entities is invalid"),
        ({**GOOD, "entities": ["gitlab-org"]}, "entities[0] is invalid"),
        ({**GOOD, "entities": [{"full_path": "a"}, {}]}, "entities[1][full_path] is missing"),
        ({**GOOD, "entities": [{"full_path": 1}]}, "entities[0][full_path] is invalid"),
        (
            {**GOOD, "entities": [{"full_path": "a", "skip_relations": "issues"}]},
            "entities[0][skip_relations] is invalid",
        ),
        (
            {**GOOD, "entities": [{"full_path": "a", "include_descendants": "yes"}]},
            "entities[0][include_descendants] is invalid",
        ),
        ({**GOOD, "encryption": {"recipients": ["a"] * 101}}, "encryption[recipients] has too many elements"),
        ({**GOOD, "encription": {"passphrase": "x"}}, "encription is not a known parameter"),
        ({**GOOD, "a\x1b\u2028": 1}, r"a\x1b\u2028 is not a known parameter"),
        (
            {**GOOD, "encryption": {}},
            "encryption[recipients], encryption[passphrase] are missing, at least one parameter must be provided",
        ),
        ({**GOOD, "encryption": {"recipients": []}}, "encryption[recipients] is empty"),
        ({**GOOD, "encryption": None}, "encryption is invalid"),
        ({**GOOD, "batch_size": 0}, "batch_size does not have a valid value"),
        ({**GOOD, "batch_size": 100_001}, "batch_size does not have a valid value"),
        ({**GOOD, "batch_size": 10**60}, "batch_size does not have a valid value"),
        ({**GOOD, "batch_size": "10"}, "batch_size is invalid"),
        ({**GOOD, "batch_size": True}, "batch_size is invalid"),
        ({**GOOD, "source_hostname": "x" * 5000}, "source_hostname is too long"),
    ],
)
def test_a_request_that_is_not_in_shape_is_refused(said: Mapping[str, Any], problem: str) -> None:
    assert refused(said) == problem


def test_only_so_many_problems_are_told() -> None:
    assert refused({**GOOD, **{f"x{number}": 1 for number in range(500)}}).count("is not a known parameter") == 20


def test_limits_of_a_store_are_another_question_than_its_shape() -> None:
    said = {**GOOD, "s3_compatible_configuration": {**MINIO, "region": ""}}
    assert checked(ExportParameters, said).bucket == "offline-transfer-export"
    with pytest.raises(InvalidStorageParameterError, match=r"s3_compatible_configuration\[region\]"):
        storage_of(said)


def test_a_directory_has_no_bucket() -> None:
    said = {**without("bucket", "s3_compatible_configuration"), "disk_configuration": {"directory": "/srv/exports"}}
    checked(ExportParameters, said)
    assert storage_of(said).bucket == "/srv/exports"


def test_a_retry_needs_no_store_and_takes_a_whole_one() -> None:
    checked(RetryParameters, {})
    checked(RetryParameters, without("entities"))
    assert (
        refused({"bucket": "a-bucket"}, RetryParameters) == f"{ALL} are missing, exactly one parameter must be provided"
    )
    assert refused(GOOD, RetryParameters) == "entities is not a known parameter"


def test_a_passphrase_is_not_shown() -> None:
    said = checked(ExportParameters, {**GOOD, "encryption": {"passphrase": "correct horse battery staple"}})
    assert "correct horse" not in repr(said)
    assert "MINIO_SECRET_KEY" not in repr(said)
