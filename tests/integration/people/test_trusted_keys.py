"""Which keys are taken for those of which sources."""

import pytest
from sqlalchemy.orm import Session

from offline_transfer.archive.signature import SigningKey
from offline_transfer.forge import trusted_keys
from offline_transfer.forge.errors import InvalidSourceHostnameError, TrustedKeyNotFoundError

KEY = SigningKey.generate().public_key("source.pub")
OTHER = SigningKey.generate().public_key("other.pub")
SOURCE = "https://gitlab.example.com"


def known(session: Session, hostname: str) -> list[str]:
    return [key.fingerprint for key in trusted_keys.of_source(session, hostname)]


def test_a_key_is_known_under_every_spelling_of_its_source(session: Session) -> None:
    added = trusted_keys.add(session, "https://GitLab.example.com:443/", KEY)
    assert (added.source_hostname, added.fingerprint) == (SOURCE, KEY.fingerprint)
    assert known(session, SOURCE) == known(session, "HTTPS://gitlab.EXAMPLE.com") == [KEY.fingerprint]
    assert added.read().to_pem() == KEY.to_pem()


@pytest.mark.parametrize(
    "other",
    ["http://gitlab.example.com", "https://gitlab.example.com:8443", "gitlab.example.com", "https://example.com"],
)
def test_it_is_no_key_of_another_source(session: Session, other: str) -> None:
    trusted_keys.add(session, SOURCE, KEY)
    assert known(session, other) == []


def test_a_source_may_have_several_keys_each_once(session: Session) -> None:
    first = trusted_keys.add(session, SOURCE, KEY)
    trusted_keys.add(session, SOURCE, OTHER)
    trusted_keys.add(session, "head-office", KEY)
    assert trusted_keys.add(session, f"{SOURCE}/", KEY).id == first.id
    assert [(key.source_hostname, key.fingerprint) for key in trusted_keys.listed(session)] == [
        ("head-office", KEY.fingerprint),
        (SOURCE, KEY.fingerprint),
        (SOURCE, OTHER.fingerprint),
    ]


def test_a_key_that_was_removed_is_known_no_more(session: Session) -> None:
    trusted_keys.add(session, SOURCE, KEY)
    trusted_keys.add(session, SOURCE, OTHER)
    trusted_keys.remove(session, "https://GITLAB.example.com", KEY.fingerprint.upper())
    assert known(session, SOURCE) == [OTHER.fingerprint]
    with pytest.raises(TrustedKeyNotFoundError) as caught:
        trusted_keys.remove(session, SOURCE, KEY.fingerprint)
    assert caught.value.message == (
        f"No key {KEY.fingerprint} is taken for one of {SOURCE}. `offline-transfer trust list` shows which are."
    )


def test_what_no_archive_can_be_called_is_refused(session: Session) -> None:
    with pytest.raises(InvalidSourceHostnameError):
        trusted_keys.add(session, "https://gitlab.example.com/group", KEY)
