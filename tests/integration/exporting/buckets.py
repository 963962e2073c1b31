"""An instance that exports into a bucket, as a worker does it: with the settings of the instance and the way through its policy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from offline_transfer.archive.encryption import Keys
from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.exporting.context import ExportContext
from offline_transfer.exporting.create import CreatedExport
from offline_transfer.exporting.portables import relations_of
from offline_transfer.exporting.request import RequestedEntity
from offline_transfer.storage.configuration import StorageConfiguration
from offline_transfer.storage.egress import EgressPolicy
from offline_transfer.storage.location import Location
from offline_transfer.transfers.places import opened
from offline_transfer.types import Edition, PortableKind
from offline_transfer.verify.archive import verify
from offline_transfer.verify.reader import Archive
from tests.integration.exporting.exporter import Exporter
from tests.support.s3 import S3Server

LOCAL = EgressPolicy(allow_s3_compatible=True, allow_plain_http=True, allow_loopback=True)
"""What lets requests name the servers of tests."""

_KINDS = {"self", "max_iids", "labels", "issues", "uploads", "repository", "user_contributions"}
APP = RequestedEntity(
    full_path="top/sub/app", skip_relations=sorted(set(relations_of(PortableKind.PROJECT, Edition.EE)) - _KINDS)
)
"""A relation of each kind: more of the same would take longer and show nothing new."""

Contents = Mapping[str, tuple[str, str, Mapping[str, int]]]
"""What is the same in two exports of the same: stored hash, hash of the content, and counts of each object by its key."""


@dataclass(frozen=True, slots=True)
class BucketExporter(Exporter):
    """The instance of the tests, and a bucket behind a server."""

    server: S3Server | None = None
    bucket: str = ""

    def context(self) -> ExportContext:
        """What its jobs work with."""
        # Not by `super()`, which a class that slots made again does not have.
        return replace(Exporter.context(self), egress=LOCAL, open_storage=opened)

    @property
    def storage(self) -> StorageConfiguration:
        """The bucket."""
        assert self.server is not None
        return self.server.configuration(self.bucket)


def in_bucket(exporter: Exporter, server: S3Server, bucket: str, **settings: Any) -> BucketExporter:
    """The same instance, which exports into a bucket."""
    return BucketExporter(
        exporter.database, exporter.directory, {**exporter.settings, **settings}, None, server, bucket
    )


def contents(place: Location, created: CreatedExport, keys: Keys | None = None) -> Contents:
    """What an archive holds, in which nothing may be wrong."""
    prefix = ExportPrefix(place.key(str(created.prefix)))
    with Archive(place.store, prefix, keys=keys) as archive:
        faults = [str(finding) for finding in verify(archive) if finding.is_fault]
        assert faults == [], faults
        return {
            str(found.entry.key): (
                found.entry.measurement.sha256,
                found.entry.measurement.content_sha256,
                found.entry.records,
            )
            for found in archive.all_objects()
            if found.entry is not None
        }
