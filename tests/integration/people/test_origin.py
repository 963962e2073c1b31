"""What the signature of an archive says, and which archives an instance takes."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from sqlalchemy.orm import Session

from offline_transfer.archive.signature import PublicKey, SigningKey
from offline_transfer.errors import OfflineTransferError
from offline_transfer.forge import trusted_keys
from offline_transfer.forge.application_settings import SignaturePolicy
from offline_transfer.importing import origin
from offline_transfer.importing.errors import (
    ArchiveExchangedError,
    SignatureWithoutContentsError,
    UnknownSignerError,
    UnsignedArchiveError,
)
from offline_transfer.importing.origin import Origin, OriginState
from offline_transfer.transfers.models import BulkImport
from offline_transfer.transfers.states import SourceType
from offline_transfer.verify.reader import Archive
from tests.unit.verify.archives import Draft

SIGNING_KEY = SigningKey.generate()
KEY = SIGNING_KEY.public_key("source.pub")
SOURCE = "https://source.example.com"


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """A signed archive of SOURCE."""
    return Draft(tmp_path).complete().finish(SIGNING_KEY)


def found(session: Session, draft: Draft, others: Sequence[PublicKey] = ()) -> Origin:
    with Archive(draft.store, draft.prefix) as archive:
        return origin.origin_of(session, archive, others)


def refusal(policy: SignaturePolicy, said: Origin) -> OfflineTransferError | None:
    try:
        origin.require(policy, said)
    except OfflineTransferError as error:
        return error
    return None


def test_the_key_of_its_source_makes_an_archive_known(session: Session, draft: Draft) -> None:
    trusted_keys.add(session, f"{SOURCE}:443/", KEY)
    said = found(session, draft)
    assert (said.state, said.fingerprint, said.hostname) == (OriginState.SIGNED_KNOWN, KEY.fingerprint, SOURCE)
    assert [refusal(policy, said) for policy in SignaturePolicy] == [None, None, None]


def test_a_key_that_nobody_knows_says_nothing(session: Session, draft: Draft) -> None:
    trusted_keys.add(session, SOURCE, SigningKey.generate().public_key("other"))
    said = found(session, draft)
    assert (said.state, said.fingerprint) == (OriginState.SIGNED_UNKNOWN, None)
    assert refusal(SignaturePolicy.ANY, said) is refusal(SignaturePolicy.SIGNED, said) is None
    refused = refusal(SignaturePolicy.KNOWN, said)
    assert isinstance(refused, UnknownSignerError)
    assert refused.http_status == 422
    assert refused.message == (
        f"The archive at {said.where} says that it comes from {SOURCE}, and none of the keys that this instance knows has signed"
        " it. Have it exported with a key of that source; or compare the fingerprint of its public key with those who run the"
        f" source, then `offline-transfer trust add {SOURCE} FILE`."
    )


def test_the_key_of_another_source_is_no_key_of_this_one(session: Session, draft: Draft) -> None:
    trusted_keys.add(session, "https://other.example.com", KEY)
    said = found(session, draft)
    assert (said.state, said.fingerprint) == (OriginState.SIGNED_UNKNOWN, KEY.fingerprint)
    refused = refusal(SignaturePolicy.KNOWN, said)
    assert isinstance(refused, UnknownSignerError)
    assert refused.details["reason"] == (
        f"it is signed with {KEY.fingerprint}, which is no key of that source (https://other.example.com)"
    )


def test_a_key_that_was_named_for_one_archive_is_told_and_binds_nothing(session: Session, draft: Draft) -> None:
    said = found(session, draft, [KEY])
    assert (said.state, said.fingerprint) == (OriginState.SIGNED_UNKNOWN, KEY.fingerprint)
    trusted_keys.add(session, SOURCE, KEY)
    assert found(session, draft, [KEY]).state is OriginState.SIGNED_KNOWN


def test_an_archive_without_a_signature_is_refused_where_one_is_asked_for(session: Session, draft: Draft) -> None:
    trusted_keys.add(session, SOURCE, KEY)
    draft.path("SHA256SUMS.sig").unlink()
    said = found(session, draft)
    assert (said.state, said.fingerprint) == (OriginState.UNSIGNED, None)
    assert refusal(SignaturePolicy.ANY, said) is None
    for policy in (SignaturePolicy.SIGNED, SignaturePolicy.KNOWN):
        refused = refusal(policy, said)
        assert isinstance(refused, UnsignedArchiveError)
        assert refused.http_status == 422
        assert refused.message == (
            f"The archive at {said.where} has no signature, and this instance takes signed archives alone. Have it exported with"
            " `--sign`, and with its manifest; or have an administrator set `offline_transfer_signature_policy` to `any`."
        )


def test_checksums_without_their_objects_are_refused_whatever_the_setting(session: Session, draft: Draft) -> None:
    # The signed checksums of one archive, laid beside the manifest of another.
    trusted_keys.add(session, SOURCE, KEY)
    sums, signature = (draft.path(name).read_bytes() for name in ("SHA256SUMS", "SHA256SUMS.sig"))
    draft.records("project_7/labels.ndjson.gz", [{"title": "forged", "color": "#f00"}])
    draft.finish(SIGNING_KEY)
    draft.path("SHA256SUMS").write_bytes(sums)
    draft.path("SHA256SUMS.sig").write_bytes(signature)
    with pytest.raises(SignatureWithoutContentsError) as caught:
        found(session, draft)
    assert "project_7/labels.ndjson.gz: SHA256SUMS gives it another hash" in caught.value.message


def test_without_a_manifest_nothing_hangs_on_a_signature(session: Session, draft: Draft) -> None:
    trusted_keys.add(session, SOURCE, KEY)
    draft.path("manifest.json.gz").unlink()
    path = draft.path("metadata.json.gz")
    metadata = orjson.loads(gzip.decompress(path.read_bytes()))
    for name in ("format_version", "generator", "batched", "export_tag"):
        del metadata[name]
    path.write_bytes(gzip.compress(orjson.dumps(metadata)))
    assert found(session, draft).state is OriginState.UNSIGNED


def test_an_archive_that_was_exchanged_since_is_not_read(session: Session, draft: Draft) -> None:
    bulk_import = BulkImport(id=7, source_type=SourceType.offline_export)
    trusted_keys.add(session, SOURCE, KEY)
    with Archive(draft.store, draft.prefix) as archive:
        origin.note(bulk_import, archive, origin.origin_of(session, archive))
        origin.require_unchanged(bulk_import, archive)
    assert (bulk_import.origin, bulk_import.signed_by) == ("signed_known", KEY.fingerprint)
    draft.records("project_7/labels.ndjson.gz", [{"title": "other", "color": "#f00"}])
    draft.finish(SIGNING_KEY)
    with Archive(draft.store, draft.prefix) as archive, pytest.raises(ArchiveExchangedError) as caught:
        origin.require_unchanged(bulk_import, archive)
    assert caught.value.message.endswith(
        "is not the one that import 7 was begun with: its manifest is another. Put that one back and retry the import, or begin a"
        " new one."
    )
