"""`hilbench report`: what people look at: one self-contained HTML file, Markdown, and files of single plots."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from hilbench.config import load_toml
from hilbench.gate.judge import judge
from hilbench.gate.rules import Rules
from hilbench.gate.verdict import Verdict
from hilbench.report import html, markdown
from hilbench.report.files import write_plots
from hilbench.results import history as past
from hilbench.results.baseline import of_run, read
from hilbench.results.run import Run, read_run
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
    rules: Annotated[Path | None, typer.Option(help="TOML file of rules for the verdict.")] = None,
    history: Annotated[Path | None, typer.Option(help="Folder of a history: plots of values over commits.")] = None,
    plots: Annotated[Path | None, typer.Option(help="Write every plot to this folder too, as SVG and PNG.")] = None,
) -> None:
    """Write the report of a finished or interrupted run."""
    measured = read_run(run)
    verdict = _verdict(measured, run, baseline, rules)
    over_time = None if history is None else past.load(history)
    path = out or run / ("report.html" if format is Format.HTML else "report.md")
    write_atomic(path, _render(measured, verdict, over_time, format).encode())
    print(f"report: {path}")
    if plots is not None:
        print(f"plots: {len(write_plots(measured, plots, over_time))} files in {plots}")


def _render(run: Run, verdict: Verdict | None, over_time: pd.DataFrame | None, format: Format) -> str:
    if format is Format.MARKDOWN:
        return markdown.render(run, verdict)
    return html.render(run, verdict, over_time)


def _verdict(measured: Run, run: Path, baseline: Path | None, rules: Path | None) -> Verdict | None:
    if baseline is None:
        return None
    return judge(read(baseline), of_run(measured, str(run)), load_toml(rules, Rules) if rules else Rules())
