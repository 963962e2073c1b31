"""What an archive says of itself, without reading its objects."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from offline_transfer.types import JsonObject
from offline_transfer.verify.findings import Finding
from offline_transfer.verify.reader import Archive
from offline_transfer.verify.sums import SignatureState


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationSummary:
    """One relation of one group or project."""

    entity: str
    relation: str
    objects: int
    bytes: int
    """As stored."""
    records: int | None
    """Of the first level; None where no manifest says so."""
    paths: Mapping[str, int]
    """Records of every path, empty without a manifest."""

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "entity": self.entity,
            "relation": self.relation,
            "objects": self.objects,
            "bytes": self.bytes,
            "records": self.records,
            "paths": dict(self.paths),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The outcome: the metadata, what is in the archive, and what cannot be checked or was not exported."""

    metadata: JsonObject
    has_manifest: bool
    is_encrypted: bool
    is_signed: bool
    """Whether there is a signature; whose it is, `verify` says."""
    objects: int
    bytes: int
    relations: tuple[RelationSummary, ...]
    findings: tuple[Finding, ...]

    def to_json(self) -> JsonObject:
        """As `--json` prints it: the metadata's keys, then ours."""
        return {
            **self.metadata,
            "has_manifest": self.has_manifest,
            "encrypted": self.is_encrypted,
            "signed": self.is_signed,
            "objects": self.objects,
            "bytes": self.bytes,
            "relations": [relation.to_json() for relation in self.relations],
            "findings": [finding.to_json() for finding in self.findings],
        }


def inspect(archive: Archive) -> Summary:
    """Sum up an open archive. Sizes and counts are the manifest's; without one, sizes are the listing's."""
    relations = [
        _relation(archive, path, relation)
        for path, prefix in archive.metadata.entities_mapping.items()
        for relation in archive.relations(prefix)
    ]
    return Summary(
        metadata=archive.metadata.to_object(),
        has_manifest=archive.has_manifest,
        is_encrypted=archive.is_encrypted,
        is_signed=archive.signature(()).state is not SignatureState.UNSIGNED,
        objects=sum(relation.objects for relation in relations),
        bytes=sum(relation.bytes for relation in relations),
        relations=tuple(relations),
        findings=(*archive.unchecked(), *archive.failures()),
    )


def _relation(archive: Archive, path: str, relation: str) -> RelationSummary:
    objects = archive.objects(archive.entity(path), relation) or ()
    counts: Counter[str] = Counter()
    for stored in objects:
        counts.update({} if stored.entry is None else stored.entry.records)
    return RelationSummary(
        entity=path,
        relation=relation,
        objects=len(objects),
        bytes=sum(stored.size for stored in objects),
        records=counts[relation] if archive.has_manifest else None,
        paths=dict(counts),
    )
