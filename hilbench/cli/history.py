"""`hilbench history`: keep runs over time, and say at which commit a value stepped."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from hilbench.errors import ToolError
from hilbench.results import history
from hilbench.results.run import Run, read_run


def command(
    run: Annotated[Path | None, typer.Argument(help="Run to add.", metavar="[RUN]", show_default=False)] = None,
    store: Annotated[Path, typer.Option(help="Folder of the history.")] = Path("reports/history"),
    commit: Annotated[str, typer.Option(help="Commit that was measured. [default: HEAD]")] = "",
) -> None:
    """Add a run to the history, and print every step that its series took.

    The history is a folder of Parquet files, one per run: pandas.read_parquet(FOLDER) opens all of it.
    """
    if run is not None:
        measured = read_run(run)
        print(f"added: {history.add(measured, store, commit or _head(), _time(measured))}")
    found = _steps(history.load(store))
    for step in found.itertuples(index=False):
        where = f"{step.model} · {step.board} · {step.target} · {step.variant}"
        print(f"{step.commit}  {step.pct:+.3f} %  {where}: {step.metric} ({step.provenance})")
    if found.empty:
        print("no series took a step")


def _steps(rows: pd.DataFrame) -> pd.DataFrame:
    if find_spec("ruptures") is None:
        raise ToolError("ruptures", "is not installed", f"pip install 'hilbench[{history.EXTRA}]'")
    from hilbench.trend import steps  # noqa: PLC0415 - an extra

    return steps(rows)


def _time(run: Run) -> datetime:
    """When the run was begun last; now, where it does not say."""
    commands = run.header.get("commands", ())
    return datetime.fromisoformat(commands[-1]["at"]) if commands else datetime.now(UTC)


def _head() -> str:
    try:
        done = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ToolError("git", "is not installed", "give --commit, or: sudo apt-get install git") from error
    if done.returncode:
        raise ToolError("git", done.stderr.strip(), "give --commit")
    return done.stdout.strip()
