"""The published schemas are schemas, say what the columns say, and refuse what they should."""

import jsonschema_rs
import pytest

from offline_transfer.relations.errors import UnknownRelationError
from offline_transfer.relations.loader import tree
from offline_transfer.relations.schema import relations, schema, schemas
from offline_transfer.types import Edition, JsonObject, JsonValue, PortableKind

EVERY = [(kind, relation) for kind in PortableKind for relation in relations(kind)]


@pytest.mark.parametrize(("kind", "relation"), EVERY, ids=[f"{kind}.{relation}" for kind, relation in EVERY])
def test_every_relation_has_a_valid_schema(kind: PortableKind, relation: str) -> None:
    jsonschema_rs.meta.validate(schema(kind, relation))


def test_a_schema_has_every_attribute_and_every_place_of_the_tree() -> None:
    for kind in PortableKind:
        for node in tree(kind).relations:
            document = schema(kind, node.name)
            places = {node.path: document, **_objects(document.get("$defs", {}))}
            for place in node.walk():
                names = {attribute.name for attribute in place.attributes} | {child.name for child in place.children}
                assert _objects(places[place.path])["properties"].keys() == names


def test_the_schema_of_labels_is_this() -> None:
    time: JsonObject = _objects(_objects(schema(PortableKind.GROUP, "labels"))["properties"])["created_at"]
    assert time["format"] == "date-time"
    properties = _objects(_objects(schema(PortableKind.GROUP, "labels"))["properties"])
    assert properties["title"] == {"type": "string"}
    assert properties["template"] == {"type": ["boolean", "null"]}
    assert properties["group_id"] == {
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": 2**63 - 1,
        "description": "The id of a group at the source; the metadata map it to a path.",
    }


@pytest.mark.parametrize(
    ("relation", "record", "is_valid"),
    [
        ("issues", {"title": "A", "iid": 1, "state": "opened"}, True),
        ("issues", {"title": "A", "iid": 1, "state": 2}, True),
        ("issues", {"title": "A", "iid": 1, "state": "17"}, True),
        ("issues", {"title": "A", "iid": 1, "state": "open"}, False),
        ("issues", {"title": "A", "iid": 1, "state": 17}, False),
        ("issues", {"title": "A", "iid": 1.5}, False),
        ("issues", {"title": "A", "iid": 2**63}, False),
        ("issues", {"title": "A", "iid": 1, "author_id": None}, True),
        ("issues", {"title": "A", "iid": 1, "author_id": "7"}, False),
        ("issues", {"title": "A", "iid": 1, "created_at": "2016-06-14T15:02:36.103Z"}, True),
        ("issues", {"title": "A", "iid": 1, "created_at": "2016-06-14 15:02:36 UTC"}, True),
        ("issues", {"title": "A", "iid": 1, "created_at": "14.6.2016"}, False),
        ("issues", {"title": "A", "iid": 1, "due_date": "2016-06-14"}, True),
        ("issues", {"title": "A", "iid": 1, "due_date": "June"}, False),
        ("issues", {"title": "A", "iid": 1, "confidential": "no"}, False),
        ("issues", {"title": "A", "iid": 1, "milestone": None, "notes": None, "events": []}, True),
        ("issues", {"title": "A", "iid": 1, "milestone": []}, False),
        ("issues", {"title": "A", "iid": 1, "label_links": [{"label": {"title": 1}}]}, False),
        ("issues", {"title": "A", "iid": 1, "something": "new"}, True),
        ("max_iids", {"issues": 3}, True),
        ("max_iids", {"issues": None}, False),
        ("self", {"name": "App", "visibility_level": 20}, True),
        ("self", {"name": 1}, False),
    ],
)
def test_records_are_judged_by_the_schema(relation: str, record: JsonObject, is_valid: bool) -> None:
    assert jsonschema_rs.Draft202012Validator(schema(PortableKind.PROJECT, relation)).is_valid(record) is is_valid


def test_a_schema_is_asked_for_by_name() -> None:
    assert schemas("issues") == schema(PortableKind.PROJECT, "issues")
    assert schemas("labels") == schema(PortableKind.PROJECT, "labels")
    assert schemas("group.labels") == schema(PortableKind.GROUP, "labels")
    assert schemas("epics") == schema(PortableKind.GROUP, "epics")


def test_all_schemas_are_printed_by_kind() -> None:
    everything = schemas()
    assert {kind: tuple(_objects(found)) for kind, found in everything.items()} == {
        "group": relations(PortableKind.GROUP),
        "project": relations(PortableKind.PROJECT),
    }


def test_an_unknown_relation_is_refused_with_the_remedy() -> None:
    with pytest.raises(UnknownRelationError, match=r"no relation `wikis`.*archive schema"):
        schemas("wikis")


def test_community_edition_has_fewer_places() -> None:
    assert "iteration" not in _objects(schema(PortableKind.PROJECT, "issues", Edition.CE)["properties"])
    assert "vulnerabilities" not in relations(PortableKind.PROJECT, Edition.CE)


def _objects(value: JsonValue) -> dict[str, JsonObject]:
    assert isinstance(value, dict)
    return value  # type: ignore[return-value]
