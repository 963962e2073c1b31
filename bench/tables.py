"""The figures as tables for people."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from bench.harness import MIB, CurvePoint, NearlyEmptyFigures, SizeFigures

_console = Console(width=140)


def show_sizes(sizes: Iterable[SizeFigures]) -> None:
    """Import beside the bare COPY of the same rows."""
    table = _table(
        "Import", "size", "JSON MB", "records", "rows", "seconds", "of them ours", "records/s", "MB/s", "COPY in", "ratio", "peak MiB",
        "before it MiB", "start seconds",
    )  # fmt: skip
    for size in sizes:
        table.add_row(
            size.size,
            f"{size.json_bytes / 1e6:.1f}",
            f"{size.records:,}",
            f"{size.rows:,}",
            f"{size.load_seconds:.2f}",
            f"{size.load_cpu_seconds:.2f}",
            f"{size.records / size.load_seconds:,.0f}",
            f"{size.json_bytes / 1e6 / size.load_seconds:.1f}",
            f"{size.copy_in_seconds:.2f}",
            f"{size.load_ratio:.2f}",
            f"{size.load_peak / MIB:.0f}",
            f"{size.start_peak / MIB:.0f}",
            f"{size.start_seconds:.2f}",
        )
    _console.print(table)


def show_curve(size: str, points: Iterable[CurvePoint]) -> None:
    """Speed and memory by setting."""
    table = _table(f"Import of {size}", "records to a transaction", "MiB held", "seconds", "peak MiB")
    for point in points:
        table.add_row(
            "all" if point.records is None else f"{point.records:,}",
            f"{point.flush_bytes / MIB:.0f}",
            f"{point.seconds:.2f}",
            f"{point.peak / MIB:.0f}",
        )
    _console.print(table)


def show_nearly_empty(figures: NearlyEmptyFigures) -> None:
    """Seconds for each."""
    table = _table("A nearly empty project", "projects", "import, seconds each")
    table.add_row(str(figures.projects), f"{figures.load_seconds:.3f}")
    _console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column, justify="right")
    return table
