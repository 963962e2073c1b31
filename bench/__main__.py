"""`python -m bench`: measures speed and memory, prints tables, and writes all figures to `--output` as JSON."""

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import harness, server, tables, workers
from bench.workload import SIZES


def main() -> None:
    """Runs what the arguments ask for."""
    arguments = _arguments()
    figures: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    with server.running(arguments.directory) as running:
        sizes = [harness.measure_size(running, size, repeat=arguments.repeat, say=_say) for size in arguments.sizes]
        tables.show_sizes(sizes)
        figures["sizes"] = [size.to_json() for size in sizes]
        if arguments.curve:
            points = harness.measure_curve(running, arguments.curve, say=_say)
            tables.show_curve(arguments.curve, points)
            figures["curve"] = [asdict(point) for point in points]
        if arguments.workers:
            by_workers = workers.measure_workers(running, arguments.workers, say=_say)
            tables.show_workers(by_workers)
            figures["workers"] = asdict(by_workers)
        if arguments.projects:
            many = workers.measure_many(running, arguments.projects, say=_say)
            tables.show_many(many)
            figures["many"] = asdict(many)
        nearly_empty = harness.measure_nearly_empty(running, say=_say)
        tables.show_nearly_empty(nearly_empty)
        figures["nearly_empty"] = asdict(nearly_empty)
    if arguments.output:
        arguments.output.write_text(json.dumps(figures, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure speed and memory.")
    parser.add_argument("--sizes", type=_sizes, default=["S", "M"], help="of S, M, L and XL, separated by commas")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each size; the medians are shown")
    parser.add_argument(
        "--curve", choices=list(SIZES), help="also measure rows per transaction, with a workload of this size"
    )
    parser.add_argument(
        "--workers",
        choices=list(SIZES),
        help="also measure exports and imports by one worker process and by two, of this size",
    )
    parser.add_argument(
        "--projects",
        type=int,
        metavar="N",
        help="also export and import a group of so many nearly empty projects by two workers",
    )
    parser.add_argument("--directory", type=Path, help="where the server and the workloads lie while it runs")
    parser.add_argument("--output", type=Path, help="a file for all figures, as JSON")
    return parser.parse_args()


def _sizes(text: str) -> list[str]:
    sizes = [size for size in text.split(",") if size]
    unknown = set(sizes) - set(SIZES)
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no size {', '.join(sorted(unknown))}")
    return sizes


def _say(what: str) -> None:
    print(what, file=sys.stderr)  # noqa: T201 - progress


if __name__ == "__main__":
    main()
