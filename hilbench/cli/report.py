"""`hilbench report`: one self-contained HTML file of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hilbench.report.html import render
from hilbench.results.run import read_run
from hilbench.results.store import write_atomic


def command(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", metavar="DIR")],
    out: Annotated[Path | None, typer.Option(help="File to write. [default: DIR/report.html]")] = None,
) -> None:
    """Write the report of a finished or interrupted run."""
    path = out or run / "report.html"
    write_atomic(path, render(read_run(run)).encode())
    print(f"report: {path}")
