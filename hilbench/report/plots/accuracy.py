"""Plot `accuracy`: accuracy against the cost of an inference."""

from __future__ import annotations

import pandas as pd

from hilbench.report.plots.cost import TITLES
from hilbench.report.plots.plot import (
    HEIGHT,
    NARROW,
    PLOTS,
    WIDTH,
    Chart,
    Plot,
    colour,
    data,
    hover,
    number_axis,
    quantity,
    shape,
)
from hilbench.report.select import Reading


def accuracy(part: Reading) -> Chart | None:
    """One point per variant that has both."""
    if part.axes is None:
        return None
    right, cost = ("accuracy", "counted"), part.axes[1]
    table = part.wide([right, cost])
    table = table[table[right].notna() & table[cost].notna()]
    if table.empty:
        return None
    rows = pd.DataFrame({"variant": table["variant"], "accuracy": table[right], "cost": table[cost]})
    names = list(rows["variant"])
    tooltip = hover(variant="", accuracy=".2%", cost=",.6~g")
    return {
        "data": data(rows, "variant", "accuracy", "cost"),
        "encoding": {
            "x": quantity("cost", f"{TITLES[cost[0]]} ({cost[1]})", axis=number_axis(cost[0]), scale=NARROW),
            "y": quantity("accuracy", "accuracy (counted)", axis={"format": ".1%"}, scale=NARROW),
        },
        "layer": [
            {
                "mark": {"type": "point", "filled": True, "size": 140},
                "encoding": {"color": colour(names), "shape": shape(names), "tooltip": tooltip},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 10, "dy": -8},
                "encoding": {"text": {"field": "variant"}},
            },
        ],
        "width": WIDTH,
        "height": HEIGHT,
    }


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
