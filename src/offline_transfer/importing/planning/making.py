"""Makes the plan of an import. It reads the archive and this instance, and writes nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.orm import Session

from offline_transfer.archive.errors import shown
from offline_transfer.archive.keys import SELF_RELATION, EntityPrefix
from offline_transfer.archive.metadata import FORMAT_VERSION, MINIMUM_SOURCE_VERSION
from offline_transfer.db import Database
from offline_transfer.errors import BadInputError
from offline_transfer.forge import application_settings
from offline_transfer.forge.application_settings import ApplicationSettings
from offline_transfer.importing.checks import covered
from offline_transfer.importing.create import all_top_level
from offline_transfer.importing.errors import SourceEntityNotFoundError, SourceKindError
from offline_transfer.importing.origin import Origin
from offline_transfer.importing.planning import origin, room, soundness
from offline_transfer.importing.planning.choices import PlanOptions
from offline_transfer.importing.planning.destinations import Appearance, Destinations, Destined
from offline_transfer.importing.planning.people import named_users
from offline_transfer.importing.planning.plan import Plan, PlannedArchive, PlannedEntity, PlannedUsers
from offline_transfer.importing.planning.problems import Problem, ProblemKind
from offline_transfer.importing.planning.relations import Relations, inactive_problem
from offline_transfer.importing.request import Everything, Wanted
from offline_transfer.importing.transformers import shims
from offline_transfer.settings import Settings
from offline_transfer.verify.findings import Finding, FindingKind, printable
from offline_transfer.verify.reader import Archive

KNOWN_SHOWN = 10
_DEFAULTS = PlanOptions()


def make_plan(
    database: Database,
    settings: Settings,
    archive: Archive,
    wanted: Sequence[Wanted] | Everything,
    options: PlanOptions = _DEFAULTS,
) -> Plan:
    """Say what an import of these entities would do.

    What an import would be refused for is a blocker in the plan, not an error. Whether somebody may import there is not looked at.
    Raises NothingToImportError, and what a store raises that does not answer.
    """
    asked = all_top_level(archive, wanted) if isinstance(wanted, Everything) else wanted
    entities, problems = _resolved(archive, asked)
    with _reading(database) as session:
        said = application_settings.read(session, settings)
        found, remarks = origin.looked_at(session, archive, options.signers, said.offline_transfer_signature_policy)
    problems += remarks
    chosen = covered(archive, [archive.entity(item.source_full_path) for item in entities])
    sound = soundness.look(archive, chosen, options.reading, options.progress)
    appearances = {prefix: _appearance(archive, prefix, sound) for prefix in sorted(chosen)}
    with _reading(database) as session:
        placing = Destinations(session, archive.metadata.entities_mapping, appearances, options.choices)
        destined = list(placing.place(entities))
        problems += placing.problems + list(placing.problems_of_groups())
    relations = Relations(archive, settings.edition, said)
    planned = tuple(_planned(entity, relations) for entity in destined)
    users = _users(database, archive, destined, sound, options, said.import_placeholder_user_limit)
    room_there = room.room_for(relations.contents, settings)
    problems += [*sound.problems(), *relations.problems, *room.problems(room_there)]
    if relations.contents.inactive:
        problems.append(inactive_problem(relations.contents.inactive))
    return Plan(
        archive=_archive(archive, found, said),
        entities=planned,
        users=users,
        sizes=relations.sizes,
        room=room_there,
        duration=room.duration_of(relations.contents),
        inactive=relations.contents.inactive,
        findings=tuple(sound.findings),
        problems=tuple(problems),
    )


def digest_of(archive: Archive) -> str:
    """What tells an archive from every other: the SHA-256 of its manifest as stored, or of its metadata where it has none."""
    return archive.manifest_sha256 or sha256(archive.metadata.to_json()).hexdigest()


@contextmanager
def _reading(database: Database) -> Iterator[Session]:
    """A session that sees one moment and cannot write."""
    with database.session() as session:
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        yield session


def _resolved(archive: Archive, wanted: Sequence[Wanted]) -> tuple[list[Wanted], list[Problem]]:
    """The entities that the archive holds, spelled as it does, and complaints of the others."""
    mapping = archive.metadata.entities_mapping
    by_path = {path.lower(): path for path in mapping}
    found: dict[str, Wanted] = {}
    problems = []
    for item in wanted:
        path = by_path.get(item.source_full_path.lower())
        if path is None:
            known = ", ".join(list(mapping)[:KNOWN_SHOWN]) + (" and more" if len(mapping) > KNOWN_SHOWN else "")
            problems.append(Problem.of(SourceEntityNotFoundError(path=shown(item.source_full_path), known=known)))
        elif item.kind not in (None, mapping[path].kind):
            error = SourceKindError(path=path, actual=mapping[path].kind)
            problems.append(Problem(kind=ProblemKind.SOURCE_ENTITY_NOT_FOUND, entity=path, message=error.message))
        elif path in found:
            problems.append(Problem(kind=ProblemKind.NAMED_TWICE, entity=path, message="it was named twice"))
        else:
            found[path] = replace(item, source_full_path=path)
    return list(found.values()), problems


def _appearance(archive: Archive, prefix: EntityPrefix, sound: soundness.Soundness) -> Appearance:
    """The title and the visibility of one entity. Without attributes it cannot be imported."""
    objects = archive.objects(prefix, SELF_RELATION)
    try:
        if objects:
            with archive.spool(objects[0]) as spool:
                return Appearance.of(spool.document())
        reason = "its own attributes are not there"
    except BadInputError as error:
        reason = error.message
    sound.add(Finding(kind=FindingKind.DAMAGED, where=f"{prefix}/{SELF_RELATION}", reason=reason))
    return Appearance()


def _planned(entity: Destined, relations: Relations) -> PlannedEntity:
    name = entity.source.name
    return PlannedEntity(
        source_full_path=entity.source_full_path,
        kind=entity.prefix.kind,
        name=None if name is None else printable(name),
        namespace=entity.namespace,
        slug=entity.slug,
        wanted_full_path=entity.wanted_full_path,
        destination_full_path=entity.full_path,
        source_visibility=entity.source.visibility,
        destination_visibility=entity.visibility,
        is_skipped=entity.is_skipped,
        skip_relations=entity.own_skip_relations,
        relations=relations.of(entity),
    )


def _users(
    database: Database,
    archive: Archive,
    destined: Sequence[Destined],
    sound: soundness.Soundness,
    options: PlanOptions,
    placeholder_limit: int,
) -> tuple[PlannedUsers, ...]:
    with named_users() as named:
        for entity in destined:
            if entity.full_path is not None:
                options.progress(entity.source_full_path, "users")
                for finding in named.read(archive, entity.prefix, entity.full_path.split("/", 1)[0]):
                    sound.add(finding)
        with _reading(database) as session:
            return tuple(named.planned(session, archive, placeholder_limit))


def _archive(archive: Archive, found: Origin | None, said: ApplicationSettings) -> PlannedArchive:
    metadata = archive.metadata
    return PlannedArchive(
        where=archive.where,
        export_prefix=str(archive.prefix),
        digest=digest_of(archive),
        source_hostname=metadata.source_hostname,
        has_manifest=archive.has_manifest,
        is_encrypted=archive.is_encrypted,
        instance_version=metadata.instance_version,
        instance_enterprise=metadata.instance_enterprise,
        minimum_version=MINIMUM_SOURCE_VERSION,
        format_version=metadata.format_version,
        supported_format_version=FORMAT_VERSION,
        shims=tuple(shim.reason for shim in shims.needed_by(metadata.instance_version)),
        signature=None if found is None else found.state.value,
        signed_by=None if found is None else found.fingerprint,
        signature_policy=said.offline_transfer_signature_policy.value,
    )
