"""The figures as tables for people."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from bench.harness import MIB, CurvePoint, NearlyEmptyFigures, SizeFigures
from bench.workers import ManyFigures, WorkersFigures

_console = Console(width=140)


def show_sizes(sizes: Iterable[SizeFigures]) -> None:
    """Import and export beside the bare COPY of the same rows."""
    sizes = list(sizes)
    _show_imports(sizes)
    _show_exports(sizes)


def _show_imports(sizes: Iterable[SizeFigures]) -> None:
    table = _table(
        "Import", "size", "JSON MB", "records", "rows", "seconds", "of them ours", "records/s", "MB/s", "COPY in", "ratio",
        "peak MiB", "before it MiB", "start seconds",
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


def _show_exports(sizes: Iterable[SizeFigures]) -> None:
    table = _table(
        "Export", "size", "seconds", "of them ours", "records/s", "archive MB", "COPY out", "ratio", "peak MiB"
    )
    for size in sizes:
        table.add_row(
            size.size,
            f"{size.export_seconds:.2f}",
            f"{size.export_cpu_seconds:.2f}",
            f"{size.records / size.export_seconds:,.0f}",
            f"{size.archive_bytes / 1e6:.1f}",
            f"{size.copy_out_seconds:.2f}",
            f"{size.export_ratio:.2f}",
            f"{size.export_peak / MIB:.0f}",
        )
    _console.print(table)


def show_curve(size: str, points: Iterable[CurvePoint]) -> None:
    """Speed and memory by setting."""
    table = _table(f"Import of {size}", "records to a transaction", "MiB held", "seconds", "of them ours", "peak MiB")
    for point in points:
        table.add_row(
            "all" if point.records is None else f"{point.records:,}",
            f"{point.flush_bytes / MIB:.0f}",
            f"{point.seconds:.2f}",
            f"{point.cpu_seconds:.2f}",
            f"{point.peak / MIB:.0f}",
        )
    _console.print(table)


def show_nearly_empty(figures: NearlyEmptyFigures) -> None:
    """Seconds for each."""
    table = _table("A nearly empty project", "projects", "import, seconds each", "export, seconds each")
    table.add_row(str(figures.projects), f"{figures.load_seconds:.3f}", f"{figures.export_seconds:.3f}")
    _console.print(table)


def show_workers(figures: WorkersFigures) -> None:
    """One worker process beside two."""
    table = _table(
        f"Export of {figures.size} by workers",
        "one, seconds",
        "two, seconds",
        "two / one",
        "first object, seconds",
        "peak MiB",
    )
    table.add_row(
        f"{figures.one_seconds:.2f}",
        f"{figures.two_seconds:.2f}",
        f"{figures.ratio:.2f}",
        f"{figures.first_object_seconds:.2f}",
        f"{figures.peak_bytes / MIB:.0f}",
    )
    _console.print(table)
    table = _table(f"Import of {figures.size} by workers", "one, seconds", "two, seconds", "two / one", "peak MiB")
    table.add_row(
        f"{figures.import_one_seconds:.2f}",
        f"{figures.import_two_seconds:.2f}",
        f"{figures.import_ratio:.2f}",
        f"{figures.import_peak_bytes / MIB:.0f}",
    )
    _console.print(table)


def show_many(figures: ManyFigures) -> None:
    """Many projects in one export, and in one import."""
    table = _table(
        "Nearly empty projects by two workers",
        "projects",
        "seconds",
        "each",
        "a relation, milliseconds",
        "import, seconds",
        "each",
    )
    table.add_row(
        f"{figures.projects:,}",
        f"{figures.seconds:.1f}",
        f"{figures.seconds_each:.3f}",
        f"{figures.seconds / figures.relations * 1000:.2f}",
        f"{figures.import_seconds:.1f}",
        f"{figures.import_seconds / figures.projects:.3f}",
    )
    _console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for column in columns:
        table.add_column(column, justify="right")
    return table
