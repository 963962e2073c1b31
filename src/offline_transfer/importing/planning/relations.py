"""What would come of each group and project, relation by relation, and what is too large for this instance."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION
from offline_transfer.archive.limits import MIB
from offline_transfer.forge.application_settings import ApplicationSettings
from offline_transfer.importing.archive_source import known_relations
from offline_transfer.importing.planning.destinations import Destined
from offline_transfer.importing.planning.plan import PlannedRelation, Presence, SizeLimits
from offline_transfer.importing.planning.problems import Problem, ProblemKind
from offline_transfer.importing.planning.soundness import KEPT
from offline_transfer.relations.loader import tree
from offline_transfer.relations.nodes import ImportRule
from offline_transfer.types import Edition, PortableKind
from offline_transfer.verify.index import StoredObject
from offline_transfer.verify.reader import Archive

_OWN: Final = (SELF_RELATION, MAX_IIDS_RELATION)
_REMARKS: Final = {
    Presence.GAP: (ProblemKind.GAP, "the archive lacks {relations}, which it should hold"),
    Presence.UNKNOWN: (ProblemKind.GAP, "the archive holds no {relations}: without a manifest nobody can say why"),
    Presence.EDITION: (ProblemKind.EDITION, "this instance is of another edition, which has no {relations}"),
}


@dataclass(slots=True)
class Contents:
    """Sums over all relations that would come."""

    entities: int = 0
    records: int | None = 0
    content_bytes: int | None = 0
    file_bytes: int = 0
    largest_stored: int = 0
    largest_content: int | None = 0
    inactive: dict[str, int | None] = field(default_factory=dict)


class Relations:
    """Looks at the relations of one entity after another."""

    def __init__(self, archive: Archive, edition: Edition, said: ApplicationSettings) -> None:
        self._archive = archive
        self._edition = edition
        self._stored_limit = _limit(said.bulk_import_max_download_file_size, archive.limits.object_bytes)
        self._content_limit = _limit(said.max_decompressed_archive_size, archive.limits.decompressed_bytes)
        self._failed = {(failed.entity, failed.relation) for failed in archive.failed_relations}
        self.contents = Contents()
        self.problems: list[Problem] = []
        self._complaints = 0
        if not archive.has_manifest:
            self.contents.records = self.contents.content_bytes = self.contents.largest_content = None

    @property
    def sizes(self) -> SizeLimits:
        """The largest objects of those that were looked at."""
        return SizeLimits(
            stored=self.contents.largest_stored,
            stored_limit=self._stored_limit,
            content=self.contents.largest_content,
            content_limit=self._content_limit,
        )

    def of(self, entity: Destined) -> tuple[PlannedRelation, ...]:
        """The relations of an entity in the order of its tree, then those that no tree knows."""
        kind = entity.prefix.kind
        names = _names(kind)
        strangers = [name for name in self._archive.relations(entity.prefix) if name not in names]
        relations = tuple(self._relation(entity, name) for name in (*names, *strangers))
        if not entity.is_skipped:
            self.contents.entities += 1
            self.problems.extend(self._remarks(entity, relations))
        return relations

    def _relation(self, entity: Destined, name: str) -> PlannedRelation:
        objects = self._archive.objects(entity.prefix, name)
        presence = self._presence(entity, name, objects)
        found = PlannedRelation(
            relation=name,
            presence=presence,
            objects=len(objects or ()),
            bytes=sum(stored.size for stored in objects or ()),
            content_bytes=_known(sum(_content(stored) for stored in objects or ()), self._archive),
            records=_known(sum(_records(stored) for stored in objects or ()), self._archive),
        )
        if presence is Presence.PRESENT and not entity.is_skipped:
            self._count(entity, found)
            for stored in objects or ():
                self._measure(entity, stored)
        return found

    def _presence(self, entity: Destined, name: str, objects: tuple[StoredObject, ...] | None) -> Presence:
        kind = entity.prefix.kind
        if name not in known_relations(kind):
            return Presence.NO_PLACE
        if name in entity.skip_relations:
            return Presence.SKIPPED
        if (entity.prefix, name) in self._failed:
            return Presence.NOT_EXPORTED
        if objects is None:
            if self._archive.is_skipped(entity.prefix, name):
                return Presence.LEFT_OUT
            if name not in _names(kind, self._edition) and name not in _OWN:
                return Presence.EDITION
            return Presence.GAP if self._archive.has_manifest else Presence.UNKNOWN
        return Presence.PRESENT if name in _names(kind, self._edition) else Presence.EDITION

    def _count(self, entity: Destined, found: PlannedRelation) -> None:
        contents = self.contents
        if found.relation in tree(entity.prefix.kind).files:
            contents.file_bytes += found.bytes if found.content_bytes is None else found.content_bytes
        elif contents.records is not None and contents.content_bytes is not None:
            contents.records += found.records or 0
            contents.content_bytes += found.content_bytes or 0
        if found.relation in _inactive(entity.prefix.kind):
            before = contents.inactive.get(found.relation, 0)
            after = None if before is None or found.records is None else before + found.records
            if after != 0:
                contents.inactive[found.relation] = after

    def _measure(self, entity: Destined, stored: StoredObject) -> None:
        contents = self.contents
        contents.largest_stored = max(contents.largest_stored, stored.size)
        where, path = stored.where, entity.source_full_path
        if self._stored_limit is not None and stored.size > self._stored_limit:
            message = (
                f"{where} has {stored.size:,} bytes, and an object may have {self._stored_limit:,}: an administrator can raise"
                " `bulk_import_max_download_file_size`"
            )
            self._complain(Problem(kind=ProblemKind.OBJECT_TOO_LARGE, entity=path, message=message))
        if contents.largest_content is None:
            return
        content = _content(stored)
        contents.largest_content = max(contents.largest_content, content)
        if self._content_limit is not None and content > self._content_limit:
            message = (
                f"{where} has {content:,} bytes unpacked, and {self._content_limit:,} are allowed: an administrator can raise"
                " `max_decompressed_archive_size`"
            )
            self._complain(Problem(kind=ProblemKind.CONTENT_TOO_LARGE, entity=path, message=message))

    def _complain(self, problem: Problem) -> None:
        """An archive of very many objects could fill the memory: one that blocks is enough to know."""
        self._complaints += 1
        if self._complaints <= KEPT:
            self.problems.append(problem)

    def _remarks(self, entity: Destined, relations: tuple[PlannedRelation, ...]) -> Iterator[Problem]:
        path = entity.source_full_path
        for presence, (kind, template) in _REMARKS.items():
            names = [
                f"`{relation.relation}`"
                for relation in relations
                if relation.presence is presence and (presence is not Presence.EDITION or relation.objects)
            ]
            if names:
                yield Problem(kind=kind, entity=path, message=template.format(relations=", ".join(names)))
        for relation in relations:
            if relation.presence is not Presence.NO_PLACE:
                continue
            # An archive with a manifest comes from our own program, and then from a newer one.
            kind = ProblemKind.UNKNOWN_RELATION if self._archive.has_manifest else ProblemKind.UNCHECKED
            message = f"this program does not know the relation `{relation.relation}`"
            yield Problem(kind=kind, entity=path, message=message)


def inactive_problem(inactive: Mapping[str, int | None]) -> Problem:
    """What arrives switched off."""
    listed = ", ".join(f"`{path}`" + ("" if count is None else f" ({count:,})") for path, count in inactive.items())
    message = f"these arrive switched off: {listed}. Somebody has to look at them and switch them on"
    return Problem(kind=ProblemKind.INACTIVE, message=message)


def _limit(mebibytes: int, bytes_of_archive: int) -> int | None:
    """The smaller of what this instance allows, where 0 is no limit, and of what the reader of the archive was told."""
    return min(mebibytes * MIB, bytes_of_archive) if mebibytes else bytes_of_archive


def _known(total: int, archive: Archive) -> int | None:
    return total if archive.has_manifest else None


def _content(stored: StoredObject) -> int:
    return 0 if stored.entry is None else stored.entry.measurement.content_bytes


def _records(stored: StoredObject) -> int:
    return 0 if stored.entry is None else sum(stored.entry.records.values())


@cache
def _names(kind: PortableKind, edition: Edition = Edition.EE) -> tuple[str, ...]:
    moving = tree(kind, edition)
    return (*_OWN, *(node.name for node in moving.relations), *moving.files)


@cache
def _inactive(kind: PortableKind) -> frozenset[str]:
    """The relations whose records an import switches off."""
    return frozenset(
        node.name
        for node in tree(kind).relations
        if any(attribute.rule is ImportRule.INACTIVE for attribute in node.attributes)
    )
