"""Plot `efficiency`: what each layer costs against the multiply-accumulates it does."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from hilbench.report.plots.cost import TITLES
from hilbench.report.plots.plot import HEIGHT, PLOTS, WIDTH, Chart, Plot, colour, data, hover, quantity, shape
from hilbench.report.select import Reading

PER_MAC = (0.5, 1, 2, 4, 8, 16, 32)
"""Diagonals: so many instructions or cycles for each multiply-accumulate."""


def efficiency(part: Reading) -> Chart | None:
    """Layers on logarithmic axes; equal efficiency lies on a diagonal."""
    metric = next((name for name in ("cycles", "instructions") if not part.per_step(name).empty), None)
    macs = part.per_step("macs")
    macs = macs[macs["value"] > 0]
    if metric is None or macs.empty:
        return None
    cost = part.per_step(metric)
    kind = str(cost["provenance"].iloc[0])
    cost = cost[(cost["provenance"] == kind) & (cost["value"] > 0)]
    rows = macs.merge(cost, on=["variant", "step"], suffixes=("_macs", ""))
    rows = rows[["variant", "step", "value_macs", "value"]].rename(columns={"value_macs": "macs", "value": "cost"})
    return _chart(rows, f"{TITLES[metric]} of the layer ({kind})") if len(rows) else None


def _chart(rows: pd.DataFrame, title: str) -> Chart:
    names = list(dict.fromkeys(rows["variant"]))
    across, up = _span(rows["macs"]), _span(rows["cost"])
    points = {
        "data": data(rows, "variant", "step", "macs", "cost"),
        "mark": {"type": "point", "filled": True, "size": 60, "opacity": 0.8},
        "encoding": {
            "color": colour(names),
            "shape": shape(names),
            "tooltip": hover(variant="", step="", macs=",", cost=","),
        },
    }
    return {
        "encoding": {
            "x": _log("macs", "multiply-accumulates of the layer (static)", across),
            "y": _log("cost", title, up),
        },
        "layer": [*_diagonals(across, up), points],
        "width": WIDTH,
        "height": HEIGHT + 60,
    }


def _log(field: str, title: str, span: list[float]) -> Chart:
    scale = {"type": "log", "domain": span, "clamp": True}
    return quantity(field, title, scale=scale, axis={"format": "~s", "grid": False})


def _span(numbers: pd.Series[float]) -> list[float]:
    return [float(numbers.min()) / 1.5, float(numbers.max()) * 1.5]


def _diagonals(across: list[float], up: list[float]) -> Iterator[Chart]:
    """Lines of equal cost per multiply-accumulate, their number at the upper end."""
    (left, right), (low, high) = across, up
    ends = []
    for slope in PER_MAC:
        start, stop = max(left, low / slope), min(right, high / slope)
        if start < stop:
            ends += [{"macs": at, "cost": at * slope, "name": f"{slope:g}", "last": at == stop} for at in (start, stop)]
    if ends:
        line = {"type": "line", "color": "#777777", "strokeWidth": 1, "strokeDash": [2, 3]}
        label = {"type": "text", "align": "right", "dx": -2, "dy": -5, "fontSize": 9}
        upper = [end for end in ends if end["last"]]
        yield {"data": {"values": ends}, "mark": line, "encoding": {"detail": {"field": "name"}}}
        yield {"data": {"values": upper}, "mark": label, "encoding": {"text": {"field": "name"}}}


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
