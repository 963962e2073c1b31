"""What is measured, and in which order: each figure in a process of its own, both sides of a ratio in one run on one server."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench import workload
from bench.server import BenchServer

Result = dict[str, Any]
Say = Callable[[str], None]

MIB: Final = 1 << 20
BATCH_SIZES: Final = (50, 100, 250, 500, 1000, 2500, 5000)
FLUSH_MIB: Final = (1, 2, 4, 8, 16, 32)
NEARLY_EMPTY_PROJECTS: Final = 50


class DifferentRowsError(Exception):
    """The rows that were copied are not those that were imported: the ratio would compare different things."""


@dataclass(frozen=True, slots=True)
class SizeFigures:
    """One size: seconds of each step (the median of all runs), memory in bytes."""

    size: str
    json_bytes: int
    records: int
    rows: int
    load_seconds: float
    load_cpu_seconds: float
    load_peak: int
    start_seconds: float
    start_peak: int
    copy_in_seconds: float
    export_seconds: float
    export_cpu_seconds: float
    export_peak: int
    archive_bytes: int
    copy_out_seconds: float

    @property
    def export_ratio(self) -> float:
        """How many times as long the export takes as the bare COPY, compression included."""
        return self.export_seconds / self.copy_out_seconds

    @property
    def load_ratio(self) -> float:
        """How many times as long the import takes as the bare COPY."""
        return self.load_seconds / self.copy_in_seconds

    def to_json(self) -> Result:
        """As it is written to a file."""
        return {**asdict(self), "load_ratio": self.load_ratio, "export_ratio": self.export_ratio}


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One setting of the curve: `records` to a transaction, `flush_bytes` held."""

    records: int | None
    flush_bytes: int
    seconds: float
    cpu_seconds: float
    peak: int


@dataclass(frozen=True, slots=True)
class NearlyEmptyFigures:
    """A project with a label and an issue: seconds for each of many, one process."""

    projects: int
    load_seconds: float
    export_seconds: float


def measure_size(server: BenchServer, size: str, *, repeat: int, say: Say) -> SizeFigures:
    """Imports a workload of one size and copies its rows, as often as asked, and takes the medians."""
    with server.scratch() as tree:
        written = workload.write_project(tree, workload.SIZES[size])
        runs = []
        for number in range(1, repeat + 1):
            say(f"{size}: run {number} of {repeat}")
            runs.append(_run_once(server, tree))
    loads, exports, outs, ins = zip(*runs, strict=True)
    return SizeFigures(
        size=size,
        json_bytes=written.bytes,
        records=loads[0]["records"],
        rows=sum(outs[0]["rows"].values()),
        load_seconds=_median(loads, "seconds"),
        load_cpu_seconds=_median(loads, "cpu_seconds"),
        load_peak=max(load["peak_bytes"] for load in loads),
        start_seconds=_median(loads, "start_seconds"),
        start_peak=max(load["start_peak_bytes"] for load in loads),
        copy_in_seconds=_median(ins, "seconds"),
        export_seconds=_median(exports, "seconds"),
        export_cpu_seconds=_median(exports, "cpu_seconds"),
        export_peak=max(export["peak_bytes"] for export in exports),
        archive_bytes=exports[0]["archive_bytes"],
        copy_out_seconds=_median(outs, "seconds"),
    )


def measure_curve(server: BenchServer, size: str, say: Say) -> list[CurvePoint]:
    """Rows per transaction and bytes per flush against speed and memory."""
    settings: list[tuple[int | None, int]] = [(records, 8) for records in BATCH_SIZES]
    settings += [(None, flush) for flush in FLUSH_MIB]
    points = []
    with server.scratch() as tree:
        workload.write_project(tree, workload.SIZES[size])
        for records, flush in settings:
            say(f"curve: {records or 'all'} records to a transaction, {flush} MiB held")
            with server.database() as url, server.scratch() as data_dir:
                result = step(
                    "load", url=url, data_dir=data_dir, export_tree=tree, batch_records=records, flush_bytes=flush * MIB
                )
            point = CurvePoint(records, flush * MIB, result["seconds"], result["cpu_seconds"], result["peak_bytes"])
            points.append(point)
    return points


def measure_nearly_empty(server: BenchServer, say: Say) -> NearlyEmptyFigures:
    """What a project costs that has hardly anything in it."""
    say(f"{NEARLY_EMPTY_PROJECTS} nearly empty projects")
    with server.scratch() as tree, server.database() as url, server.scratch() as data_dir:
        workload.write_nearly_empty_project(tree)
        loads = step("load_many", url=url, data_dir=data_dir, export_tree=tree, times=NEARLY_EMPTY_PROJECTS)
        exports = step("export", url=url, data_dir=data_dir, paths=loads["paths"])
    return NearlyEmptyFigures(
        NEARLY_EMPTY_PROJECTS, loads["seconds"] / NEARLY_EMPTY_PROJECTS, exports["seconds"] / NEARLY_EMPTY_PROJECTS
    )


def step(name: str, **arguments: object) -> Result:
    """Runs one step in a process of its own."""
    given = {key: str(value) if isinstance(value, Path) else value for key, value in arguments.items()}
    process = subprocess.run(
        [sys.executable, "-m", "bench.steps", name, json.dumps(given)], stdout=subprocess.PIPE, check=True
    )
    result: Result = json.loads(process.stdout)
    return result


def _run_once(server: BenchServer, tree: Path) -> tuple[Result, Result, Result, Result]:
    with server.database() as destination, server.database() as clone, server.scratch() as scratch:
        load = step("load", url=destination, data_dir=scratch, export_tree=tree)
        if load["imported"] != load["records"]:
            raise DifferentRowsError(f"{load['records'] - load['imported']} records were not imported")
        server.vacuum(destination)
        export = step("export", url=destination, data_dir=scratch, paths=[load["path"]])
        out = step("copy_out", url=destination, directory=scratch)
        copied = step("copy_in", url=clone, directory=scratch)
        if copied["rows"] != out["rows"]:
            raise DifferentRowsError("the clone has other rows")
    return load, export, out, copied


def _median(results: Iterable[Result], key: str) -> float:
    return float(median(result[key] for result in results))
