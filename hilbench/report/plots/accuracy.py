"""Plot `accuracy`: accuracy against the cost of an inference."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report import select
from hilbench.report.plots.cost import TITLES
from hilbench.report.plots.plot import HEIGHT, PLOTS, WIDTH, Chart, Plot, colour, hover, number_axis, shape


def accuracy(frame: pd.DataFrame) -> Chart | None:
    """One point per variant that has both."""
    columns = select.axes(frame)
    if columns is None:
        return None
    right, cost = ("accuracy", "counted"), columns[1]
    table = select.wide(frame, [right, cost])
    table = table[table[right].notna() & table[cost].notna()]
    if table.empty:
        return None
    rows = pd.DataFrame({"variant": table["variant"], "accuracy": table[right], "cost": table[cost]})
    names = list(rows["variant"])
    base = alt.Chart(rows).encode(
        x=alt.X(
            "cost:Q", title=f"{TITLES[cost[0]]} ({cost[1]})", axis=number_axis(cost[0]), scale=alt.Scale(zero=False)
        ),
        y=alt.Y("accuracy:Q", title="accuracy (counted)", axis=alt.Axis(format=".1%"), scale=alt.Scale(zero=False)),
    )
    tooltip = hover(variant="", accuracy=".2%", cost=",.6~g")
    points = base.mark_point(filled=True, size=140).encode(color=colour(names), shape=shape(names), tooltip=tooltip)
    labels = base.mark_text(align="left", dx=10, dy=-8).encode(text=alt.Text("variant:N"))
    chart: alt.LayerChart = (points + labels).properties(width=WIDTH, height=HEIGHT)
    return chart


PLOTS.add(
    "accuracy",
    Plot(
        "accuracy",
        90,
        "Accuracy against cost",
        "Upper left is better. Accuracy is that of the device's own outputs.",
        accuracy,
    ),
)
