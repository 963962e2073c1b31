"""Writes hostile archives, each into a directory that is called like it."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from tests.attacks.making import archives, bombs, bundles, forgery, records, tars

Maker = Callable[[Path], Path]

_SOMEBODY: Final = {"project": 1, "group": 1, "user": 1, "issue": 1, "label": 1, "milestone": 1}

MAKERS: Final[Mapping[str, Maker]] = {
    "a00-honest": archives.honest,
    "a01-link": tars.link,
    "a03-odd-name": partial(tars.named, name=b".\nevil"),
    "a04-path": partial(tars.named, name=b"../../../../escaped"),
    "a05-bomb": lambda directory: bombs.dense_lines(directory, *[40] * 27),
    "a05-members": partial(bombs.many_members, count=1000),
    "a05-nested": bombs.nested_archive,
    "a05-second-member": bombs.second_member,
    "a06-commands": lambda directory: tars.stored(directory, "$(touch owned)", "`id`", "|id"),
    "a09-foreign-keys": partial(records.foreign_keys, ids=_SOMEBODY),
    "a10-rendered": records.rendered,
    "a11-fetched": partial(records.fetched, url="http://169.254.169.254/latest/meta-data"),
    "a13-local-file": partial(records.fetched, url="file:///etc/passwd"),
    "a14-refs": lambda directory: bundles.with_refs(directory, b"refs/replace/" + b"0" * 40, b"refs/heads/-x"),
    "a14-submodule": partial(bundles.with_submodule, url="file:///srv/other.git"),
    "a16-members": lambda directory: records.members(directory, 60, 50, 45),
    "a17-protections": lambda directory: records.protections(directory, 10, 30, 60, user_id=1, group_id=1),
    "a18-schedules": partial(records.schedules, user_id=1),
    "a19-runners": records.runners,
    "a20-history": partial(records.forged_history, username="root", email="root@example.com"),
    "a29-signed": forgery.signed,
    "a30-cut": partial(forgery.encrypted, spoil="cut"),
    "a34-flood": partial(bombs.flood, records=100_000, announced=10),
}


def main(directory: Path) -> None:
    """Write all of them."""
    for name, make in MAKERS.items():
        sys.stdout.write(f"{make(directory / name)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
