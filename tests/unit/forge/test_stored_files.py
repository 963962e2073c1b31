"""Uploads and LFS objects: where their contents lie, and what is not let in."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_transfer.forge.errors import (
    BadFileNameError,
    BadUploadSecretError,
    FileTooLargeError,
    LfsContentsError,
)
from offline_transfer.forge.files import (
    Files,
    StoredFile,
    UploadPlace,
    checked_file_name,
    lfs_key,
)
from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import InvalidObjectKeyError, ObjectNotFoundError, SourceSpentError
from offline_transfer.storage.keys import validate_key
from offline_transfer.storage.sources import from_bytes, once

SECRET = "2e9542b04c8c34f16a3440f30c85de2f"
HELLO_OID = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
HELLO_KEY = "lfs/2c/f2/4dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
PLACE = UploadPlace(model_type="Project", model_id=5, secret=SECRET, name="image.png")


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "files")


@pytest.fixture
def files(store: DiskStore) -> Files:
    return Files(store, maximum_bytes=10)


def contents(files: Files, key: str) -> bytes:
    return b"".join(files.open(key))


def test_an_upload_is_written_counted_and_hashed(files: Files) -> None:
    stored = files.store_upload(PLACE, once([b"he", b"", b"llo"]))
    assert stored == StoredFile(
        key="uploads/project_5/76/25/16da434e7c742114a840d1174497e5aeed0f115286146e2d692ee314f415",
        size=5,
        sha256=HELLO_OID,
    )
    assert (contents(files, stored.key), files.size(stored.key)) == (b"hello", 5)


def test_an_upload_may_be_written_again(files: Files, store: DiskStore) -> None:
    first = files.store_upload(PLACE, from_bytes(b"half"))
    second = files.store_upload(PLACE, from_bytes(b"whole"))
    assert first.key == second.key
    assert [found.key for found in store.list()] == [second.key]
    assert contents(files, second.key) == b"whole"


def test_no_two_uploads_share_a_key() -> None:
    places = [
        PLACE,
        UploadPlace(model_type="Project", model_id=6, secret=SECRET, name="image.png"),
        UploadPlace(model_type="Namespace", model_id=5, secret=SECRET, name="image.png"),
        UploadPlace(model_type="Project", model_id=5, secret=SECRET[::-1], name="image.png"),
        UploadPlace(model_type="Project", model_id=5, secret=SECRET, name="Image.png"),
        UploadPlace(model_type="Project", model_id=5, name="image.png"),
        UploadPlace(model_type="Project", model_id=5, name="image.png", mount_point="avatar"),
    ]
    assert len({place.key for place in places}) == len(places)


@given(st.text(), st.integers(1, 2**63 - 1))
def test_a_key_never_shows_a_name(name: str, model_id: int) -> None:
    try:
        place = UploadPlace(model_type="Project", model_id=model_id, name=name)
    except BadFileNameError:
        return
    assert validate_key(place.key) == place.key
    assert set(place.key.removeprefix(f"uploads/project_{model_id}")) <= set("/0123456789abcdef")


@pytest.mark.parametrize(
    "name",
    [
        "image.png",
        ".gitignore",
        "a.tar.gz",
        "Übersicht 2024.pdf",
        "图.png",
        "e\u0301.txt",
        "-rf",
        "a&b='c'.txt",
        "👨\u200d👩\u200d👧.png",
    ],
)
def test_names_that_people_give_stay_as_they_are(name: str) -> None:
    assert checked_file_name(name) == name


BAD_NAMES = {
    "it contains a separator": ["../x", "a/b", "/etc/passwd", "a\\b", "C:x", "file:stream"],
    "it contains a character that is not allowed": [
        *("a\nb", ".\nevil", "a\0b", "a\x1b[31m", "a\x7f", "a\x85b", "a\u2028b"),
        *("gpj.\u202eexe", "\ufeffa", "a\ud800", "a\u00a0b", "a\ue000"),
    ],
    "it is longer than 255 bytes": ["a" * 256, "é" * 128],
    "it is empty, begins with two dots, or ends in a dot or a space": ["", ".", "..", "...", "..x", "x.", "x "],
}


@pytest.mark.parametrize(("reason", "name"), [(reason, name) for reason in BAD_NAMES for name in BAD_NAMES[reason]])
def test_names_that_mislead_a_system_or_a_person_are_refused(reason: str, name: str) -> None:
    with pytest.raises(BadFileNameError) as caught:
        UploadPlace(model_type="Project", model_id=5, secret=SECRET, name=name)
    assert caught.value.details == {"name": ascii(name[:255]), "reason": reason}
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("secret", ["", "../../etc", SECRET.upper(), SECRET[:-1], SECRET + "0", SECRET + "\n"])
def test_a_secret_is_32_hexadecimal_digits(secret: str) -> None:
    with pytest.raises(BadUploadSecretError, match=r"The secret of the upload image\.png is not"):
        UploadPlace(model_type="Project", model_id=5, secret=secret, name="image.png")


@pytest.mark.parametrize("size", [11, 1_000_000])
def test_a_file_that_is_too_large_is_stopped_and_leaves_nothing(files: Files, store: DiskStore, size: int) -> None:
    with pytest.raises(FileTooLargeError, match=r"The upload image.png is larger than 10 bytes"):
        files.store_upload(PLACE, lambda: (b"x" for _ in range(size)))
    oid = hashlib.sha256(b"x" * size).hexdigest()
    with pytest.raises(FileTooLargeError, match=f"The LFS object {oid} is larger than 10 bytes"):
        files.store_lfs(oid, from_bytes(b"x" * size))
    assert list(store.list()) == []


def test_the_largest_file_allowed_is_written(files: Files) -> None:
    assert files.store_upload(PLACE, from_bytes(b"x" * 10)).size == 10


def test_an_lfs_object_lies_under_its_hash(files: Files) -> None:
    stored = files.store_lfs(HELLO_OID, once([b"hel", b"lo"]))
    assert stored == StoredFile(key=HELLO_KEY, size=5, sha256=HELLO_OID)
    assert contents(files, HELLO_KEY) == b"hello"


def test_an_lfs_object_that_is_there_is_not_written_again_but_its_bytes_are_asked_for(
    files: Files, tmp_path: Path
) -> None:
    files.store_lfs(HELLO_OID, from_bytes(b"hello"))
    before = (tmp_path / "files" / HELLO_KEY).stat()
    assert files.store_lfs(HELLO_OID, once([b"hello"])) == StoredFile(key=HELLO_KEY, size=5, sha256=HELLO_OID)
    assert (tmp_path / "files" / HELLO_KEY).stat() == before
    with pytest.raises(LfsContentsError):
        files.store_lfs(HELLO_OID, from_bytes(b""))


def test_wrong_contents_never_lie_under_a_right_hash(files: Files, store: DiskStore) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(LfsContentsError, match=f"The LFS object {HELLO_OID} has the contents .* is {other}"):
        files.store_lfs(HELLO_OID, from_bytes(b"other"))
    assert list(store.list()) == []


@pytest.mark.parametrize(
    "oid", ["", "../" * 22, HELLO_OID.upper(), HELLO_OID[:-1], HELLO_OID + "\n", "lfs_objects.json"]
)
def test_only_hashes_name_lfs_objects(oid: str) -> None:
    with pytest.raises(BadFileNameError, match="LFS objects are named by 64 hexadecimal digits"):
        lfs_key(oid)


def test_what_a_source_raises_leaves_nothing(files: Files, store: DiskStore) -> None:
    spent = once([b"hello"])
    files.store_upload(PLACE, spent)
    files.delete(PLACE.key)
    with pytest.raises(SourceSpentError):
        files.store_upload(PLACE, spent)
    assert list(store.list()) == []


def test_a_deleted_file_is_gone(files: Files) -> None:
    stored = files.store_upload(PLACE, from_bytes(b"x"))
    files.delete(stored.key)
    files.delete(stored.key)
    with pytest.raises(ObjectNotFoundError):
        contents(files, stored.key)


def test_a_key_that_is_not_ours_does_not_leave_the_store(files: Files) -> None:
    with pytest.raises(InvalidObjectKeyError):
        contents(files, "../../etc/passwd")
