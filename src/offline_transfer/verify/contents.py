"""What is inside one object of an archive, held against what it should be."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from offline_transfer.archive.errors import DamagedObjectError, RecordError, shown
from offline_transfer.archive.keys import MAX_IIDS_RELATION, SELF_RELATION, Extension
from offline_transfer.archive.tarball import TarMember
from offline_transfer.errors import BadInputError
from offline_transfer.forge.bundles import BundleHead
from offline_transfer.forge.errors import BadFileNameError, BadUploadSecretError, RefusedBundleError
from offline_transfer.forge.files import UploadPlace
from offline_transfer.types import JsonObject
from offline_transfer.verify import files
from offline_transfer.verify.findings import Finding, FindingKind
from offline_transfer.verify.records import RecordChecker, checker
from offline_transfer.verify.spool import Spool

NAMED_RECORDS: Final = 20
"""How many invalid records of an object are named; the rest is counted."""
UPLOADS: Final = "uploads"
LFS_OBJECTS: Final = "lfs_objects"
SNIPPETS: Final = "snippets_repository"

_AVATAR: Final = "avatar"
_DOCUMENTS: Final = frozenset({SELF_RELATION, MAX_IIDS_RELATION})
_FILES: Final = frozenset({"repository", "wiki", "design", SNIPPETS, UPLOADS, LFS_OBJECTS})


def expected_extension(relation: str) -> Extension:
    """What kind of object a relation lies in."""
    if relation in _FILES:
        return Extension.TAR
    return Extension.JSON if relation in _DOCUMENTS else Extension.NDJSON


class Contents:
    """Looks into one object. Iterate `findings` once; it reads everything."""

    def __init__(self, spool: Spool, entity: str | None) -> None:
        self._spool = spool
        self._stored = spool.stored
        self._key = spool.stored.key
        self._entity = entity
        self._counts: Counter[str] = Counter()
        self._strangers: Counter[tuple[FindingKind, str, str]] = Counter()
        self._unnamed = 0

    def findings(self) -> Iterator[Finding]:
        """Whatever is wrong with the object. Raises retryable errors of the store alone."""
        records = checker(self._key.entity.kind, self._key.relation)
        if self._key.extension is not expected_extension(self._key.relation) and (records or self._is_files):
            reason = f"{self._key.relation} lies in {expected_extension(self._key.relation).value}"
            yield self._finding(FindingKind.UNEXPECTED_OBJECT, reason)
            return
        if records is None and not self._is_files:
            reason = "no relation of this name is known, so its records were not checked"
            yield self._finding(FindingKind.UNKNOWN_RELATION, reason, path=self._key.relation)
        try:
            yield from self._files() if self._key.extension is Extension.TAR else self._records(records)
        except BadInputError as error:
            kind = FindingKind.DAMAGED if isinstance(error, DamagedObjectError) else FindingKind.UNREADABLE
            yield self._finding(kind, error.message)
            return
        yield from self._summary()

    @property
    def _is_files(self) -> bool:
        return self._key.relation in _FILES

    def _records(self, records: RecordChecker | None) -> Iterator[Finding]:
        if self._key.extension is Extension.JSON:
            try:
                yield from self._record(records, self._spool.document(), 0)
            except RecordError as error:
                yield self._finding(FindingKind.INVALID_RECORD, error.problem)
            return
        for record in self._spool.records():
            if isinstance(record.value, RecordError):
                yield from self._invalid(record.value.problem, record.index)
                self._counts[self._key.relation] += 1
            else:
                yield from self._record(records, record.value, record.index)

    def _record(self, records: RecordChecker | None, record: JsonObject, index: int) -> Iterator[Finding]:
        if records is None:
            self._counts[self._key.relation] += 1
            return
        records.count(record, self._counts)
        for violation in records.violations(record):
            yield from self._invalid(violation.reason, index, violation.path)
        for path, key in records.unknown_keys(record):
            self._strangers[FindingKind.UNKNOWN_KEY, path, shown(key)] += 1
        for name in records.sensitive_keys(record):
            path, _, key = f"{self._key.relation}.{name}".rpartition(".")
            self._strangers[FindingKind.SENSITIVE_KEY, path, shown(key)] += 1

    def _invalid(self, reason: str, index: int, path: str | None = None) -> Iterator[Finding]:
        self._unnamed += 1
        if self._unnamed <= NAMED_RECORDS:
            yield self._finding(
                FindingKind.INVALID_RECORD, f"line {index + 1}: {shown(reason)}", path=path or self._key.relation
            )

    def _summary(self) -> Iterator[Finding]:
        if self._unnamed > NAMED_RECORDS:
            reason = f"{self._unnamed - NAMED_RECORDS} more places where a record is not as it should be"
            yield self._finding(FindingKind.INVALID_RECORD, reason, path=self._key.relation)
        for (kind, path, key), count in sorted(self._strangers.items()):
            said = "is not known" if kind is FindingKind.UNKNOWN_KEY else "looks as if it held a secret"
            yield self._finding(kind, f"the key `{key}` {said}; {count} records have it", path=path)
        entry = self._stored.entry
        if entry is None:
            return
        for path in sorted(entry.records.keys() | self._counts.keys()):
            said_count, found = entry.records.get(path, 0), self._counts[path]
            if said_count != found:
                reason = f"it holds {found:,} records, the manifest says {said_count:,}"
                yield self._finding(FindingKind.WRONG_COUNT, reason, path=path)

    def _files(self) -> Iterator[Finding]:
        relation = self._key.relation
        check: Callable[[TarMember], Iterator[Finding]] = {
            UPLOADS: self._upload,
            LFS_OBJECTS: self._lfs_object,
        }.get(relation, self._bundle)
        for member in self._spool.members():
            yield from check(member)

    def _upload(self, member: TarMember) -> Iterator[Finding]:
        self._counts[UPLOADS] += 1
        folder, _, name = member.name.rpartition("/")
        secret = None if folder in ("", _AVATAR) else folder
        try:
            UploadPlace(model_type=self._key.entity.kind.value, model_id=self._key.entity.id, name=name, secret=secret)
        except (BadFileNameError, BadUploadSecretError) as error:
            yield self._finding(FindingKind.REFUSED_NAME, error.message, sample=member.name)

    def _lfs_object(self, member: TarMember) -> Iterator[Finding]:
        if member.name == files.LFS_MAP:
            for oid in files.lfs_map(member):
                if not files.is_oid(oid):
                    yield self._finding(FindingKind.WRONG_LFS_OBJECT, "a name in its list is no SHA-256", sample=oid)
            return
        self._counts[LFS_OBJECTS] += 1
        if not files.is_oid(member.name):
            yield self._finding(FindingKind.REFUSED_NAME, "an LFS object is named by its SHA-256", sample=member.name)
        elif files.sha256(member) != member.name:
            yield self._finding(FindingKind.WRONG_LFS_OBJECT, "its SHA-256 is not its name", sample=member.name)

    def _bundle(self, member: TarMember) -> Iterator[Finding]:
        relation = self._key.relation
        is_expected = member.name.endswith(files.BUNDLE_ENDING) and "/" not in member.name
        if not is_expected or (relation != SNIPPETS and member.name != f"{relation}{files.BUNDLE_ENDING}"):
            yield self._finding(FindingKind.REFUSED_NAME, "no bundle of this name is expected", sample=member.name)
            return
        try:
            for ref in BundleHead(files.bundle_stream(member), relation).refs():
                self._counts[relation] += ref.name.startswith(b"refs/")
        except RefusedBundleError as error:
            yield self._finding(FindingKind.INVALID_BUNDLE, error.message, sample=member.name)

    def _finding(
        self, kind: FindingKind, reason: str, *, path: str | None = None, sample: str | None = None
    ) -> Finding:
        return Finding(
            kind=kind, where=self._stored.where, entity=self._entity, path=path, reason=reason, sample=sample
        )
