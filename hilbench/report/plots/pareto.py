"""Plot `pareto`: SRAM against the cost of an inference, with the variants that no other one beats in both."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hilbench.gate.rules import parse_budget
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
from hilbench.report.select import Column, Reading

_FLASH = ("flash_total_bytes", "static")


def pareto(part: Reading, budgets: tuple[str, ...] = ()) -> Chart | None:
    """One point per variant; `budgets` such as "sram_total_bytes <= 65536" become lines."""
    if part.axes is None:
        return None
    memory, cost = part.axes
    rows = _rows(part, memory, cost)
    if rows.empty:
        return None
    variants = {
        "data": data(rows, "variant", "memory", "cost", "flash", "low", "high", "front"),
        "encoding": {
            "x": quantity("memory", f"SRAM in bytes ({memory[1]})", axis={"format": "~s"}, scale=NARROW),
            "y": quantity("cost", f"{TITLES[cost[0]]} ({cost[1]})", axis=number_axis(cost[0]), scale=NARROW),
        },
        "layer": [_front(), *_band(rows), _points(list(rows["variant"])), _names()],
    }
    return {"layer": [variants, *_limits(budgets, memory, cost)], "width": WIDTH, "height": HEIGHT + 60}


def _rows(part: Reading, memory: Column, cost: Column) -> pd.DataFrame:
    """Variants that have both: memory, cost with its band, flash, and whether none is better in both."""
    table = part.wide([memory, cost, _FLASH])
    table = table[table[memory].notna() & table[cost].notna()]
    flash = table[_FLASH].astype(object).where(table[_FLASH].notna(), None)
    rows = pd.DataFrame({"variant": table["variant"], "memory": table[memory], "cost": table[cost], "flash": flash})
    bands = part.bands if cost[1] == "modelled" else {}
    error = rows["variant"].map(bands).astype(float).fillna(0.0) / 100
    rows = rows.assign(low=rows["cost"] * (1 - error), high=rows["cost"] * (1 + error))
    return rows.assign(front=[_unbeaten(rows, m, c) for m, c in zip(rows["memory"], rows["cost"], strict=True)])


def _unbeaten(rows: pd.DataFrame, memory: float, cost: float) -> bool:
    as_good = (rows["memory"] <= memory) & (rows["cost"] <= cost)
    better = (rows["memory"] < memory) | (rows["cost"] < cost)
    return not bool((as_good & better).any())


def _front() -> Chart:
    mark = {"type": "line", "interpolate": "step-after", "strokeDash": [4, 3], "color": "#777777"}
    return {"transform": [{"filter": "datum.front"}], "mark": mark}


def _band(rows: pd.DataFrame) -> list[Chart]:
    known = (rows["high"] > rows["low"]).any()
    ends = {"y": quantity("low"), "y2": {"field": "high"}}
    return [{"mark": {"type": "rule", "opacity": 0.6}, "encoding": ends}] if known else []


def _points(names: list[str]) -> Chart:
    encoding = {
        "color": colour(names),
        "shape": shape(names),
        "size": {"field": "flash", "type": "quantitative", "scale": {"range": [60, 400]}, "legend": None},
        "tooltip": hover(variant="", memory=",", cost=",.6~g", flash=","),
    }
    return {"mark": {"type": "point", "filled": True, "opacity": 0.85}, "encoding": encoding}


def _names() -> Chart:
    return {
        "transform": [{"filter": "datum.front"}],
        "mark": {"type": "text", "align": "left", "dx": 10, "dy": -8},
        "encoding": {"text": {"field": "variant"}},
    }


def _limits(budgets: tuple[str, ...], memory: Column, cost: Column) -> list[Chart]:
    """A line for each budget of one of the two axes."""
    mark = {"type": "rule", "color": "#d55e00", "strokeWidth": 2, "strokeDash": [8, 4]}
    lines = []
    for text in budgets:
        metric, relation, limit = parse_budget(text)
        channel = {memory[0]: "x", cost[0]: "y"}.get(metric)
        if channel is not None and relation.startswith("<"):
            encoding: dict[str, Any] = {channel: quantity("limit"), "tooltip": hover(budget="")}
            lines.append({"data": {"values": [{"limit": limit, "budget": text}]}, "mark": mark, "encoding": encoding})
    return lines


PLOTS.add(
    "pareto",
    Plot(
        "pareto",
        10,
        "SRAM against cost",
        "Lower left is better. The dashed line joins the variants that no other beats in both; the larger a mark, the "
        "more flash. Vertical lines on marks are error bands of modelled values.",
        pareto,
    ),
)
