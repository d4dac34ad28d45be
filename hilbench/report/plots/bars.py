"""Horizontal bars of one metric per variant; a panel per provenance, so that no two kinds of number share an axis."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report import select
from hilbench.report.plots.plot import WIDTH, Chart, colour, hover, number_axis

BAR = 22


def bars(frame: pd.DataFrame, metric: str, title: str) -> Chart | None:
    """One bar per variant with its number beside it, and the band of modelled values; None without such a metric."""
    found = select.with_bands(frame, metric)
    panels = [_panel(these, metric, f"{title} ({kind})") for kind, these in found.groupby("provenance", sort=False)]
    return alt.vconcat(*panels) if panels else None


def _panel(rows: pd.DataFrame, metric: str, title: str) -> Chart:
    names = list(rows["variant"])
    top = 1.4 * float(rows["high"].max())
    base = alt.Chart(rows).encode(
        x=alt.X("value:Q", title=title, axis=number_axis(metric), scale=alt.Scale(domain=[0, top])),
        y=alt.Y("variant:N", sort=names, title=None, axis=alt.Axis(labelLimit=240)),
    )
    bar = base.mark_bar().encode(color=colour(names).legend(None), tooltip=hover(variant="", value=",.6~g", band=""))
    text = base.mark_text(align="left", dx=4).encode(x=alt.X("high:Q"), text=alt.Text("label:N"))
    layers = [bar, text]
    if (rows["high"] > rows["value"]).any():
        layers.insert(1, base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")))
    panel: Chart = alt.layer(*layers).properties(width=WIDTH - 120, height=BAR * len(names))
    return panel
