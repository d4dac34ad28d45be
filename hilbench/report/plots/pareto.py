"""Plot `pareto`: SRAM against the cost of an inference, with the variants that no other one beats in both."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.gate.rules import parse_budget
from hilbench.report import select
from hilbench.report.plots.cost import TITLES
from hilbench.report.plots.plot import HEIGHT, PLOTS, WIDTH, Chart, Plot, colour, hover, number_axis, shape


def pareto(frame: pd.DataFrame, budgets: tuple[str, ...] = ()) -> Chart | None:
    """One point per variant; `budgets` such as "sram_total_bytes <= 65536" become lines."""
    columns = select.axes(frame)
    if columns is None:
        return None
    memory, cost = columns
    rows = _rows(frame, memory, cost)
    if rows.empty:
        return None
    x = alt.X("memory:Q", title=f"SRAM in bytes ({memory[1]})", axis=alt.Axis(format="~s"), scale=alt.Scale(zero=False))
    y = alt.Y("cost:Q", title=f"{TITLES[cost[0]]} ({cost[1]})", axis=number_axis(cost[0]), scale=alt.Scale(zero=False))
    base = alt.Chart(rows).encode(x=x, y=y)
    front = base.transform_filter("datum.front").mark_line(interpolate="step-after", strokeDash=[4, 3], color="#777777")
    layers = [front, *_band(base, rows), _points(base, rows), _names(base), *_limits(budgets, memory, cost)]
    chart: Chart = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT + 60)
    return chart


def _rows(frame: pd.DataFrame, memory: select.Column, cost: select.Column) -> pd.DataFrame:
    """Variants that have both: memory, cost with its band, flash, and whether none is better in both."""
    flash = ("flash_total_bytes", "static")
    table = select.wide(frame, [memory, cost, flash])
    table = table[table[memory].notna() & table[cost].notna()]
    rows = pd.DataFrame(
        {"variant": table["variant"], "memory": table[memory], "cost": table[cost], "flash": table[flash]}
    )
    band = select.bands(frame).get("value", pd.Series(dtype=float)) if cost[1] == "modelled" else pd.Series(dtype=float)
    error = rows["variant"].map(band.to_dict()).fillna(0.0).astype(float) / 100
    rows = rows.assign(low=rows["cost"] * (1 - error), high=rows["cost"] * (1 + error))
    return rows.assign(front=[_unbeaten(rows, m, c) for m, c in zip(rows["memory"], rows["cost"], strict=True)])


def _unbeaten(rows: pd.DataFrame, memory: float, cost: float) -> bool:
    as_good = (rows["memory"] <= memory) & (rows["cost"] <= cost)
    better = (rows["memory"] < memory) | (rows["cost"] < cost)
    return not bool((as_good & better).any())


def _band(base: alt.Chart, rows: pd.DataFrame) -> list[alt.Chart]:
    known = (rows["high"] > rows["low"]).any()
    return [base.mark_rule(opacity=0.6).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))] if known else []


def _points(base: alt.Chart, rows: pd.DataFrame) -> alt.Chart:
    names = list(rows["variant"])
    tooltip = hover(variant="", memory=",", cost=",.6~g", flash=",")
    size = alt.Size("flash:Q", scale=alt.Scale(range=[60, 400]), legend=None)
    points: alt.Chart = base.mark_point(filled=True, opacity=0.85).encode(
        color=colour(names), shape=shape(names), size=size, tooltip=tooltip
    )
    return points


def _names(base: alt.Chart) -> alt.Chart:
    names: alt.Chart = (
        base.transform_filter("datum.front").mark_text(align="left", dx=10, dy=-8).encode(text=alt.Text("variant:N"))
    )
    return names


def _limits(budgets: tuple[str, ...], memory: select.Column, cost: select.Column) -> list[alt.Chart]:
    """A line for each budget of one of the two axes."""
    lines = []
    for text in budgets:
        metric, relation, limit = parse_budget(text)
        channel = {memory[0]: alt.X("limit:Q"), cost[0]: alt.Y("limit:Q")}.get(metric)
        if channel is not None and relation.startswith("<"):
            line = alt.Chart(alt.InlineData(values=[{"limit": limit, "budget": text}]))
            rule = line.mark_rule(color="#d55e00", strokeWidth=2, strokeDash=[8, 4])
            lines.append(rule.encode(channel, tooltip=alt.Tooltip("budget:N")))
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
