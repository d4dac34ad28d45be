"""Single plots as files for papers and slides: SVG, and PNG at twice the size."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import vl_convert

from hilbench.report.plots.plot import context, drawn, spec
from hilbench.report.select import Reading
from hilbench.results.run import GROUP, Run
from hilbench.results.store import write_atomic

PNG_SCALE = 2.0


def write_plots(run: Run, folder: Path, history: pd.DataFrame | None = None) -> list[Path]:
    """Write every plot of every model and board as MODEL-BOARD-TARGET-PLOT.svg and .png; the paths."""
    written = []
    given = context(run, history)
    for key, rows in run.frame.groupby(GROUP, sort=False):
        for plot, chart in drawn(Reading(rows), given).items():
            stem = re.sub(r"[^\w.-]+", "_", "-".join((*map(str, key), plot.name)))
            written += _write(spec(chart), folder / stem)
    return written


def _write(spec: dict[str, object], stem: Path) -> list[Path]:
    svg, png = Path(f"{stem}.svg"), Path(f"{stem}.png")
    write_atomic(svg, vl_convert.vegalite_to_svg(spec).encode())
    write_atomic(png, vl_convert.vegalite_to_png(spec, scale=PNG_SCALE))
    return [svg, png]
