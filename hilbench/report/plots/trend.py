"""Plot `trend`: memory and cost of each variant over the runs of the history."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report import select
from hilbench.report.plots.cost import TITLES
from hilbench.report.plots.plot import INK, PLOTS, WIDTH, Chart, Plot, colour, dash, hover, number_axis
from hilbench.results.history import medians
from hilbench.results.run import KEY

HEIGHT = 160


def trend(frame: pd.DataFrame, history: pd.DataFrame) -> Chart | None:
    """Memory and cost over time, a panel each; a triangle marks a commit that began a new level."""
    columns = select.axes(frame)
    mine = history.merge(frame[KEY].drop_duplicates(), on=KEY)
    if columns is None or mine.empty:
        return None
    runs, taken = medians(mine), _steps(mine)
    panels = []
    for metric, provenance in columns:
        rows, steps = (t[(t["metric"] == metric) & (t["provenance"] == provenance)] for t in (runs, taken))
        if len(rows):
            panels.append(_panel(rows, steps, metric, f"{TITLES.get(metric, 'bytes of SRAM')} ({provenance})"))
    return alt.vconcat(*panels) if panels else None


def _steps(history: pd.DataFrame) -> pd.DataFrame:
    from hilbench.trend import steps  # noqa: PLC0415 - needs an extra, as any history does

    return steps(history)


def _panel(runs: pd.DataFrame, steps: pd.DataFrame, metric: str, title: str) -> Chart:
    names = select.variants(runs)
    order = list(dict.fromkeys(runs["commit"]))
    x = alt.X("commit:O", sort=order, title="commit", axis=alt.Axis(labelLimit=80, labelOverlap=True))
    y = alt.Y("value:Q", title=title, axis=number_axis(metric), scale=alt.Scale(zero=False))
    line = (
        alt.Chart(runs[["variant", "commit", "value"]])
        .mark_line(point={"size": 40, "filled": True})
        .encode(
            x=x, y=y, color=colour(names), strokeDash=dash(names), tooltip=hover(variant="", commit="", value=",.6~g")
        )
    )
    marks = (
        alt.Chart(steps[["variant", "commit", "after", "pct"]].rename(columns={"after": "value"}))
        .mark_point(shape="triangle-up", size=160, strokeWidth=2, color=INK)
        .encode(x=x, y=y, tooltip=hover(variant="", commit="", value=",.6~g", pct="+.3f"))
    )
    chart: Chart = alt.layer(line, *([marks] if len(steps) else [])).properties(width=WIDTH, height=HEIGHT)
    return chart


PLOTS.add(
    "trend",
    Plot(
        "trend",
        100,
        "Over the commits",
        "Medians of each run of the history, oldest first. A triangle marks a new level.",
        trend,
    ),
)
