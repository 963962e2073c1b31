"""Where the stores that a request names may be."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPolicy:
    """What an administrator allows to the stores of requests; nothing of it limits what is typed at the command line.

    Without `allow_private` and `allow_loopback` only public addresses are contacted. Link-local addresses and those at which
    clouds hand out credentials never are. Directories must lie below one of `disk_roots`.
    """

    allow_s3_compatible: bool = False
    allow_application_default_credentials: bool = False
    allow_plain_http: bool = False
    allow_private: bool = False
    allow_loopback: bool = False
    disk_roots: tuple[Path, ...] = ()
