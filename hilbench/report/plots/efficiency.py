"""Plot `efficiency`: what each layer costs against the multiply-accumulates it does."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report import select
from hilbench.report.plots.cost import TITLES
from hilbench.report.plots.plot import HEIGHT, PLOTS, WIDTH, Chart, Plot, colour, hover, shape

PER_MAC = (0.5, 1, 2, 4, 8, 16, 32)
"""Diagonals: so many instructions or cycles for each multiply-accumulate."""

AXIS = alt.Axis(format="~s", grid=False)


def efficiency(frame: pd.DataFrame) -> Chart | None:
    """Layers on logarithmic axes; equal efficiency lies on a diagonal."""
    metric = next((name for name in ("cycles", "instructions") if not select.per_step(frame, name).empty), None)
    macs = select.per_step(frame, "macs")
    macs = macs[macs["value"] > 0]
    if metric is None or macs.empty:
        return None
    cost = select.per_step(frame, metric)
    kind = str(cost["provenance"].iloc[0])
    cost = cost[(cost["provenance"] == kind) & (cost["value"] > 0)]
    rows = macs.merge(cost, on=["variant", "step"], suffixes=("_macs", ""))
    rows = rows[["variant", "step", "value_macs", "value"]].rename(columns={"value_macs": "macs", "value": "cost"})
    return _chart(rows, f"{TITLES[metric]} of the layer ({kind})") if len(rows) else None


def _chart(rows: pd.DataFrame, title: str) -> Chart:
    names = list(dict.fromkeys(rows["variant"]))
    spans = [_span(rows["macs"]), _span(rows["cost"])]
    log = [alt.Scale(type="log", domain=span, clamp=True) for span in spans]
    x = alt.X("macs:Q", scale=log[0], title="multiply-accumulates of the layer (static)", axis=AXIS)
    y = alt.Y("cost:Q", scale=log[1], title=title, axis=AXIS)
    tooltip = hover(variant="", step="", macs=",", cost=",")
    points = (
        alt.Chart(rows)
        .mark_point(filled=True, size=60, opacity=0.8)
        .encode(x=x, y=y, color=colour(names), shape=shape(names), tooltip=tooltip)
    )
    chart: Chart = alt.layer(*_diagonals(spans, x, y), points).properties(width=WIDTH, height=HEIGHT + 60)
    return chart


def _span(numbers: pd.Series[float]) -> list[float]:
    return [float(numbers.min()) / 1.5, float(numbers.max()) * 1.5]


def _diagonals(spans: list[list[float]], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    (left, right), (low, high) = spans
    ends = []
    for slope in PER_MAC:
        start, stop = max(left, low / slope), min(right, high / slope)
        if start < stop:
            name = f"{slope:g}"
            ends += [{"macs": at, "cost": at * slope, "name": name, "last": at == stop} for at in (start, stop)]
    if not ends:
        return []
    base = alt.Chart(alt.InlineData(values=ends)).encode(x=x, y=y, detail=alt.Detail("name:N"))
    lines = base.mark_line(color="#777777", strokeWidth=1, strokeDash=[2, 3])
    labels = base.transform_filter("datum.last").mark_text(align="right", dx=-2, dy=-5, fontSize=9)
    return [lines, labels.encode(text=alt.Text("name:N"))]


PLOTS.add(
    "efficiency",
    Plot(
        "efficiency",
        80,
        "Efficiency of the layers",
        "One mark per layer. Marks on one dotted diagonal pay the same for each multiply-accumulate, as many as stand "
        "at its end; lower is better.",
        efficiency,
    ),
)
