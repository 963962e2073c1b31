"""The OpenAPI document, the page that shows it, and schemathesis, which makes requests of it to find where we do otherwise."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance

from docs import api_page
from offline_transfer.api import bulk_imports, openapi
from offline_transfer.api.app import routed_app
from offline_transfer.api.exports import Sort, Status
from offline_transfer.transfers.states import EntityState, ExportState, ImportState
from tests.support.api import Api

FORBIDDEN_IN_PAGES = ("http://", "https://", "<script", "src=")


def document(api: Api) -> dict[str, Any]:
    """What the server gives."""
    found: dict[str, Any] = api.client().get("/openapi.json").json()
    return found


def test_the_document_is_no_secret_and_says_how_to_sign_in(api: Api) -> None:
    found = document(api)
    assert found["info"]["title"] == "offline-transfer"
    assert found["components"]["securitySchemes"] == {
        "PrivateToken": {"type": "apiKey", "in": "header", "name": "PRIVATE-TOKEN"},
        "Bearer": {"type": "http", "scheme": "bearer"},
    }
    for path, operations in found["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == path.startswith("/api/v4")
            assert operation["description"]


@pytest.mark.parametrize("path", ["/offline_exports", "/offline_imports"])
def test_secrets_are_only_ever_written(api: Api, path: str) -> None:
    """Each parameter that is named like a secret says so, and no field of an answer is one."""
    found = document(api)
    body = found["paths"][f"/api/v4{path}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    secret = {
        name: field.get("writeOnly", False)
        for configuration in body["properties"].values()
        for name, field in configuration.get("properties", {}).items()
        if "secret" in name or "json_key" in name
    }
    assert set(secret) == {"aws_secret_access_key", "google_json_key_string", "google_storage_secret_access_key"}
    assert set(secret.values()) == {True}
    for shape in ("Export", "BulkImport", "ImportedEntity", "Failure"):
        fields = json.dumps(sorted(found["components"]["schemas"][shape]["properties"]))
        assert not any(word in fields for word in ("secret", "key", "passphrase", "recipient", "identit"))
    opening = found["components"]["schemas"]["DecryptionParameters"]["properties"]
    assert {name: field["writeOnly"] for name, field in opening.items()} == {"identities": True, "passphrase": True}


def test_every_state_can_be_asked_for() -> None:
    assert set(get_args(Status)) == {state.name for state in ExportState}
    assert set(get_args(Sort)) == {"asc", "desc"}
    of_imports = set(get_args(bulk_imports.Status))
    assert of_imports == {state.name for state in ImportState} == {state.name for state in EntityState}


def test_the_page_shows_every_endpoint_and_loads_nothing(api: Api) -> None:
    answer = api.client().get("/docs")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    for name in api_page.endpoints():
        assert f"<code>{name}</code>" in answer.text
    assert "entities[][full_path]" in answer.text
    assert not any(word in answer.text.split("</head>")[0] for word in FORBIDDEN_IN_PAGES)
    assert "<script" not in answer.text


@pytest.fixture(scope="module")
def token(api: Api) -> str:
    """An administrator's."""
    return api.person("root", admin=True).token


DOCUMENT = openapi.document(routed_app())
OPERATIONS = [(path, method.upper()) for path, operations in DOCUMENT["paths"].items() for method in operations]
FEW = settings(max_examples=6, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def described() -> Any:
    """The document for schemathesis."""
    return schemathesis.openapi.from_dict(DOCUMENT)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_requests_that_are_made_of_the_document_are_answered_as_it_says(
    api: Api, token: str, described: Any, path: str, method: str
) -> None:
    """Requests as it describes them, and others that it forbids."""
    operation = described[path][method]
    # What is well-formed can still name a store that is not there, or a group that nobody knows.
    excluded = [] if method == "GET" else [positive_data_acceptance]

    @FEW
    @given(case=operation.as_strategy())
    def as_described(case: Any) -> None:
        case.call_and_validate(base_url=api.address, headers={"PRIVATE-TOKEN": token}, excluded_checks=excluded)

    @FEW
    @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def as_forbidden(case: Any) -> None:
        case.call_and_validate(base_url=api.address, headers={"PRIVATE-TOKEN": token})

    as_described()
    if method == "POST" or "{" in path:
        as_forbidden()


def test_an_answer_that_is_not_as_the_document_says_is_noticed(api: Api, token: str) -> None:
    lie = copy.deepcopy(DOCUMENT)
    lie["components"]["schemas"]["Version"]["properties"]["version"] = {"type": "integer"}
    case = schemathesis.openapi.from_dict(lie)["/api/v4/version"]["GET"].Case()
    with pytest.raises(FailureGroup, match="Response violates schema"):
        case.call_and_validate(base_url=api.address, headers={"PRIVATE-TOKEN": token})


@pytest.mark.slow
def test_schemathesis_finds_nothing(api: Api, token: str, tmp_path: Path) -> None:
    """The program itself, with all that it knows to try."""
    words = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{api.address}/api/v4/openapi.json",
        f"--header=PRIVATE-TOKEN: {token}",
        "--max-examples=100",
        "--max-time=120",
        "--seed=1",
        "--exclude-checks=positive_data_acceptance",
        "--suppress-health-check=all",
    ]
    run = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
