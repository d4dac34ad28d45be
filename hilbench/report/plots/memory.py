"""Plot `memory`: bytes in use while each step runs, one line per variant."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report import select
from hilbench.report.plots.plot import HEIGHT, PLOTS, WIDTH, Chart, Plot, colour, dash, hover


def memory(frame: pd.DataFrame) -> Chart | None:
    """Live bytes of the arena per step, in the order in which the steps run."""
    steps = select.per_step(frame, "live_bytes")
    if steps.empty:
        return None
    names = select.variants(frame)
    chart: alt.Chart = (
        alt.Chart(steps)
        .mark_line(interpolate="step-after", strokeWidth=2, point={"size": 24, "filled": True})
        .encode(
            x=alt.X("position:Q", title="step, in order of execution", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("value:Q", title="bytes in use (static)", axis=alt.Axis(format="~s")),
            color=colour(names),
            strokeDash=dash(names),
            tooltip=hover(variant="", step="", value=","),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    return chart


PLOTS.add(
    "memory",
    Plot(
        "memory",
        20,
        "Memory, step by step",
        "Tensors, windows and scratch that exist while a step runs. The highest point of a line is the least "
        "arena that its variant can have; a patch-based schedule takes the peak off the first layers.",
        memory,
    ),
)
