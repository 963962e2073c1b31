"""Which keys look as if they held a secret, and which of them travel all the same."""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib import resources

import yaml

from offline_transfer.relations.attributes import SENSITIVE_WORDS
from offline_transfer.relations.nodes import RelationNode
from offline_transfer.types import JsonValue


@cache
def listed() -> Mapping[str, str]:
    """The attributes of `sensitive.yml`, as `<table>.<attribute>`, with their reasons."""
    found: Mapping[str, str] = yaml.safe_load(resources.files(__package__).joinpath("sensitive.yml").read_text("utf-8"))
    return found


@lru_cache(maxsize=8192)
def looks_sensitive(name: str) -> bool:
    """Whether a name contains a word that belongs to secrets, or to HTML that is never trusted."""
    return any(word in name.lower() for word in SENSITIVE_WORDS)


@lru_cache(maxsize=8192)
def _is_suspect(table: str, name: str) -> bool:
    return looks_sensitive(name) and f"{table}.{name}" not in listed()


def is_listed(node: RelationNode, name: str) -> bool:
    """Whether the attribute travels with a reason."""
    return f"{node.table.name}.{name}" in listed()


def sensitive_keys(node: RelationNode, record: JsonValue) -> Iterator[str]:
    """The dotted paths of the keys of a record, at any depth, that look sensitive and are not listed.

    Records of relations below it are looked at as theirs; keys inside the value of an attribute are never listed.
    """
    children = {child.name: child for child in node.children}
    for item in record if isinstance(record, list) else [record]:
        for key, value in item.items() if isinstance(item, dict) else ():
            if _is_suspect(node.table.name, key):
                yield key
            found = sensitive_keys(children[key], value) if key in children else _suspect(value)
            yield from (f"{key}.{inner}" for inner in found)


def _suspect(value: JsonValue) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        for key, inner in item.items() if isinstance(item, dict) else ():
            if looks_sensitive(key):
                yield key
            yield from (f"{key}.{name}" for name in _suspect(inner))
