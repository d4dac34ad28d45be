"""Plot `trend`: memory and cost of each variant over the runs of the history."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report import select
from hilbench.report.plots.cost import TITLES
from hilbench.report.plots.plot import PLOTS, WIDTH, Chart, Plot, colour, dash, hover
from hilbench.results.history import medians
from hilbench.results.run import KEY

HEIGHT = 160


def trend(frame: pd.DataFrame, history: pd.DataFrame) -> Chart | None:
    """Memory and cost over time, a panel each."""
    columns = select.axes(frame)
    mine = history.merge(frame[KEY].drop_duplicates(), on=KEY)
    if columns is None or mine.empty:
        return None
    runs = medians(mine)
    panels = []
    for metric, provenance in columns:
        rows = runs[(runs["metric"] == metric) & (runs["provenance"] == provenance)]
        if len(rows):
            panels.append(_panel(rows, f"{TITLES.get(metric, metric)} ({provenance})"))
    return alt.vconcat(*panels) if panels else None


def _panel(runs: pd.DataFrame, title: str) -> alt.Chart:
    names = select.variants(runs)
    order = list(dict.fromkeys(runs["commit"]))
    rows = runs[["variant", "commit", "value"]]
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_line(point={"size": 40, "filled": True})
        .encode(
            x=alt.X("commit:O", sort=order, title="commit", axis=alt.Axis(labelLimit=80, labelOverlap=True)),
            y=alt.Y("value:Q", title=title, axis=alt.Axis(format="~s"), scale=alt.Scale(zero=False)),
            color=colour(names),
            strokeDash=dash(names),
            tooltip=hover(variant="", commit="", value=",.6~g"),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    return chart


PLOTS.add(
    "trend",
    Plot("trend", 100, "Over the commits", "Medians of each run of the history, oldest first.", trend),
)
