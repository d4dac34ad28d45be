"""Plot `sparsity`: what pruning earns, against the share of weights that is removed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from hilbench.errors import UsageError
from hilbench.report.plots.plot import (
    DASHES,
    FAINT,
    INK,
    PALETTE,
    PLOTS,
    SHAPES,
    WIDTH,
    Chart,
    Plot,
    cycle,
    data,
    hover,
    name,
    quantity,
)
from hilbench.report.select import Column, Reading
from hilbench.variants.sparsity.magnitude import Pruning, pruning
from hilbench.variants.variant import Variant

PANEL = 200
NO_GAIN = 1.005
"""A speed-up up to this is none: the same kernels take a few cycles more or less with other numbers."""


@dataclass(frozen=True)
class _Pruned:
    """A pruned variant: the dense one that it is compared with, and how it was pruned."""

    variant: str
    dense: str
    how: Pruning


def sparsity(part: Reading) -> Chart | None:
    """Panels of speed-up, flash and accuracy, a curve per shape and dense variant; crossovers are marked."""
    pruned = [found for variant in part.variants if (found := _pruned(variant)) and found.dense in part.variants]
    if part.axes is None or not pruned:
        return None
    cost = part.axes[1]
    speed = _curves(part, pruned, cost)
    if speed.empty:
        return None
    curves = list(dict.fromkeys(speed["curve"]))
    panels = [_speed(speed, curves, f"times faster than dense ({cost[1]})")]
    for metric, kind, title, form in (
        ("flash_model_bytes", "static", "flash of the model in bytes (static)", "~s"),
        ("accuracy", "counted", "accuracy (counted)", ".0%"),
    ):
        rows = _curves(part, pruned, (metric, kind))
        if not rows.empty:
            panels.append(_panel(rows, curves, "value", title, form))
    return {"vconcat": panels}


def _pruned(row: str) -> _Pruned | None:
    """What a row's variant is, toolchain and level left as they are; None where it is not pruned."""
    text, space, how = row.partition(" ")
    try:
        variant = Variant.parse(text)
    except UsageError:
        return None  # a technique that this hilbench does not have
    if variant.sparsity is None or variant.sparsity.name != "sparse":
        return None
    dense = "+".join(each for each in text.split("+") if each != str(variant.sparsity))
    return _Pruned(row, dense + space + how, pruning(variant.sparsity.argument))


def _curves(part: Reading, pruned: list[_Pruned], column: Column) -> pd.DataFrame:
    """Points of every curve by sparsity, the dense variant at 0: variant, curve, ratio, value, and speed-up over it."""
    table = part.wide([column])
    values = dict(zip(table["variant"], table[column], strict=True))
    rows: list[tuple[str, str, float, float, float]] = []
    for each in pruned:
        base, value, curve = values[each.dense], values[each.variant], f"{each.dense}, {each.how.shape}"
        if pd.notna(base) and pd.notna(value):
            rows += [(each.dense, curve, 0.0, base, 1.0), (each.variant, curve, each.how.ratio, value, base / value)]
    found = pd.DataFrame(rows, columns=["variant", "curve", "ratio", "value", "times"])
    return found.drop_duplicates().sort_values("ratio", kind="stable")


def crossover(points: pd.DataFrame) -> float | None:
    """The sparsity from which on a curve is faster than dense, between points by a straight line; None if never."""
    ratios, times = list(points["ratio"]), list(points["times"])
    slow = max((i for i, each in enumerate(times) if each <= NO_GAIN), default=0)
    if slow == len(times) - 1:
        return None
    if times[slow] >= 1:
        return float(ratios[slow])
    share = (1 - times[slow]) / (times[slow + 1] - times[slow])
    return float(ratios[slow] + share * (ratios[slow + 1] - ratios[slow]))


def _speed(rows: pd.DataFrame, curves: list[str], title: str) -> Chart:
    chart = _panel(rows, curves, "times", title, ".3~g")
    found = {curve: crossover(points) for curve, points in rows.groupby("curve", sort=False)}
    marks = [{"curve": curve, "ratio": at, "times": 1.0} for curve, at in found.items() if at is not None]
    if marks:
        ring = {"type": "point", "size": 220, "strokeWidth": 2}
        encoding = {"color": {"value": INK}, "tooltip": hover(curve="", ratio=".0%")}
        chart["layer"].append({"data": {"values": marks}, "mark": ring, "encoding": encoding})
    as_fast = {"type": "rule", "strokeDash": [4, 3]}
    ends = {"x2": {"field": "end"}, "color": {"value": FAINT}}
    whole = {"values": [{"times": 1.0, "ratio": 0.0, "end": 1.0}]}
    chart["layer"].insert(0, {"data": whole, "mark": as_fast, "encoding": ends})
    return chart


def _panel(rows: pd.DataFrame, curves: list[str], field: str, title: str, form: str) -> Chart:
    colours = name("curve", "removed at once", scale=cycle(curves, PALETTE))
    dashes = name("curve", "removed at once", scale=cycle(curves, [list(d) for d in DASHES]))
    shapes = name("curve", "removed at once", scale=cycle(curves, SHAPES))
    share = quantity("ratio", "share of weights removed", axis={"format": ".0%"}, scale={"domain": [0, 1]})
    encoding = {"x": share, "y": quantity(field, title, axis={"format": form}, scale={"zero": False}), "color": colours}
    tooltip = hover(variant="", ratio=".0%", value=",.6~g", times=".3~g")
    points = {"mark": {"type": "point", "filled": True, "size": 70}, "encoding": {"shape": shapes, "tooltip": tooltip}}
    return {
        "data": data(rows, "variant", "curve", "ratio", "value", "times"),
        "encoding": encoding,
        "layer": [{"mark": {"type": "line"}, "encoding": {"strokeDash": dashes}}, points],
        "width": WIDTH,
        "height": PANEL,
    }


PLOTS.add(
    "sparsity",
    Plot(
        "sparsity",
        92,
        "What pruning earns",
        "Each curve begins at its dense variant. A ring marks the crossover, from which on the pruned network is "
        "faster; accuracy is that of the device's own outputs, without training after pruning.",
        sparsity,
    ),
)
