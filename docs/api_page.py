"""The page of the REST API, made from the same OpenAPI document that the server gives."""

from collections.abc import Iterator

from docs.tables import table
from offline_transfer.api import openapi
from offline_transfer.api.app import routed_app
from offline_transfer.api.reference import Reference


def reference() -> Reference:
    """What the server says of itself."""
    return Reference(openapi.document(routed_app()))


def endpoints() -> list[str]:
    """Every endpoint as `METHOD path`."""
    return [endpoint.name for _, _, found in reference().sections() for endpoint in found]


def lines() -> Iterator[str]:
    """The page below its introduction."""
    for tag, meaning, found in reference().sections():
        yield from (f"## {tag}", "", meaning, "")
        for endpoint in found:
            yield from (f"### `{endpoint.name}`", "", endpoint.meaning, "")
            if endpoint.parameters:
                given = [(f"`{item.path}`", item.place, item.type, item.meaning) for item in endpoint.parameters]
                yield from (*table(("parameter", "in", "type", "meaning"), given), "")
            answers = [(item.status, item.type, item.meaning) for item in endpoint.answers]
            yield from (*table(("status", "answer", "when"), answers), "")
    yield from ("## Objects", "")
    for name, meaning, fields in reference().objects():
        rows = [(f"`{item.path}`", item.type, item.meaning) for item in fields]
        yield from (f"### {name}", "", " ".join(meaning.split()), "", *table(("field", "type", "meaning"), rows), "")
