"""What `offline-transfer serve` becomes: `python -m offline_transfer.api --host HOST --port PORT --workers N`.

Settings come from the environment. The workers are processes of their own that end with this one, however it ends.
"""

import argparse
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from offline_transfer import logs, mail, programs
from offline_transfer.api import server
from offline_transfer.api.app import create_app
from offline_transfer.errors import ExitStatus, OfflineTransferError
from offline_transfer.jobs import marker, registration
from offline_transfer.jobs.instance import open_service
from offline_transfer.jobs.log_files import LogFiles
from offline_transfer.jobs.processes import WorkerProcesses
from offline_transfer.settings import load_settings
from offline_transfer.types import JsonObject

logger: Final = logging.getLogger("offline_transfer.api")


def main(arguments: list[str]) -> int:
    """Serves until it is told to end; gives the exit status."""
    parser = argparse.ArgumentParser(prog="offline-transfer serve")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    say = _say_as_json if options.json else _say
    registration.register_all()
    # While nothing is served yet, being told to end is like Ctrl-C: what was opened is closed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with logs.bound(host=socket.gethostname(), pid=os.getpid()):
        try:
            _serve(options.host, options.port, workers=options.workers, say=say)
        except OfflineTransferError as error:
            if options.json:
                _print({"error": {"code": error.code(), "message": error.message}})
            sys.stderr.write(f"offline-transfer: {error.message}\n")
            return error.exit_status
        except KeyboardInterrupt:
            return ExitStatus.INTERRUPTED
        except Exception as error:  # the edge: nobody else would write it into the logs
            logger.error("server.failed", exc_info=error)
            return ExitStatus.UNEXPECTED
    return ExitStatus.OK


def _say(address: str, mails: str) -> None:
    sys.stdout.write(f"Serving {address}\nMails go to {mails}\n")
    sys.stdout.flush()


def _say_as_json(address: str, mails: str) -> None:
    _print({"address": address, "mails": mails})


def _print(document: JsonObject) -> None:
    sys.stdout.write(f"{json.dumps(document)}\n")
    sys.stdout.flush()


def _serve(host: str, port: int, *, workers: int | None, say: Callable[[str, str], None]) -> None:
    settings = load_settings()
    logs.write_logs(settings.log_level)
    with ExitStack() as stack:
        listening = stack.enter_context(server.listen(host, port))
        instance = stack.enter_context(open_service(settings))
        logs.add_handler(LogFiles(settings.data_dir), settings.log_level)
        if workers != 0:
            marker.require(instance)
            stack.enter_context(WorkerProcesses(settings, count=workers))
        address = server.address_of(listening)
        logger.info("server.started", extra={"address": address})
        say(address, mail.where_to(settings))
        server.run(create_app(instance), listening)
        logger.info("server.ended")


if __name__ == "__main__":
    programs.end(main(sys.argv[1:]))
