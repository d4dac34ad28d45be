"""Horizontal bars of one metric per variant; a panel per provenance, so that no two kinds of number share an axis."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report import select
from hilbench.report.plots.plot import WIDTH, Chart, colour, values

BAR = 22


def bars(frame: pd.DataFrame, metric: str, title: str, axis: alt.Axis) -> Chart | None:
    """One bar per variant with its number beside it; None where the frame has no such metric."""
    found = select.totals(frame)
    found = found[found["metric"] == metric]
    panels = [_panel(these, title, str(kind), axis) for kind, these in found.groupby("provenance", sort=False)]
    return alt.vconcat(*panels) if panels else None


def _panel(rows: pd.DataFrame, title: str, provenance: str, axis: alt.Axis) -> alt.LayerChart:
    names = list(rows["variant"])
    base = alt.Chart(values(rows)).encode(
        x=alt.X("value:Q", title=f"{title} ({provenance})", axis=axis),
        y=alt.Y("variant:N", sort=names, title=None, axis=alt.Axis(labelLimit=240)),
    )
    bar = base.mark_bar().encode(
        color=colour(names).legend(None), tooltip=["variant:N", alt.Tooltip("value:Q", title=title, format=",")]
    )
    number = base.mark_text(align="left", dx=4).encode(text=alt.Text("value:Q", format=","))
    panel: alt.LayerChart = (bar + number).properties(width=WIDTH - 120, height=BAR * len(names))
    return panel
