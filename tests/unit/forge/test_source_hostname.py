"""What a source may call itself."""

import pytest

from offline_transfer.archive.keys import ExportPrefix
from offline_transfer.archive.limits import Limits
from offline_transfer.archive.metadata import Metadata
from offline_transfer.forge import source_hostname
from offline_transfer.forge.errors import InvalidSourceHostnameError


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("https://gitlab.example.com", "https://gitlab.example.com"),
        ("https://GitLab.example.com/", "https://gitlab.example.com"),
        ("http://10.0.0.1:8080", "http://10.0.0.1:8080"),
        ("https://[2001:DB8::1]:443", "https://[2001:db8::1]:443"),
        ("localhost", "localhost"),
        ("Head-Office_2.north", "Head-Office_2.north"),
        ("http://notgithub.com", "http://notgithub.com"),
        ("a" * 255, "a" * 255),
    ],
)
def test_urls_and_aliases_are_kept_in_one_spelling_that_an_archive_can_have(said: str, kept: str) -> None:
    assert source_hostname.checked(said) == kept
    metadata = Metadata(export_prefix=ExportPrefix("export"), source_hostname=kept, entities_mapping={})
    assert Metadata.parse([metadata.to_json()], Limits(), "metadata").source_hostname == kept


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("", "it is blank"),
        (" \t\n", "it is blank"),
        ("a" * 256, "it is longer than 255 characters"),
        ("https://github.com", "it names a service that other importers read from"),
        ("http://API.GitHub.com:8443", "it names a service that other importers read from"),
        ("bitbucket.org", "it names a service that other importers read from"),
        ("demo.gitea.com", "it names a service that other importers read from"),
        ("https://example.com/group", "a URL may have a scheme (http or https), a host and a port, and no more"),
        ("https://example.com?a=b", "a URL may have a scheme (http or https), a host and a port, and no more"),
        ("https://ada:secret@example.com", "a URL may have a scheme (http or https), a host and a port, and no more"),
        ("https://example.com:0", "a URL may have a scheme (http or https), a host and a port, and no more"),
        ("https://example.com:65536", "a URL may have a scheme (http or https), a host and a port, and no more"),
        ("ftp://example.com", "a URL may have a scheme (http or https), a host and a port, and no more"),
        ("https://exa mple.com", "a URL may have a scheme (http or https), a host and a port, and no more"),
        ("https://github.com.", "a URL may have a scheme (http or https), a host and a port, and no more"),
        ("https://ｇithub.com", "a URL may have a scheme (http or https), a host and a port, and no more"),
        ("https://[::1::2]", "there is no such IPv6 address"),
        ("-office", "an alias has letters, digits, `.`, `_` and `-`, and begins and ends with a letter or digit"),
        ("head office", "an alias has letters, digits, `.`, `_` and `-`, and begins and ends with a letter or digit"),
        ("office\x1b[2J", "an alias has letters, digits, `.`, `_` and `-`, and begins and ends with a letter or digit"),
    ],
)
def test_anything_else_is_refused_with_the_reason(said: str, problem: str) -> None:
    with pytest.raises(InvalidSourceHostnameError) as caught:
        source_hostname.checked(said)
    assert caught.value.details == {"problem": problem}


def test_an_instance_without_a_name_is_called_by_its_address() -> None:
    assert source_hostname.of_instance("https://gitlab.example.com:8443/gitlab") == "https://gitlab.example.com:8443"


@pytest.mark.parametrize(
    "said", ["https://gitlab.example.com", "HTTPS://GitLab.Example.com/", "https://gitlab.example.com:443/"]
)
def test_spellings_of_one_source_are_one_name(said: str) -> None:
    assert source_hostname.canonical(said) == "https://gitlab.example.com"


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("http://gitlab.example.com:80", "http://gitlab.example.com"),
        ("http://gitlab.example.com:443", "http://gitlab.example.com:443"),
        ("https://gitlab.example.com:8443", "https://gitlab.example.com:8443"),
        ("https://[2001:DB8:0:0::1]:443", "https://[2001:db8::1]"),
        ("gitlab.example.com", "gitlab.example.com"),
        ("Head-Office", "head-office"),
        ("https://gitlab.example.com:99999", "https://gitlab.example.com:99999"),
        ("https://[::1::2]", "https://[::1::2]"),
    ],
)
def test_another_scheme_host_or_port_is_another_source(said: str, name: str) -> None:
    assert source_hostname.canonical(said) == name
