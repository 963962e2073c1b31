"""A process that uses the embedded server until its standard input ends: `python -m tests.support.server_user DATA_DIR`.

It prints the server's address when the server runs.
"""

import sys
from pathlib import Path

from offline_transfer.embedded import THROWAWAY, running

if __name__ == "__main__":
    with running(Path(sys.argv[1]), THROWAWAY) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        sys.stdin.read()
