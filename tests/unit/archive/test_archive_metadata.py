"""Metadata: what is written, what GitLab's own exports say, and what is refused."""

import itertools
import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_transfer.archive.errors import (
    InvalidMetadataError,
    LimitExceededError,
    UnsupportedFormatVersionError,
    UnsupportedSourceVersionError,
)
from offline_transfer.archive.keys import EntityPrefix, ExportPrefix
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.metadata import Metadata
from offline_transfer.types import PortableKind

NAME = "metadata.json.gz"
GITLAB: dict[str, Any] = {
    "instance_version": "19.3.0-pre",
    "instance_enterprise": True,
    "export_prefix": "2026-04-16_19-39-00_export_dJtnb3CV",
    "source_hostname": "https://gitlab.example.com",
    "entities_mapping": {"top": "group_1", "top/sub.group": "group_2", "top/sub.group/app": "project_7"},
}


def read(values: object) -> Metadata:
    return Metadata.parse([orjson.dumps(values)], Limits(), NAME)


metadata = st.builds(
    Metadata,
    export_prefix=st.builds(ExportPrefix, st.from_regex(r"[a-z0-9_-]{1,40}", fullmatch=True)),
    source_hostname=st.sampled_from(["https://gitlab.example.com", "http://10.0.0.1:8080", "https://[::1]", "plant-7"]),
    entities_mapping=st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_.-]{0,10}(/[a-z][a-z0-9_.-]{0,10}){0,2}", fullmatch=True),
        st.builds(EntityPrefix, st.sampled_from(PortableKind), st.integers(1, 1000)),
        max_size=4,
    ).filter(lambda mapping: len(set(mapping.values())) == len(mapping)),
    instance_version=st.sampled_from(["19.0.0", "19.3.0-pre", "20.11.4-ee"]),
    instance_enterprise=st.booleans(),
    source_ghost_user_id=st.none() | st.integers(1, 2**63 - 1),
    batched=st.none() | st.booleans(),
    format_version=st.none() | st.just(1),
    generator=st.none() | st.just("another program 2"),
)


@given(metadata)
def test_metadata_survive_with_the_order_of_the_mapping(written: Metadata) -> None:
    found = Metadata.parse([written.to_json()], Limits(), NAME)
    assert found == written
    assert list(found.entities_mapping) == list(written.entities_mapping)


def test_gitlabs_own_metadata_are_read() -> None:
    assert read({**GITLAB, "source_ghost_user_id": 3}) == Metadata(
        export_prefix=ExportPrefix("2026-04-16_19-39-00_export_dJtnb3CV"),
        source_hostname="https://gitlab.example.com",
        entities_mapping={
            "top": EntityPrefix(PortableKind.GROUP, 1),
            "top/sub.group": EntityPrefix(PortableKind.GROUP, 2),
            "top/sub.group/app": EntityPrefix(PortableKind.PROJECT, 7),
        },
        instance_version="19.3.0-pre",
        instance_enterprise=True,
        source_ghost_user_id=3,
        batched=None,
        format_version=None,
        generator=None,
    )


def test_the_design_documents_tag_stands_for_the_prefix() -> None:
    values = {key: value for key, value in GITLAB.items() if key != "export_prefix"}
    found = read({**values, "export_tag": "export_2025-09-18_1hrwkrv", "batched": True})
    assert (found.export_prefix, found.export_tag, found.batched) == (
        ExportPrefix("export_2025-09-18_1hrwkrv"),
        "export_2025-09-18_1hrwkrv",
        True,
    )


def test_unknown_keys_are_passed_over() -> None:
    assert read({**GITLAB, "exported_by": {"deep": [1, None]}}) == read(GITLAB)


def test_a_slash_after_the_hostname_means_nothing() -> None:
    assert read({**GITLAB, "source_hostname": "https://gitlab.example.com/"}) == read(GITLAB)


@pytest.mark.parametrize(
    "key", ["instance_version", "instance_enterprise", "export_prefix", "source_hostname", "entities_mapping"]
)
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(
        InvalidMetadataError, match=f"^metadata.json.gz is not the metadata of an export: `{key}`: it is missing"
    ):
        read({name: value for name, value in GITLAB.items() if name != key})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("instance_version", 19.3),
        ("instance_version", "19.3"),
        ("instance_version", "19.3.0\n"),
        ("instance_version", "19.3.0-\x1b[2J"),
        ("instance_version", "١٩.3.0"),
        ("instance_enterprise", "true"),
        ("instance_enterprise", 1),
        ("instance_enterprise", None),
        ("export_prefix", 5),
        ("export_prefix", "../other"),
        ("export_prefix", "a\x01b"),
        ("export_tag", "another"),
        ("source_hostname", "gitlab example"),
        ("source_hostname", "-source"),
        ("source_hostname", "https://user:secret@gitlab.example.com"),
        ("source_hostname", "https://gitlab.example.com/path"),
        ("source_hostname", "javascript://gitlab.example.com"),
        ("source_hostname", "https://gitlab.example.com?x=1"),
        ("source_hostname", "https://gitlab.example.com\n"),
        ("source_hostname", "https://"),
        ("source_hostname", "https://-"),
        ("source_hostname", ["https://gitlab.example.com"]),
        ("batched", "yes"),
        ("entities_mapping", []),
        ("entities_mapping", {"": "group_1"}),
        ("entities_mapping", {"/top": "group_1"}),
        ("entities_mapping", {"top/": "group_1"}),
        ("entities_mapping", {"top//sub": "group_1"}),
        ("entities_mapping", {"..": "group_1"}),
        ("entities_mapping", {"top/../sub": "group_1"}),
        ("entities_mapping", {"top/.": "group_1"}),
        ("entities_mapping", {"-top": "group_1"}),
        ("entities_mapping", {"to p": "group_1"}),
        ("entities_mapping", {"top\n": "group_1"}),
        ("entities_mapping", {"tóp": "group_1"}),
        ("entities_mapping", {"x" * 256: "group_1"}),
        ("entities_mapping", {"/".join("x" * 32): "group_1"}),
        ("entities_mapping", {"top": "user_1"}),
        ("entities_mapping", {"top": "group_1/../.."}),
        ("entities_mapping", {"top": 1}),
        ("entities_mapping", {"top": None}),
        ("entities_mapping", {"top": "group_1", "Top": "group_2"}),
        ("entities_mapping", {"top": "group_1", "other": "group_1"}),
        ("source_ghost_user_id", "3"),
        ("source_ghost_user_id", 0),
        ("source_ghost_user_id", 2**63),
        ("source_ghost_user_id", True),
        ("source_ghost_user_id", 3.0),
        ("format_version", "1"),
        ("format_version", 0),
        ("generator", "x" * 201),
        ("generator", "a\nb"),
    ],
)
def test_a_hostile_value_is_refused_by_its_key(key: str, value: object) -> None:
    with pytest.raises(InvalidMetadataError, match=f": `{key}`: ") as caught:
        read({**GITLAB, key: value})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("document", [b"", b"[]", b"null", b"{", b'{"a":"\\u0000"}', b"\x1f\x8b", b'{"a":' * 200])
def test_what_is_no_json_object_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidMetadataError, match=r"^metadata\.json\.gz is not the metadata of an export: it "):
        Metadata.parse([document], Limits(), NAME)


def test_metadata_without_end_are_refused() -> None:
    with pytest.raises(LimitExceededError, match="raise the limit `metadata_bytes`"):
        Metadata.parse(itertools.repeat(b" " * 1000), Limits(metadata_bytes=5000), NAME)


@pytest.mark.parametrize("version", ["18.11.7", "17.0.0-ee", "9.5.0"])
def test_a_source_that_is_too_old_is_refused_naming_both_versions(version: str) -> None:
    with pytest.raises(UnsupportedSourceVersionError, match=f"by GitLab {re.escape(version)}; .* is 19.0.0"):
        read({**GITLAB, "instance_version": version})


def test_a_later_source_is_accepted() -> None:
    assert read({**GITLAB, "instance_version": "20.1.0-ee"}).instance_version == "20.1.0-ee"


def test_a_later_format_is_refused_naming_both_versions() -> None:
    with pytest.raises(UnsupportedFormatVersionError, match="format version 2; this program reads versions up to 1"):
        read({**GITLAB, "format_version": 2})
