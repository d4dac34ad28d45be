"""Plot `trend`: memory and cost of each variant over the runs of the history."""

from __future__ import annotations

import pandas as pd

from hilbench.report.plots.cost import TITLES
from hilbench.report.plots.plot import (
    INK,
    NARROW,
    PLOTS,
    WIDTH,
    Chart,
    Plot,
    colour,
    dash,
    data,
    hover,
    number_axis,
    quantity,
)
from hilbench.report.select import Reading
from hilbench.results.history import medians
from hilbench.results.run import KEY

HEIGHT = 160


def trend(part: Reading, history: pd.DataFrame) -> Chart | None:
    """Memory and cost over time, a panel each; a triangle marks a commit that began a new level."""
    mine = history.merge(part.frame[KEY].drop_duplicates(), on=KEY)
    if part.axes is None or mine.empty:
        return None
    runs, taken = medians(mine), _steps(mine)
    panels = []
    for metric, provenance in part.axes:
        rows, steps = (t[(t["metric"] == metric) & (t["provenance"] == provenance)] for t in (runs, taken))
        if len(rows):
            panels.append(_panel(rows, steps, metric, f"{TITLES.get(metric, 'bytes of SRAM')} ({provenance})"))
    return {"vconcat": panels} if panels else None


def _steps(history: pd.DataFrame) -> pd.DataFrame:
    from hilbench.trend import steps  # noqa: PLC0415 - needs an extra, as any history does

    return steps(history)


def _panel(runs: pd.DataFrame, steps: pd.DataFrame, metric: str, title: str) -> Chart:
    names = list(dict.fromkeys(runs["variant"]))
    order = list(dict.fromkeys(runs["commit"]))
    axis = {"labelLimit": 80, "labelOverlap": True}
    line = {
        "data": data(runs, "variant", "commit", "value"),
        "mark": {"type": "line", "point": {"size": 40, "filled": True}},
        "encoding": {
            "color": colour(names),
            "strokeDash": dash(names),
            "tooltip": hover(variant="", commit="", value=",.6~g"),
        },
    }
    marks = {
        "data": data(steps.rename(columns={"after": "value"}), "variant", "commit", "value", "pct"),
        "mark": {"type": "point", "shape": "triangle-up", "size": 160, "strokeWidth": 2, "color": INK},
        "encoding": {"tooltip": hover(variant="", commit="", value=",.6~g", pct="+.3f")},
    }
    return {
        "encoding": {
            "x": {"field": "commit", "type": "ordinal", "sort": order, "title": "commit", "axis": axis},
            "y": quantity("value", title, axis=number_axis(metric), scale=NARROW),
        },
        "layer": [line, *([marks] if len(steps) else [])],
        "width": WIDTH,
        "height": HEIGHT,
    }


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
