"""`hilbench show`: the tidy rows of a run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from hilbench.cli.table import print_table
from hilbench.report import markdown
from hilbench.report.table import comparison
from hilbench.results.frame import load, to_csv, to_json
from hilbench.results.store import read_header


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"


def command(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", metavar="DIR")],
    form: Annotated[
        Format, typer.Option("--format", help="table and markdown compare variants; csv and json are every row.")
    ] = Format.TABLE,
) -> None:
    """Print the rows of a finished or interrupted run."""
    frame = load(run)
    if form is Format.CSV:
        print(to_csv(frame), end="")
    elif form is Format.JSON:
        print(to_json(frame), end="")
    elif frame.empty:
        print(f"no rows yet in {run}")
    else:
        _compare(frame, read_header(run).get("baseline", ""), form)


def _compare(frame: pd.DataFrame, baseline: str, form: Format) -> None:
    table = comparison(frame, baseline)
    if form is Format.MARKDOWN:
        print("\n\n".join(markdown.tables(table)))
    else:
        print_table(table)
