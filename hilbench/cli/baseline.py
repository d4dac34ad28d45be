"""`hilbench baseline`: a run as a small file that is committed and that the gate compares with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hilbench.errors import ToolError
from hilbench.results.baseline import read, write
from hilbench.results.schema import Status


def command(
    run: Annotated[Path, typer.Argument(help="Folder of a run.", metavar="RUN")],
    out: Annotated[Path, typer.Option(help="File to write, such as reports/baselines/NAME.json.")],
) -> None:
    """Write a baseline; a result that tools or targets failed to give cannot be in one."""
    snapshot = read(run)
    failed = [str(key) for key, result in snapshot.results.items() if result.status is Status.FAILED]
    if failed:
        what = f"{len(failed)} results failed and say nothing to compare with: {'; '.join(failed)}"
        raise ToolError(str(run), what, "run the suite again: what failed is tried again")
    write(snapshot, out)
    print(f"baseline: {out}, {len(snapshot.results)} results")
