"""What clients send about imports: GitLab's parameters, and ours."""

from collections.abc import Iterator
from typing import Final, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from offline_transfer.api.requests import (
    LONGEST_TEXT,
    StoreParameters,
    may_be_absent,
    one_store,
    optional,
)
from offline_transfer.api.validation import Parameters, none_of, not_exactly_one
from offline_transfer.archive.encryption import Keys, identities_of
from offline_transfer.importing.request import Everything, Wanted
from offline_transfer.storage.parameters import CONFIGURATIONS
from offline_transfer.types import JsonObject, PortableKind

WANTED: Final = ("entities", "import_all")
DECRYPTIONS: Final = ("identities", "passphrase")
MOST_WANTED: Final = 10_000
MOST_IDENTITIES: Final = 100
MOST_SKIPPED: Final = 200

_OF_STORES: Final = ("bucket", *CONFIGURATIONS)
_KINDS: Final = {"group_entity": PortableKind.GROUP, "project_entity": PortableKind.PROJECT}


def _secret(schema: JsonDict) -> None:
    may_be_absent(schema)
    schema["writeOnly"] = True


def _somebody_who_reads(schema: JsonDict) -> None:
    schema["anyOf"] = [{"required": [name]} for name in DECRYPTIONS]


def _one_store_and_one_choice(schema: JsonDict) -> None:
    store: JsonDict = {}
    one_store(store)
    schema["allOf"] = [store, {"oneOf": [{"required": [name]} for name in WANTED]}]


class ImportEntityParameters(Parameters):
    """A group or project to import."""

    source_type: Literal["group_entity", "project_entity"] = Field(description="What it is at the source.")
    source_full_path: str = Field(
        min_length=1, max_length=LONGEST_TEXT, description="Its full path at the source.", examples=["source/full/path"]
    )
    destination_namespace: str = Field(
        max_length=LONGEST_TEXT,
        description="The group to import it into; empty is the root, where groups alone can be.",
        examples=["destination/namespace"],
    )
    destination_slug: str = optional(
        min_length=1, max_length=255, description="The last part of its path here; absent, it is that of the source."
    )
    migrate_projects: bool = Field(default=True, description="Whether the projects of a group come too.")
    migrate_memberships: bool = Field(default=True, description="Whether members come too.")


class ImportAllParameters(Parameters):
    """All groups of the archive, and the projects that came without their group."""

    destination_namespace: str = Field(
        max_length=LONGEST_TEXT,
        description="The group to import them into; empty is the root, where groups alone can be.",
    )


class DecryptionParameters(Parameters):
    """What opens an encrypted archive: identities of age, or the passphrase that it was exported with."""

    model_config = ConfigDict(json_schema_extra=_somebody_who_reads)

    identities: list[str] = optional(
        min_length=1,
        max_length=MOST_IDENTITIES,
        description="Secret keys of age.",
        described=_secret,
        repr=False,
    )
    passphrase: str = optional(
        min_length=1, max_length=LONGEST_TEXT, description="The passphrase.", described=_secret, repr=False
    )


def _decryption_problems(said: JsonObject) -> Iterator[str]:
    decryption = said.get("decryption")
    if isinstance(decryption, dict):
        yield from none_of(DECRYPTIONS, decryption, inside="decryption")


class ImportParameters(StoreParameters):
    """An offline import."""

    model_config = ConfigDict(json_schema_extra=_one_store_and_one_choice)

    export_prefix: str = Field(
        min_length=1,
        max_length=LONGEST_TEXT,
        description="The directory of the archive in the bucket, which may have been renamed.",
        examples=["2026-04-16_19-39-00_export_dJtnb3CV"],
    )
    entities: list[ImportEntityParameters] = optional(
        min_length=1, max_length=MOST_WANTED, description="The groups and projects to import."
    )
    import_all: ImportAllParameters = optional(description="Instead of `entities`: all of the archive.")
    decryption: DecryptionParameters = optional(repr=False)
    skip_relations: list[str] = Field(
        default=[],
        max_length=MOST_SKIPPED,
        description="Relations to leave out of everything that is imported.",
        examples=[["ci_pipelines"]],
    )
    dry_run: bool = Field(
        default=False, description="Whether nothing shall be written: the answer is the plan of the import."
    )

    @classmethod
    def other_problems(cls, said: JsonObject) -> Iterator[str]:
        """What the store lacks, what there is to import, and keys that are none."""
        yield from super().other_problems(said)
        yield from not_exactly_one(WANTED, said)
        yield from _decryption_problems(said)


def _one_store_or_no_word_of_one(schema: JsonDict) -> None:
    store: JsonDict = {}
    one_store(store)
    schema["anyOf"] = [store, {"not": {"anyOf": [{"required": [name]} for name in _OF_STORES]}}]


class ImportRetryParameters(StoreParameters):
    """The store and what opens the archive again, when they were removed; without them what is kept is used."""

    model_config = ConfigDict(json_schema_extra=_one_store_or_no_word_of_one)

    decryption: DecryptionParameters = optional(repr=False)

    @classmethod
    def other_problems(cls, said: JsonObject) -> Iterator[str]:
        """What the store lacks, if there is one, and keys that are none."""
        if names_store(said):
            yield from super().other_problems(said)
        yield from _decryption_problems(said)


def names_store(said: JsonObject) -> bool:
    """Whether a request says anything of a store."""
    return any(name in said for name in _OF_STORES)


def wanted_of(said: ImportParameters) -> list[Wanted] | Everything:
    """What shall be imported."""
    skipped = tuple(said.skip_relations)
    if said.import_all is not None:
        return Everything(said.import_all.destination_namespace, skip_relations=skipped)
    return [
        Wanted(
            entity.source_full_path,
            entity.destination_namespace,
            entity.destination_slug,
            kind=_KINDS[entity.source_type],
            migrate_projects=entity.migrate_projects,
            migrate_memberships=entity.migrate_memberships,
            skip_relations=skipped,
        )
        for entity in said.entities
    ]


def keys_of(said: DecryptionParameters | None) -> Keys:
    """What opens the archive, if something is given. Raises InvalidIdentityError, which quotes nothing of it."""
    if said is None:
        return Keys()
    texts = said.identities or ()
    identities = [identity for text in texts for identity in identities_of(text, "decryption[identities]")]
    return Keys(tuple(identities), said.passphrase)
