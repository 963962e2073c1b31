"""The OpenAPI document as rows for people to read: the docs page of the server and the reference among the documents show them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

REF = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter, or one field of an answer. `path` is written as Grape does: `entities[][full_path]`."""

    path: str
    place: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint may answer."""

    status: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path."""

    name: str
    id: str
    meaning: str
    parameters: tuple[Field, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A document, to be read."""

    document: Schema

    def sections(self) -> Iterator[tuple[str, str, list[Endpoint]]]:
        """Name, meaning and endpoints of each tag."""
        for tag in self.document["tags"]:
            yield tag["name"], tag["description"], list(self._endpoints(tag["name"]))

    def objects(self) -> Iterator[tuple[str, str, list[Field]]]:
        """Name, meaning and fields of everything that answers hold."""
        for name, schema in sorted(self.document["components"]["schemas"].items()):
            yield name, schema.get("description", ""), list(self._fields(schema, "", "", goes_down=False))

    def _endpoints(self, tag: str) -> Iterator[Endpoint]:
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                if tag in operation["tags"]:
                    answers = operation["responses"].items()
                    yield Endpoint(
                        name=f"{method.upper()} {path}",
                        id=operation["operationId"],
                        meaning=" ".join(operation["description"].split()),
                        parameters=tuple(self._parameters(operation)),
                        answers=tuple(Answer(status, _content(said), said["description"]) for status, said in answers),
                    )

    def _parameters(self, operation: Schema) -> Iterator[Field]:
        for item in operation.get("parameters", []):
            yield Field(item["name"], item["in"], type_of(item["schema"]), item.get("description", ""))
        for content in operation.get("requestBody", {}).get("content", {}).values():
            yield from self._fields(content["schema"], "", "body", goes_down=True)

    def _fields(self, schema: Schema, inside: str, place: str, *, goes_down: bool) -> Iterator[Field]:
        required = schema.get("required", [])
        for name, item in schema.get("properties", {}).items():
            path = f"{inside}[{name}]" if inside else name
            kind = f"{type_of(item)}, required" if name in required and place else type_of(item)
            yield Field(path, place, kind, item.get("description", ""))
            if goes_down:
                yield from self._fields(self._resolved(item), path, place, goes_down=True)
                yield from self._fields(self._resolved(item.get("items", {})), f"{path}[]", place, goes_down=True)

    def _resolved(self, schema: Schema) -> Schema:
        name = str(schema.get("$ref", "")).removeprefix(REF)
        resolved: Schema = self.document["components"]["schemas"][name] if name else schema
        return resolved


def type_of(schema: Schema) -> str:
    """The type of a value in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REF)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(item) for item in schema["anyOf"]))
    if "const" in schema:
        return repr(schema["const"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {type_of(schema['items'])}"
    return str(schema.get("format", schema.get("type", "anything")))


def _content(response: Schema) -> str:
    return next((type_of(content.get("schema", {})) for content in response.get("content", {}).values()), "")
