"""Plot `cost`: what one inference costs per variant, in instructions, cycles and time."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report.plots.bars import bars
from hilbench.report.plots.plot import PLOTS, Chart, Plot

TITLES = {"latency_ms": "latency in ms", "cycles": "cycles", "instructions": "instructions"}


def cost(frame: pd.DataFrame) -> Chart | None:
    """A panel per metric and provenance that the frame has."""
    panels = [bars(frame, metric, title) for metric, title in TITLES.items()]
    drawn = [panel for panel in panels if panel is not None]
    return alt.vconcat(*drawn) if drawn else None


PLOTS.add(
    "cost",
    Plot(
        "cost",
        40,
        "Cost of one inference",
        "Shorter is better. The line at the end of a modelled bar spans the error band of its model; instructions are "
        "exact.",
        cost,
    ),
)
