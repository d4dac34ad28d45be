"""Plot `arena`: the arena over time, a map per variant: which bytes each buffer holds, from which step to which."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report.plots.plot import ITEMS, PAPER, PLOTS, Chart, Plot, hover
from hilbench.results.run import KEY

WIDTH, HEIGHT, COLUMNS = 500, 170, 2
KINDS = ("tensor", "window", "ring", "scratch")
WORKING = dict.fromkeys(("gather", "sums", "state"), "scratch")
"""Kinds of buffers that are working space like any other to the eye."""


def arena(frame: pd.DataFrame, buffers: pd.DataFrame) -> Chart | None:
    """One map per variant on common scales; `buffers` as `Run.buffers` gives them."""
    mine = buffers.merge(frame[KEY].drop_duplicates(), on=KEY)
    if mine.empty:
        return None
    kinds = mine["kind"].replace(WORKING)
    rows = mine.assign(end=mine["offset"] + mine["size"], until=mine["last"] + 1, kind=kinds)
    domain = [0, float(rows["end"].max())], [0, int(rows["until"].max())]
    maps = [_map(part, str(name), domain) for name, part in rows.groupby("variant", sort=False)]
    return alt.concat(*maps, columns=COLUMNS)


def _map(rows: pd.DataFrame, variant: str, domain: tuple[list[float], list[int]]) -> alt.Chart:
    size = int(rows["end"].max())
    tooltip = hover(name="", kind="", offset=",", size=",", first="d", last="d")
    wanted = ["variant", "name", "kind", "offset", "size", "first", "last", "end", "until"]
    chart: alt.Chart = (
        alt.Chart(rows[wanted], title=alt.TitleParams(f"{variant}: {size:,} B"))
        .mark_rect(stroke=PAPER, strokeWidth=1)
        .encode(
            x=alt.X(
                "first:Q", title="step", scale=alt.Scale(domain=domain[1]), axis=alt.Axis(tickMinStep=1, grid=False)
            ),
            x2=alt.X2("until:Q"),
            y=alt.Y(
                "offset:Q", title="byte of the arena", scale=alt.Scale(domain=domain[0]), axis=alt.Axis(format="~s")
            ),
            y2=alt.Y2("end:Q"),
            color=alt.Color("kind:N", scale=alt.Scale(domain=list(KINDS), range=list(ITEMS)), title="buffer"),
            tooltip=tooltip,
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    return chart


PLOTS.add(
    "arena",
    Plot(
        "arena",
        30,
        "Arena over time",
        "Every buffer as a box: across, the steps in which it lives; upwards, the bytes that it occupies. A tall "
        "box on the left is what a patch-based schedule does away with.",
        arena,
    ),
)
