"""`hilbench compare`: what changed between two runs, baselines or git revisions, biggest first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from hilbench.cli.revisions import measure_revisions, only_suite
from hilbench.errors import UsageError
from hilbench.gate.change import Difference, check_conditions, differences
from hilbench.gate.rules import conditions
from hilbench.results.baseline import Snapshot, read

CONFIDENCE = 0.99


def command(
    before: Annotated[str, typer.Argument(help="Run folder or baseline file; with --revisions a git revision.")],
    after: Annotated[str, typer.Argument(help="The same, to compare with it.")],
    across: Annotated[list[str] | None, typer.Option(help="A condition that may differ. May be given again.")] = None,
    steps: Annotated[bool, typer.Option("--steps", help="Single steps too, not only totals.")] = False,
    top: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 40,
    revisions: Annotated[bool, typer.Option("--revisions", help="Build and measure two git revisions first.")] = False,
    suite: Annotated[str, typer.Option(help="With --revisions. [default: the only one in ./suites]")] = "",
    out: Annotated[Path | None, typer.Option(help="With --revisions: where the two run folders go.")] = None,
) -> None:
    """Show every value that changed, per model, variant, metric and step.

    Differences of compiler, flags, emulator, clock, board, model or inputs come first, and are refused unless --across
    allows them: numbers taken under other conditions say nothing about the change in between.
    """
    allowed = conditions(across or ())
    if (out or suite) and not revisions:
        raise UsageError("--out and --suite go with --revisions")
    pair = measure_revisions(suite or only_suite(), before, after, out) if revisions else (Path(before), Path(after))
    old, new = (read(path) for path in pair)
    for crossed in check_conditions(old, new, allowed):
        print(f"conditions differ, as allowed: {crossed}")
    _print_missing(old, new)
    _print_changes([d for d in differences(old, new, CONFIDENCE) if steps or not d.quantity.step], top)


def _print_missing(old: Snapshot, new: Snapshot) -> None:
    for key in sorted(old.results.keys() - new.results.keys()):
        print(f"only before: {key}")
    for key in sorted(new.results.keys() - old.results.keys()):
        print(f"only after: {key}")
    for key in sorted(old.results.keys() & new.results.keys()):
        was, now = old.results[key].status, new.results[key].status
        if was != now:
            print(f"status: {key}: {was} before, {now} after")


def _print_changes(found: list[Difference], top: int) -> None:
    if not found:
        print("no value changed")
        return
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("model · board · target · variant", "value", "before", "after", "change"):
        grid.add_column(head, justify="left" if len(grid.columns) < 2 else "right")
    for difference in found[:top]:
        grid.add_row(*_row(difference))
    console = Console() if sys.stdout.isatty() else Console(width=10_000, color_system=None)
    console.print(grid)
    if len(found) > top:
        print(f"and {len(found) - top} more (--top)")


def _row(difference: Difference) -> tuple[str, ...]:
    change = difference.change
    band = "" if change.low == change.high else f" ({change.low:+.3f} to {change.high:+.3f})"
    unsure = " (too few samples to be sure)" if change.low is None else ""
    numbers = f"{change.before:,.9g}", f"{change.after:,.9g}", f"{change.pct:+.3f} %{band}{unsure}"
    return (str(difference.key), str(difference.quantity), *numbers)
