"""Fills a disk of 2 MiB, or a file up to a limit of 2 MiB: DIRECTORY disk|limit. Prints what happened."""

import json
import resource
import subprocess
import sys
from pathlib import Path

from offline_transfer.storage.disk import DiskStore
from offline_transfer.storage.errors import StorageFullError
from offline_transfer.storage.sources import from_bytes

root, kind = Path(sys.argv[1]), sys.argv[2]
if kind == "disk":
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(root)], check=True)
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, 2 << 20))
store = DiskStore(root)
store.put("folder/old", from_bytes(b"old"))
try:
    store.put("folder/large", lambda: (b"n" * 300_000 for _ in range(10)))
except StorageFullError as error:
    result = {
        "error": type(error).__name__,
        "message": str(error),
        "retryable": error.retryable,
        "files": [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()],
        "old": b"".join(store.blocks("folder/old")).decode(),
    }
    sys.stdout.write(json.dumps(result))
