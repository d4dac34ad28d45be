"""Plot `arena`: the arena over time, a map per variant: which bytes each buffer holds, from which step to which."""

from __future__ import annotations

import pandas as pd

from hilbench.report.plots.plot import INK, ITEMS, PAPER, PLOTS, Chart, Plot, data, hover, name, quantity
from hilbench.report.select import Reading
from hilbench.results.run import KEY

WIDTH, HEIGHT, COLUMNS = 470, 170, 2
KINDS = ("tensor", "window", "ring", "scratch")
WORKING = dict.fromkeys(("gather", "sums", "state"), "scratch")
"""Kinds of buffers that are working space like any other to the eye."""


def arena(part: Reading, buffers: pd.DataFrame) -> Chart | None:
    """One map per variant on common scales; `buffers` as `Run.buffers` gives them."""
    return arena_maps(buffers.merge(part.frame[KEY].drop_duplicates(), on=KEY))


def arena_maps(buffers: pd.DataFrame) -> Chart | None:
    """A map for each variant of `buffers`; None where there are no buffers."""
    if buffers.empty:
        return None
    kinds = buffers["kind"].replace(WORKING)
    rows = buffers.assign(end=buffers["offset"] + buffers["size"], until=buffers["last"] + 1, kind=kinds)
    steps, extent = int(rows["until"].max()), int(rows["end"].max())
    colours = {kind: item for kind, item in zip(KINDS, ITEMS, strict=True) if kind in set(kinds)}
    parts = rows.groupby("variant", sort=False)
    return {"concat": [_map(part, str(name), steps, extent, colours) for name, part in parts], "columns": COLUMNS}


def _map(rows: pd.DataFrame, variant: str, steps: int, extent: int, colours: dict[str, str]) -> Chart:
    live = [int(rows.loc[(rows["first"] <= at) & (rows["last"] >= at), "size"].sum()) for at in range(steps)]
    peak = live.index(max(live))
    x = quantity("first", "step", scale={"domain": [0, steps], "nice": False}, axis={"tickMinStep": 1, "grid": False})
    y = quantity("offset", "byte of the arena", scale={"domain": [0, extent], "nice": False}, axis={"format": "~s"})
    boxes = {
        "data": data(rows, "name", "kind", "offset", "size", "first", "last", "end", "until"),
        "mark": {"type": "rect", "stroke": PAPER, "strokeWidth": 1},
        "encoding": {
            "x": x,
            "x2": {"field": "until"},
            "y": y,
            "y2": {"field": "end"},
            "color": name("kind", "buffer", scale={"domain": list(colours), "range": list(colours.values())}),
            "tooltip": hover(name="", kind="", offset=",", size=",", first="d", last="d"),
        },
    }
    return {
        "title": f"{variant}: {int(rows['end'].max()):,} B, fullest in step {peak}",
        "layer": [boxes, _frame(peak, int(rows["end"].max()))],
        "width": WIDTH,
        "height": HEIGHT,
    }


def _frame(step: int, top: int) -> Chart:
    """A line around the arena in the step that needs most."""
    return {
        "data": {"values": [{"first": step, "until": step + 1, "offset": 0, "end": top}]},
        "mark": {"type": "rect", "fill": None, "stroke": INK, "strokeWidth": 2, "tooltip": None},
        "encoding": {
            "x": {"field": "first", "type": "quantitative"},
            "x2": {"field": "until"},
            "y": {"field": "offset", "type": "quantitative"},
            "y2": {"field": "end"},
        },
    }


PLOTS.add(
    "arena",
    Plot(
        "arena",
        30,
        "Arena over time",
        "Every buffer as a box: across, the steps in which it lives; upwards, the bytes that it occupies. A tall "
        "box on the left is what a patch-based schedule does away with. The frame is around the step that needs most.",
        arena,
    ),
)
