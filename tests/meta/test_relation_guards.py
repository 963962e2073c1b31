"""Nothing travels, and nothing stays, by accident."""

from dataclasses import replace
from importlib import resources

import pytest
import yaml
from sqlalchemy import Column, Text

from offline_transfer import relations
from offline_transfer.contributions import models as contribution_models
from offline_transfer.forge.base import Base
from offline_transfer.forge.users import PersonalAccessToken, User
from offline_transfer.relations.loader import model_tables, tree
from offline_transfer.relations.nodes import Attribute, ExclusionReason, PortableTree
from offline_transfer.relations.sensitive import listed, sensitive_keys
from offline_transfer.transfers import models as transfer_models
from offline_transfer.types import Edition, JsonObject, PortableKind
from tests.meta import relation_guards as guards

TREES = [tree(kind, edition) for kind in PortableKind for edition in Edition]
PROJECT = tree(PortableKind.PROJECT)


def outside() -> dict[str, str]:
    reasons: dict[str, str] = yaml.safe_load(resources.files(relations).joinpath("outside.yml").read_text("utf-8"))
    return reasons


def models() -> list[type[Base]]:
    found = model_tables()
    # Only models of imported modules are in the registry.
    assert transfer_models.OfflineExport.__name__ in found
    assert contribution_models.SourceUser.__name__ in found
    return list(found.values())


def with_relation(name: str, **changes: object) -> PortableTree:
    """The project tree with one relation of the first level changed."""
    node = replace(PROJECT.relation(name), **changes)  # type: ignore[arg-type]
    children = tuple(node if child.name == name else child for child in PROJECT.relations)
    return replace(PROJECT, root=replace(PROJECT.root, children=children))


def test_every_column_in_a_tree_travels_or_stays_for_a_reason() -> None:
    assert guards.unclassified_columns(TREES) == []


def test_a_column_that_nobody_classified_is_noticed() -> None:
    labels = PROJECT.relation("labels")
    excluded = {name: reason for name, reason in labels.excluded.items() if name != "id"}
    assert guards.unclassified_columns([with_relation("labels", excluded=excluded)]) == [
        "project.yml: `labels` says nothing about the column `id` of labels: add it to `included`, or to `excluded` under its"
        " reason"
    ]


def test_no_attribute_is_included_and_excluded() -> None:
    assert guards.contradictions(TREES) == []


def test_an_attribute_that_is_included_and_excluded_is_noticed() -> None:
    assert guards.contradictions([with_relation("labels", excluded={"title": ExclusionReason.KEY})]) == [
        "project.yml: `labels` both includes and excludes `title`: take one away"
    ]


def test_every_model_that_refers_to_what_travels_is_in_a_tree_or_outside_for_a_reason() -> None:
    assert guards.models_outside(TREES, models(), outside()) == []


def test_a_model_that_nobody_placed_is_noticed() -> None:
    reasons = {name: reason for name, reason in outside().items() if name != "PersonalAccessToken"}
    assert guards.models_outside(TREES, models(), {**reasons, "User": "no"}) == [
        "outside.yml: the model PersonalAccessToken refers to rows that travel, and is in no tree: put it into project.yml or"
        " group.yml, or say in outside.yml why nothing is lost without it",
        "outside.yml: User is in a tree, refers to nothing that travels, or is no model: remove its line",
    ]
    assert guards.models_outside(TREES, [User, PersonalAccessToken], {}) != []


def test_nothing_that_looks_like_a_secret_travels_without_a_reason() -> None:
    assert guards.sensitive_attributes(TREES, listed()) == []


@pytest.mark.parametrize(
    "attribute",
    [
        Attribute("runners_token", None),
        Attribute("note", None, method="note_html"),
        Attribute("harmless", Column[object]("encrypted_value", Text)),
    ],
)
def test_a_secret_that_travels_is_noticed(attribute: Attribute) -> None:
    changed = with_relation("labels", attributes=(*PROJECT.relation("labels").attributes, attribute))
    assert guards.sensitive_attributes([PROJECT, changed], listed()) == [
        f"project.yml: `labels` includes `labels.{attribute.name}`, which looks like a secret: exclude it as `secret` or"
        " `rendered`, or list it in sensitive.yml with the reason why it may travel"
    ]


def test_a_listed_secret_that_does_not_travel_is_noticed() -> None:
    assert guards.sensitive_attributes(TREES, [*listed(), "labels.token"]) == [
        "sensitive.yml: `labels.token` does not travel: remove its line"
    ]


def test_sensitive_keys_are_found_at_any_depth() -> None:
    record: JsonObject = {
        "title": "a",
        "description_html": "<p>",
        "notes": [{"note": "b", "runners_token": "c", "position": {"Secret": 1, "deep": [{"passphrase": 2}]}}],
    }
    assert list(sensitive_keys(PROJECT.relation("issues"), record)) == [
        "description_html",
        "notes.runners_token",
        "notes.position.Secret",
        "notes.position.deep.passphrase",
    ]


def test_listed_keys_are_sensitive_elsewhere() -> None:
    record: JsonObject = {"key": "team", "value": "blue"}
    assert list(sensitive_keys(PROJECT.relation("custom_attributes"), record)) == []
    assert list(sensitive_keys(PROJECT.relation("labels"), record)) == ["key"]


def test_no_relation_refers_to_one_below_it() -> None:
    assert guards.backward_references(TREES) == []


def test_a_reference_to_a_later_relation_is_noticed() -> None:
    first, *others = PROJECT.relations
    assert first.name == "labels"
    moved = replace(PROJECT, root=replace(PROJECT.root, children=(*others, first)))
    assert guards.backward_references([moved])[0] == (
        "project.yml: `issues.label_links.label` refers to records of `labels`, which stands below it: move that above, since"
        " the file is the order of import"
    )
