"""`hilbench report`: what people look at: one self-contained HTML file, Markdown, and files of single plots."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hilbench.config import load_toml
from hilbench.gate.judge import judge
from hilbench.gate.rules import Rules
from hilbench.report import html, markdown
from hilbench.report.files import write_plots
from hilbench.results import history as past
from hilbench.results.baseline import of_run, read
from hilbench.results.run import read_run
from hilbench.results.store import write_atomic


class Format(StrEnum):
    """What is written."""

    HTML = "html"
    MARKDOWN = "markdown"


def command(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", metavar="DIR")],
    out: Annotated[Path | None, typer.Option(help="File to write. [default: DIR/report.html or report.md]")] = None,
    format: Annotated[Format, typer.Option(help="html or markdown.")] = Format.HTML,
    baseline: Annotated[Path | None, typer.Option(help="Judge the run against it; the verdict comes on top.")] = None,
    rules: Annotated[Path | None, typer.Option(help="TOML file of rules; their budgets become lines of plots.")] = None,
    history: Annotated[Path | None, typer.Option(help="Folder of a history: plots of values over commits.")] = None,
    plots: Annotated[Path | None, typer.Option(help="Write every plot to this folder too, as SVG and PNG.")] = None,
) -> None:
    """Write the report of a finished or interrupted run."""
    measured = read_run(run)
    law = load_toml(rules, Rules) if rules else Rules()
    verdict = judge(read(baseline), of_run(measured, str(run)), law) if baseline else None
    over_time = None if history is None else past.load(history)
    path = out or run / ("report.html" if format is Format.HTML else "report.md")
    if format is Format.HTML:
        text = html.render(measured, verdict, over_time, law.budget)
    else:
        text = markdown.render(measured, verdict)
    write_atomic(path, text.encode())
    print(f"report: {path}")
    if plots is not None:
        print(f"plots: {len(write_plots(measured, plots, over_time))} files in {plots}")
