"""Keys and prefixes: what is written, what is read, what is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_transfer.archive.errors import InvalidExportPrefixError, InvalidKeyError
from offline_transfer.archive.keys import EntityPrefix, ExportPrefix, Extension, ObjectKey, Spelling
from offline_transfer.types import PortableKind

entities = st.builds(EntityPrefix, st.sampled_from(PortableKind), st.integers(1, 2**63 - 1))
object_keys = st.builds(
    ObjectKey,
    entity=entities,
    relation=st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=64),
    extension=st.sampled_from(Extension),
    batch=st.none() | st.integers(1, 2**31 - 1),
    spelling=st.builds(Spelling, st.sampled_from("/-"), st.booleans()),
)


@given(object_keys)
def test_a_key_is_read_as_it_was_written(key: ObjectKey) -> None:
    read = ObjectKey.parse(str(key))
    assert (read, read.spelling, str(read)) == (key, key.spelling, str(key))


@given(object_keys)
def test_spellings_of_one_object_are_equal_and_one_of_them_is_written(key: ObjectKey) -> None:
    assert key.canonical() == key
    assert str(key.canonical()) == str(ObjectKey.parse(str(key)).canonical())
    assert len({key, key.canonical()}) == 1


@given(st.text(max_size=40))
def test_whatever_is_read_as_a_key_is_written_the_same(text: str) -> None:
    try:
        key = ObjectKey.parse(text)
    except InvalidKeyError:
        return
    assert str(key) == text


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("group_1/self.json.gz", "group_1/self.json.gz"),
        ("group_1-self.json", "group_1/self.json.gz"),
        ("group_1-milestones.ndjson", "group_1/milestones.ndjson.gz"),
        ("project_1-issues/batch_1.ndjson", "project_1/issues/batch_1.ndjson.gz"),
        ("project_1-repository.tar.gz", "project_1/repository.tar.gz"),
        ("project_1-uploads/batch_12.tar.gz", "project_1/uploads/batch_12.tar.gz"),
        ("project_1/uploads/batch_12.tar", "project_1/uploads/batch_12.tar.gz"),
    ],
)
def test_both_of_gitlabs_spellings_are_read(text: str, canonical: str) -> None:
    assert str(ObjectKey.parse(text).canonical()) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "group_1",
        "group_1/self",
        "group_1/self.gz",
        "group_1/self.yaml.gz",
        "group_1/self.json.gz/",
        "/group_1/self.json.gz",
        "group_1//self.json.gz",
        "group_1/../self.json.gz",
        "group_1/self.json.gz\n",
        "group_1/se\x00lf.json.gz",
        "group_1/Self.json.gz",
        "group_1/sélf.json.gz",
        "group_1/self.json.gz.age.gz",
        "group_0/self.json.gz",
        "group_01/self.json.gz",
        "group_٣/self.json.gz",
        "group_9223372036854775808/self.json.gz",
        "user_1/self.json.gz",
        "Group_1/self.json.gz",
        "group_1/labels/batch_0.ndjson.gz",
        "group_1/labels/batch_01.ndjson.gz",
        "group_1/labels/batch_-1.ndjson.gz",
        "group_1/labels/batch_2147483648.ndjson.gz",
        "group_1/labels/batch_.ndjson.gz",
        "group_1/labels-batch_1.ndjson.gz",
        f"group_1/{'a' * 65}.json.gz",
        "metadata.json.gz",
    ],
)
def test_any_other_text_is_no_key(text: str) -> None:
    with pytest.raises(InvalidKeyError):
        ObjectKey.parse(text)


def test_a_key_cannot_be_built_with_parts_that_would_not_be_read() -> None:
    entity = EntityPrefix(PortableKind.GROUP, 1)
    with pytest.raises(InvalidKeyError):
        ObjectKey(entity=entity, relation="../self", extension=Extension.JSON)
    with pytest.raises(InvalidKeyError):
        ObjectKey(entity=entity, relation="labels", extension=Extension.NDJSON, batch=0)
    with pytest.raises(InvalidKeyError):
        EntityPrefix(PortableKind.GROUP, 0)


def test_a_generated_prefix_has_gitlabs_form_in_utc() -> None:
    now = datetime(2026, 4, 16, 21, 39, 0, tzinfo=timezone(timedelta(hours=2)))
    prefix = ExportPrefix.generate(now)
    head, token = prefix.value[:-8], prefix.value[-8:]
    assert head == "2026-04-16_19-39-00_export_"
    assert token.isascii()
    assert token.isalnum()


def test_two_prefixes_of_one_second_differ() -> None:
    now = datetime.now(UTC)
    assert ExportPrefix.generate(now) != ExportPrefix.generate(now)


@pytest.mark.parametrize(
    "text", ["export_2025-09-18_1hrwkrv", "media 3/Übergabe", "a/b/c/", "..a", "a.b", "-", "x" * 255]
)
def test_people_may_rename_the_prefix(text: str) -> None:
    assert str(ExportPrefix.parse(text)) == text.removesuffix("/")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/a",
        "a//b",
        "a//",
        ".",
        "..",
        "a/../b",
        "a/./b",
        "a\\b",
        "a\nb",
        "a\x00b",
        "\ud800",
        "x" * 256,
        "a/" * 401,
    ],
)
def test_a_prefix_that_is_no_clean_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidExportPrefixError):
        ExportPrefix.parse(text)


def test_the_whole_key_of_an_object_lies_below_the_prefix() -> None:
    key = ObjectKey.parse("group_1/labels/batch_2.ndjson.gz")
    assert ExportPrefix("media/export").key(key) == "media/export/group_1/labels/batch_2.ndjson.gz"


def test_an_error_shows_a_hostile_key_on_one_line() -> None:
    with pytest.raises(InvalidKeyError) as caught:
        ObjectKey.parse("group_1/\x1b[2J\n{evil}")
    assert "`group_1/\\x1b[2J\\n{evil}`" in str(caught.value)
    assert str(caught.value).isprintable()
