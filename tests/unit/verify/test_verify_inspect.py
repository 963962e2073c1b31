from pathlib import Path

from offline_transfer.archive.keys import EntityPrefix
from offline_transfer.archive.manifest import FailedRelation
from offline_transfer.types import PortableKind
from offline_transfer.verify.inspect import inspect
from offline_transfer.verify.reader import Archive
from tests.unit.verify.archives import Draft


def draft_of_labels(directory: Path) -> Draft:
    draft = Draft(directory, ghost=9)
    draft.records("project_7/labels/batch_1.ndjson.gz", [{"title": "a", "priorities": [{"priority": 1}]}])
    draft.records("project_7/labels/batch_2.ndjson.gz", [{"title": "b"}])
    return draft


def test_a_summary_says_what_the_manifest_says(tmp_path: Path) -> None:
    draft = draft_of_labels(tmp_path)
    project = EntityPrefix(PortableKind.PROJECT, 7)
    draft.failed.append(FailedRelation(entity=project, relation="wiki", reason="disk full"))
    with Archive(draft.finish().store, draft.prefix) as archive:
        summary = inspect(archive).to_json()
    size = sum(entry.measurement.stored_bytes for entry in draft.entries.values())
    assert summary == {
        "instance_version": "19.3.0",
        "instance_enterprise": True,
        "export_prefix": "2026-04-16_19-39-00_export_dJtnb3CV",
        "export_tag": "2026-04-16_19-39-00_export_dJtnb3CV",
        "source_hostname": "https://source.example.com",
        "batched": True,
        "entities_mapping": {"top": "group_1", "top/app": "project_7"},
        "source_ghost_user_id": 9,
        "format_version": 1,
        "generator": "offline-transfer 0.1.0",
        "has_manifest": True,
        "encrypted": False,
        "signed": False,
        "objects": 2,
        "bytes": size,
        "relations": [
            {
                "entity": "top/app",
                "relation": "labels",
                "objects": 2,
                "bytes": size,
                "records": 2,
                "paths": {"labels": 2, "labels.priorities": 1},
            }
        ],
        "findings": [
            {
                "kind": "failed_relation",
                "entity": "top/app",
                "path": "wiki",
                "reason": "the export failed: disk full",
            }
        ],
    }


def test_a_summary_without_a_manifest_counts_no_records(tmp_path: Path) -> None:
    draft = draft_of_labels(tmp_path).finish_as_gitlab()
    with Archive(draft.store, draft.prefix) as archive:
        summary = inspect(archive)
    (labels,) = summary.relations
    assert not summary.has_manifest
    assert (labels.objects, labels.records, labels.paths) == (2, None, {})
    assert labels.bytes == summary.bytes > 0
    assert [finding.kind.value for finding in summary.findings] == ["unchecked", "unchecked"]
