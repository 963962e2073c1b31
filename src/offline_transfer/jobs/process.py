"""What a worker process executes: `python -m offline_transfer.jobs.process QUEUE... [--import MODULE...]`.

Settings come from the environment. Standard input is a pipe of the process that started it: when that ends, however, so does this.
"""

import argparse
import importlib
import sys
import threading

from offline_transfer import logs
from offline_transfer.errors import OfflineTransferError
from offline_transfer.jobs import registration
from offline_transfer.jobs.instance import open_service
from offline_transfer.jobs.worker import Worker
from offline_transfer.settings import load_settings


def main(arguments: list[str]) -> int:
    """Works until it is told to end; gives the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("queues", nargs="+")
    parser.add_argument("--import", dest="modules", action="append", default=[])
    options = parser.parse_args(arguments)
    registration.register_all()
    for module in options.modules:
        importlib.import_module(module)
    settings = load_settings()
    logs.write_logs(settings.log_level)
    try:
        with open_service(settings) as instance:
            worker = Worker(instance, options.queues)
            threading.Thread(target=_stop_with_parent, args=(worker,), name="parent", daemon=True).start()
            worker.run()
    except OfflineTransferError as error:
        sys.stderr.write(f"offline-transfer worker: {error.message}\n")
        return error.exit_status
    return 0


def _stop_with_parent(worker: Worker) -> None:
    while sys.stdin.buffer.read(1):
        pass
    worker.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
