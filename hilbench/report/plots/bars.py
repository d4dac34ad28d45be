"""Horizontal bars of one metric per variant; a panel per provenance, so that no two kinds of number share an axis."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hilbench.report.plots.plot import WIDTH, Chart, colour, data, hover, name, number_axis, quantity
from hilbench.report.select import Reading

BAR = 22


def bars(part: Reading, metric: str, title: str) -> list[Chart]:
    """A panel per provenance: a bar per variant with its number beside it, and the band of modelled values."""
    found = part.with_bands(metric)
    return [_panel(these, metric, f"{title} ({kind})") for kind, these in found.groupby("provenance", sort=False)]


def _panel(rows: pd.DataFrame, metric: str, title: str) -> Chart:
    names = list(rows["variant"])
    domain = [0, 1.4 * float(rows["high"].max())]
    x = quantity("value", title, axis=number_axis(metric), scale={"domain": domain})
    layers: list[dict[str, Any]] = [
        {
            "mark": "bar",
            "encoding": {
                "x": x,
                "color": colour(names) | {"legend": None},
                "tooltip": hover(variant="", value=",.6~g", band=""),
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 4},
            "encoding": {"x": quantity("high"), "text": {"field": "label"}},
        },
    ]
    if (rows["high"] > rows["value"]).any():
        rule = {"x": quantity("low"), "x2": {"field": "high"}}
        layers.insert(1, {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": rule})
    return {
        "data": data(rows, "variant", "value", "low", "high", "band", "label"),
        "encoding": {"y": name("variant", sort=names, axis={"labelLimit": 240})},
        "layer": layers,
        "width": WIDTH - 120,
        "height": BAR * len(names),
    }
