"""The plan as values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from offline_transfer.archive.keys import MAX_IIDS_RELATION
from offline_transfer.forge.enums import Visibility
from offline_transfer.importing.planning.problems import Problem
from offline_transfer.types import JsonObject, PortableKind
from offline_transfer.verify.findings import Finding


class Presence(StrEnum):
    """What is known of a relation of one group or project. The values are part of the output of `--json`."""

    PRESENT = "present"
    GAP = "gap"
    """The archive should hold it and does not."""
    UNKNOWN = "unknown"
    """Nothing is there, and without a manifest nobody can say whether there was anything."""
    LEFT_OUT = "left_out"
    """Whoever exported did not want it."""
    NOT_EXPORTED = "not_exported"
    """The export failed to write it, or not all of it."""
    SKIPPED = "skipped"
    """This import shall leave it out."""
    EDITION = "edition"
    """It belongs to another edition than this instance has."""
    NO_PLACE = "no_place"
    """No tree knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRelation:
    """One relation of one group or project."""

    relation: str
    presence: Presence
    objects: int = 0
    bytes: int = 0
    """As stored."""
    content_bytes: int | None = None
    """Unpacked; None without a manifest."""
    records: int | None = None
    """Of all paths; None without a manifest."""

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "relation": self.relation,
            "presence": self.presence.value,
            "objects": self.objects,
            "bytes": self.bytes,
            "content_bytes": self.content_bytes,
            "records": self.records,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEntity:
    """One group or project: where it would go, and what of it would come."""

    source_full_path: str
    kind: PortableKind
    name: str | None
    """The title that it has at the source, escaped; None where the archive does not say."""
    namespace: str | None
    """The group that was named for it; None where it goes into what its own group becomes."""
    slug: str
    """Its path there as it was asked for, or the source's."""
    wanted_full_path: str | None
    """Where it should go; None where that is not possible or not wanted."""
    destination_full_path: str | None
    """Where it would go: the same, or a name that is free."""
    source_visibility: Visibility | None
    destination_visibility: Visibility | None
    is_skipped: bool
    skip_relations: tuple[str, ...]
    """What was asked to be left out, here and in what lies below."""
    relations: tuple[PlannedRelation, ...]

    @property
    def records(self) -> int | None:
        """Records on all paths; None where a relation does not say. Counters are no records."""
        return _sum(
            relation.records
            for relation in self.relations
            if relation.presence is Presence.PRESENT and relation.relation != MAX_IIDS_RELATION
        )

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "entity": self.source_full_path,
            "kind": self.kind.value,
            "name": self.name,
            "namespace": self.namespace,
            "slug": self.slug,
            "wanted": self.wanted_full_path,
            "destination": self.destination_full_path,
            "source_visibility": None if self.source_visibility is None else self.source_visibility.name,
            "destination_visibility": None if self.destination_visibility is None else self.destination_visibility.name,
            "skip": self.is_skipped,
            "skip_relations": list(self.skip_relations),
            "records": self.records,
            "relations": [relation.to_json() for relation in self.relations],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedArchive:
    """What the archive says of itself, and what follows."""

    where: str
    export_prefix: str
    digest: str
    """SHA-256 that tells it from every other: of its manifest as stored, of its metadata where it has none."""
    source_hostname: str
    has_manifest: bool
    is_encrypted: bool
    instance_version: str
    instance_enterprise: bool
    minimum_version: str
    format_version: int | None
    supported_format_version: int
    shims: tuple[str, ...]
    """How records of this version will be read differently from those of ours."""
    signature: str | None
    """`signed_known`, `signed_unknown` or `unsigned`; None where it belongs to other contents."""
    signed_by: str | None
    """The fingerprint of the key that has signed, where it is known as anybody's."""
    signature_policy: str

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "where": self.where,
            "export_prefix": self.export_prefix,
            "digest": self.digest,
            "source_hostname": self.source_hostname,
            "has_manifest": self.has_manifest,
            "encrypted": self.is_encrypted,
            "instance_version": self.instance_version,
            "instance_enterprise": self.instance_enterprise,
            "minimum_version": self.minimum_version,
            "format_version": self.format_version,
            "supported_format_version": self.supported_format_version,
            "shims": list(self.shims),
            "signature": self.signature,
            "signed_by": self.signed_by,
            "signature_policy": self.signature_policy,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedUsers:
    """The users of the source whom the records below one top-level group of this instance name."""

    top_level_group: str
    named: int
    known: int
    """Those for whom somebody stands here already."""
    placeholders: int
    """Those who will get a placeholder."""
    import_user: int
    """Those whose contributions the import user gets, since the limit on placeholders will be reached."""
    examples: tuple[str, ...]
    """Usernames of some who are not known here, escaped."""

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "top_level_group": self.top_level_group,
            "named": self.named,
            "known": self.known,
            "placeholders": self.placeholders,
            "import_user": self.import_user,
            "examples": list(self.examples),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much will be written, and where there is room for it. Bytes; None where nobody can say."""

    files: int
    rows: int | None
    free: int
    """On the disk of the data directory."""
    holds_database: bool
    """Whether the rows go to the same disk."""
    spool: int
    """The largest object, of which a private copy is made."""
    spool_free: int

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "files": self.files,
            "rows": self.rows,
            "free": self.free,
            "holds_database": self.holds_database,
            "spool": self.spool,
            "spool_free": self.spool_free,
        }


@dataclass(frozen=True, slots=True)
class Duration:
    """Between how many seconds the import may take with one worker process: an estimate."""

    least: float
    most: float

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {"least": self.least, "most": self.most}


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimits:
    """The largest object that would be imported, and what this instance allows. Bytes; a limit of None is no limit."""

    stored: int
    stored_limit: int | None
    content: int | None
    """None where no manifest says what comes out of an object."""
    content_limit: int | None

    def to_json(self) -> JsonObject:
        """As `--json` prints it."""
        return {
            "stored": self.stored,
            "stored_limit": self.stored_limit,
            "content": self.content,
            "content_limit": self.content_limit,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an import would do."""

    archive: PlannedArchive
    entities: tuple[PlannedEntity, ...]
    users: tuple[PlannedUsers, ...]
    sizes: SizeLimits
    room: Room
    duration: Duration | None
    inactive: Mapping[str, int | None]
    """Paths whose records arrive switched off, and how many there are."""
    findings: tuple[Finding, ...]
    """What is wrong with the archive; the first thousand."""
    problems: tuple[Problem, ...]

    @property
    def blockers(self) -> tuple[Problem, ...]:
        """What has to be changed before the import."""
        return tuple(problem for problem in self.problems if problem.is_blocker)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What somebody should know before the import."""
        return tuple(problem for problem in self.problems if not problem.is_blocker)

    def to_json(self) -> JsonObject:
        """As `--json` and the API show it."""
        return {
            "archive": self.archive.to_json(),
            "entities": [entity.to_json() for entity in self.entities],
            "users": [users.to_json() for users in self.users],
            "sizes": self.sizes.to_json(),
            "room": self.room.to_json(),
            "estimated_seconds": None if self.duration is None else self.duration.to_json(),
            "inactive": dict(self.inactive),
            "findings": [finding.to_json() for finding in self.findings],
            "blockers": [problem.to_json() for problem in self.blockers],
            "warnings": [problem.to_json() for problem in self.warnings],
        }


def _sum(counts: Iterable[int | None]) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total
