"""What a worker process executes: `python -m offline_transfer.jobs.process QUEUE... [--import MODULE...]`.

Settings come from the environment. Standard input is a pipe of the process that started it: when that ends, however, so does this.
"""

import argparse
import importlib
import logging
import os
import socket
import sys
import threading
from collections.abc import Sequence
from typing import Final

from offline_transfer import logs, programs
from offline_transfer.errors import ExitStatus, OfflineTransferError
from offline_transfer.jobs import marker, registration
from offline_transfer.jobs.instance import open_service
from offline_transfer.jobs.log_files import LogFiles
from offline_transfer.jobs.worker import Worker
from offline_transfer.queue import QueueName
from offline_transfer.settings import load_settings

logger: Final = logging.getLogger("offline_transfer.jobs.process")


def main(arguments: list[str]) -> int:
    """Works until it is told to end; gives the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("queues", nargs="+", type=QueueName)
    parser.add_argument("--import", dest="modules", action="append", default=[])
    options = parser.parse_args(arguments)
    registration.register_all()
    for module in options.modules:
        importlib.import_module(module)
    with logs.bound(host=socket.gethostname(), pid=os.getpid()):
        try:
            _work(options.queues)
        except OfflineTransferError as error:
            sys.stderr.write(f"offline-transfer worker: {error.message}\n")
            return error.exit_status
        except Exception as error:  # the edge: nobody else would write it into the logs
            logger.error("worker.failed", exc_info=error)
            return ExitStatus.UNEXPECTED
    return ExitStatus.OK


def _work(queues: Sequence[QueueName]) -> None:
    settings = load_settings()
    logs.write_logs(settings.log_level)
    logs.add_handler(LogFiles(settings.data_dir), settings.log_level)
    with open_service(settings) as instance:
        if QueueName.FILES in queues:
            marker.require(instance)
        worker = Worker(instance, queues)
        threading.Thread(target=_stop_with_parent, args=(worker,), name="parent", daemon=True).start()
        worker.run()


def _stop_with_parent(worker: Worker) -> None:
    # Not through `sys.stdin`, whose lock a daemon thread must not hold when the interpreter ends.
    while os.read(0, 1):
        pass
    worker.stop()


if __name__ == "__main__":
    programs.end(main(sys.argv[1:]))
