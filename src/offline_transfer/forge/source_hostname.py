"""Under which name a source appears at a destination."""

import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import urlsplit

from offline_transfer.forge.errors import InvalidSourceHostnameError

LONGEST: Final = 255
KNOWN_SERVICES: Final = ("github.com", "bitbucket.org", "gitea.com")
"""Other importers bring contributions from these under their own names, with other ids for the users."""

_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
_URL: Final = re.compile(rf"(https?)://({_HOST}|\[[0-9A-Fa-f:.]{{2,45}}\])(?::([0-9]{{1,5}}))?/?", re.IGNORECASE)
_PORTS: Final = {"http": 80, "https": 443}
_ALIAS: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")


def checked(text: str) -> str:
    """The name in the one spelling in which it is kept. Raises InvalidSourceHostnameError.

    Facts: GitLab takes a scheme and a host alone, up to 255 characters. An alias is ours, for those who do not want to say where
    they are.
    """
    if not text.strip():
        raise InvalidSourceHostnameError(problem="it is blank")
    if len(text) > LONGEST:
        raise InvalidSourceHostnameError(problem=f"it is longer than {LONGEST} characters")
    name, host = _url(text) if "://" in text else _alias(text)
    if any(host == service or host.endswith(f".{service}") for service in KNOWN_SERVICES):
        raise InvalidSourceHostnameError(problem="it names a service that other importers read from")
    return name


def seen_as(name: str) -> str:
    """What whoever exports should know about the name."""
    return f"People at a destination see {name} when they are asked to accept contributions."


def canonical(name: str) -> str:
    """The same for all spellings of one source, to compare by: small letters, and no port that the scheme implies.

    Takes whatever an archive says. A host alone is not the same as a URL of it.
    """
    match = _URL.fullmatch(name)
    if match is None:
        return name.lower()
    scheme, host = match[1].lower(), match[2].lower()
    if host.startswith("["):
        try:
            host = f"[{IPv6Address(host[1:-1])}]"
        except ValueError:
            return name.lower()
    port = int(match[3]) if match[3] is not None else _PORTS[scheme]
    return f"{scheme}://{host}" if port == _PORTS[scheme] else f"{scheme}://{host}:{port}"


def of_instance(instance_url: str) -> str:
    """The name of an instance that has been given none: where it is."""
    address = urlsplit(instance_url)
    return f"{address.scheme}://{address.netloc}"


def _url(text: str) -> tuple[str, str]:
    match = _URL.fullmatch(text)
    if match is None or (match[3] is not None and not 1 <= int(match[3]) <= 65535):
        raise InvalidSourceHostnameError(
            problem="a URL may have a scheme (http or https), a host and a port, and no more"
        )
    host = match[2].lower()
    if host.startswith("["):
        try:
            IPv6Address(host[1:-1])
        except ValueError:
            raise InvalidSourceHostnameError(problem="there is no such IPv6 address") from None
    return text.removesuffix("/").lower(), host


def _alias(text: str) -> tuple[str, str]:
    if _ALIAS.fullmatch(text) is None:
        raise InvalidSourceHostnameError(
            problem="an alias has letters, digits, `.`, `_` and `-`, and begins and ends with a letter or digit"
        )
    return text, text.lower()
