"""What a destination would refuse is told before an export, as far as it is known, and after it."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from offline_transfer.archive.signature import SigningKey
from offline_transfer.exporting import against
from offline_transfer.exporting.against import Objection
from offline_transfer.exporting.request import ExportRequest, RequestedEntity
from offline_transfer.forge import application_settings
from offline_transfer.forge.application_settings import SignaturePolicy
from offline_transfer.forge.attachments import LfsObject, LfsObjectsProject, Upload
from offline_transfer.forge.planning import Label
from offline_transfer.forge.repository_paths import RepositoryKind, RepositoryPath
from offline_transfer.settings import Settings
from offline_transfer.types import Edition
from offline_transfer.verify import profile as profiles
from offline_transfer.verify.errors import InvalidProfileError, ProfileNotReadError
from offline_transfer.verify.profile import DestinationProfile, profile_of
from tests.integration.exporting.exporter import Exporter
from tests.meta import doc_guards


def profile(exporter: Exporter, **changes: Any) -> DestinationProfile:
    """What an instance like this one takes, but for some values."""
    with exporter.database.session() as session:
        settings = Settings(data_dir=exporter.directory)
        taken = profile_of(application_settings.read(session, settings), settings)
    return taken.model_copy(update=changes)


def before(exporter: Exporter, taken: DestinationProfile, *skipped: str, **options: Any) -> list[tuple[Any, ...]]:
    entities = [RequestedEntity(full_path="top", skip_relations=skipped)]
    request = ExportRequest(entities=entities, storage=exporter.storage, **options)
    return [told(objection) for objection in against.before(exporter.context(), request, taken)]


def told(objection: Objection) -> tuple[str, bool, str | None, str]:
    return objection.kind.value, objection.is_refusal, objection.entity, objection.message


def add_uploads(exporter: Exporter, *sizes: int) -> None:
    for number, size in enumerate(sizes):
        exporter.add(
            Upload(
                size=size,
                path=f"{number}.bin",
                checksum="0" * 64,
                model_id=5,
                model_type="Project",
                uploader="FileUploader",
                secret=f"{number:032x}",
                storage_key=f"uploads/{number}",
            )
        )


def test_an_instance_like_this_one_objects_to_nothing(exporter: Exporter) -> None:
    assert before(exporter, profile(exporter)) == []


def test_versions_are_compared(exporter: Exporter) -> None:
    taken = profile(exporter, minimum_source_version="19.10.0", format_version=0)
    assert before(exporter, taken) == [
        (
            "source_version",
            True,
            None,
            "this is version 19.3.0, and the destination imports from 19.10.0 on",
        ),
        ("format_version", True, None, "archives have format version 1, and the destination reads up to 0"),
    ]


def test_relations_that_the_destination_does_not_know_have_to_stay(exporter: Exporter) -> None:
    taken = profile(exporter)
    known = {
        kind: [name for name in names if name not in ("iterations_cadences", "issues")]
        for kind, names in taken.relations.items()
    }
    taken = taken.model_copy(update={"relations": known})
    assert before(exporter, taken, "iterations_cadences") == [
        (
            "unknown_relation",
            True,
            None,
            "the destination does not know the relation `issues` of a project: leave it out with `--skip issues`",
        )
    ]
    assert before(exporter, taken, "iterations_cadences", "issues") == []


def test_another_edition_is_told_and_refuses_nothing(exporter: Exporter) -> None:
    group, project = before(exporter, profile(exporter, edition=Edition.CE))
    assert group[:3] == project[:3] == ("edition", False, None)
    assert "leaves out of a group: " in group[3]
    assert "`epics`" in group[3]
    assert "`vulnerabilities`" in project[3]


def test_a_policy_of_signatures_is_held(exporter: Exporter, tmp_path: Path) -> None:
    signed = profile(exporter, signature_policy=SignaturePolicy.SIGNED)
    known = profile(exporter, signature_policy=SignaturePolicy.KNOWN)
    assert [item[:2] for item in before(exporter, signed)] == [("not_signed", True)]
    assert before(exporter, signed, signed_by="sha256:0") == []
    assert [item[:2] for item in before(exporter, known, signed_by="sha256:0")] == [("signer_unknown", False)]
    file = tmp_path / "key.pem"
    file.write_bytes(SigningKey.generate().to_pem())
    signing = Exporter(exporter.database, exporter.directory, {"signing_key_file": file})
    assert before(signing, signed) == []


@pytest.mark.parametrize(("batch_size", "held"), [(2, "2 files of 1,400 bytes"), (None, "3 files of 1,500 bytes")])
def test_files_are_summed_by_batch(exporter: Exporter, batch_size: int | None, held: str) -> None:
    add_uploads(exporter, 700, 700, 100)
    taken = profile(exporter, largest_content=1000)
    remedy = "and the destination takes 1,000: try a smaller `--batch-size`"
    message = f"an object of `uploads` would hold {held}, {remedy}"
    assert before(exporter, taken, batch_size=batch_size) == [("content_too_large", True, "top/sub/App", message)]
    assert before(exporter, taken, "uploads", batch_size=batch_size) == []
    assert before(exporter, taken, batch_size=1) == []


def test_a_file_that_is_too_large_alone_may_still_be_packed(exporter: Exporter) -> None:
    row = LfsObject(oid="0" * 64, size=5000, storage_key="lfs")
    exporter.add(row)
    exporter.add(LfsObjectsProject(lfs_object_id=row.id, project_id=5, repository_type=None))
    assert before(exporter, profile(exporter, largest_object=4999)) == [
        (
            "perhaps_too_large",
            False,
            "top/sub/App",
            "an object of `lfs_objects` would hold 1 files of 5,000 bytes, and the destination takes 4,999: one of them alone is"
            " larger",
        )
    ]


def test_repositories_are_told_by_the_room_that_they_take(exporter: Exporter) -> None:
    path = RepositoryPath(RepositoryKind.PROJECT, 5)
    exporter.repositories.create(path)
    (exporter.repositories.place(path) / "objects" / "large").write_bytes(b"0" * 100_000)
    (objection,) = before(exporter, profile(exporter, largest_object=50_000))
    assert objection[:3] == ("perhaps_too_large", False, "top/sub/App")
    assert before(exporter, profile(exporter, largest_object=50_000), "repository") == []


def test_objects_that_became_too_large_are_told_after(exporter: Exporter) -> None:
    exporter.add(*(Label(title=f"label {number}", project_id=5, type="ProjectLabel") for number in range(50)))
    created = exporter.create("top")
    exported = exporter.run(created)
    content = exported.content("project_5/labels/batch_1.ndjson.gz")
    taken = profile(exporter, largest_content=len(content) - 1)
    with exporter.database.session() as session:
        found = [told(objection) for objection in against.after(session, created.id, taken)]
        assert list(against.after(session, created.id, profile(exporter))) == []
    assert found == [
        (
            "content_too_large",
            True,
            "top/sub/App",
            f"project_5/labels/batch_1.ndjson.gz has {len(content):,} bytes unpacked, and the destination takes"
            f" {len(content) - 1:,}",
        )
    ]


def test_a_profile_is_read_as_it_was_written(exporter: Exporter, tmp_path: Path) -> None:
    taken = profile(exporter, edition=Edition.CE)
    file = tmp_path / "profile.json"
    file.write_bytes(taken.to_file())
    assert profiles.read(file) == taken
    # What a later release says besides is passed over.
    file.write_bytes(orjson.dumps({**taken.to_json(), "later": [1]}))
    assert profiles.read(file) == taken


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"profile": 2}, "profile: input should be 1"),
        ({"edition": "se"}, "edition: input should be 'ce' or 'ee'"),
        ({"largest_object": -1}, "largest_object: input should be greater than or equal to 1"),
        ({"relations": {"user": []}}, "relations.user.[key]: input should be 'group' or 'project'"),
        ({"minimum_source_version": "x" * 5000}, "minimum_source_version: string should match pattern '^[0-9]{1,4}"),
    ],
)
def test_what_is_no_profile_is_refused(
    exporter: Exporter, tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    file = tmp_path / "profile.json"
    file.write_bytes(orjson.dumps({**profile(exporter).to_json(), **change}))
    with pytest.raises(InvalidProfileError) as refused:
        profiles.read(file)
    assert str(refused.value.details["problem"]).startswith(problem)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[" * 100_000, "it is not JSON"),
        (b" " * (profiles.LARGEST_FILE + 1), "it has more than 262,144 bytes"),
        (b"[]", "the document: input should be a valid dictionary or instance of DestinationProfile"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "profile.json"
    file.write_bytes(content)
    with pytest.raises(InvalidProfileError) as refused:
        profiles.read(file)
    assert refused.value.details["problem"] == problem


def test_a_profile_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileNotReadError):
        profiles.read(tmp_path / "absent")


def test_every_kind_of_objection_is_in_the_reference() -> None:
    page = (doc_guards.REPOSITORY / "docs" / "reference" / "json.md").read_text("utf-8")
    listed = doc_guards.first_cells(page, "### Objections")
    assert [name for name in listed if name in list(against.ObjectionKind)] == list(against.ObjectionKind)
