"""Reads from a disk that is mounted read-only, and tries to change it: DIRECTORY. Prints what happened."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import ReadOnlyStoreError
from offline_transfer.storage.sources import from_bytes


def refusal(call: Callable[[], object]) -> str:
    """The message of a call that must not succeed."""
    try:
        call()
    except ReadOnlyStoreError as error:
        return str(error)
    return "it was changed"


root = sys.argv[1]
store = DiskStore(Path(root))
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", root], check=True)
store.put("folder/key", from_bytes(b"contents"))
subprocess.run(["mount", "-o", "remount,ro", root], check=True)
read = b"".join(block for info in store.list() for block in store.blocks(info.key)).decode()
refusals = [
    refusal(lambda: store.put("folder/key", from_bytes(b"new"))),
    refusal(lambda: store.delete("folder/key")),
]
sys.stdout.write(json.dumps({"read": read, "refusals": refusals}))
