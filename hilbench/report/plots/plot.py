"""What a plot is: a function of one model on one board that gives a Vega-Lite chart, registered by a module of this
package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import pandas as pd

from hilbench.registry import Registry
from hilbench.report.select import Reading
from hilbench.results.run import Run

Chart = dict[str, Any]
"""A Vega-Lite specification as JSON has it, without schema and style (see `spec`)."""

VEGA_LITE = "6.4"
SCHEMA = f"https://vega.github.io/schema/vega-lite/v{VEGA_LITE[0]}.json"

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777")
"""Okabe and Ito's colours for all kinds of colour vision (jfly.uni-koeln.de/color, 2008); yellow left out, too pale."""

ITEMS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7")
"""Colours of the items of a ledger and the kinds of a buffer: apart in lightness too."""

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
DASHES = ((1, 0), (6, 2), (2, 2), (8, 2, 2, 2), (12, 3))
WIDTH, HEIGHT = 500, 260

INK, PAPER, LINE, FAINT = "#1b1f24", "#ffffff", "#d0d7de", "#57606a"
"""Text, ground, grid and axes; together with the palettes the only colours of a plot."""

_TEXT = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12}
CONFIG: Mapping[str, Any] = {
    "font": "system-ui, Segoe UI, Roboto, DejaVu Sans, sans-serif",
    "view": {"stroke": LINE},
    "axis": {**_TEXT, "gridColor": LINE, "domainColor": FAINT, "tickColor": FAINT},
    "legend": {**_TEXT, "labelLimit": 240, "orient": "bottom", "columns": 3, "symbolBaseFillColor": FAINT},
    "title": {"color": INK, "fontSize": 12, "anchor": "start"},
    "text": {"color": INK, "fontSize": 11},
    "rule": {"color": INK},
}


@dataclass(frozen=True)
class Plot:
    """`draw(part)` gives the chart of a part that holds one model on one board; None where it has no such values.

    What it takes besides (see `context`) is passed by name. `place` orders them, `title` heads it in
    a report; `says` tells in a sentence how to read it.
    """

    name: str
    place: int
    title: str
    says: str
    draw: Callable[..., Chart | None]


def context(run: Run, history: pd.DataFrame | None = None) -> dict[str, Any]:
    """What plots may ask for by name besides the part; a history only where there is one."""
    given: dict[str, Any] = {"baseline": run.baseline, "budgets": run.budgets, "buffers": run.buffers}
    return given if history is None else given | {"history": history}


def draw(plot: Plot, part: Reading, given: Mapping[str, Any]) -> Chart | None:
    """The chart of a part of a run, described for those who cannot see it; None where it has nothing to show."""
    asked = list(signature(plot.draw).parameters.values())[1:]
    names = [p.name for p in asked if p.name in given]
    if any(p.default is p.empty and p.name not in given for p in asked):
        return None
    chart = plot.draw(part, **{name: given[name] for name in names})
    return None if chart is None else {"description": f"{plot.title}. {plot.says}", **chart}


def drawn(part: Reading, given: Mapping[str, Any]) -> dict[Plot, Chart]:
    """Every plot that has something to show, in order."""
    charts = {plot: draw(plot, part, given) for plot in in_order()}
    return {plot: chart for plot, chart in charts.items() if chart is not None}


def spec(chart: Chart) -> Chart:
    """The whole Vega-Lite specification of a chart, styled."""
    return {"$schema": SCHEMA, **chart, "config": dict(CONFIG)}


def in_order() -> list[Plot]:
    """All plots by place."""
    return sorted(PLOTS.values(), key=lambda plot: plot.place)


PLOTS: Registry[Plot] = Registry("plot", "hilbench.report.plots")


def data(rows: pd.DataFrame, *columns: str) -> Chart:
    """The inline data of a chart: only the columns that it uses."""
    return {"values": rows[list(columns)].to_dict("records")}


def quantity(field: str, title: str | None = None, **more: Any) -> Chart:
    """A position by a number; one layer of several gives the title."""
    titled = {} if title is None else {"title": title}
    return {"field": field, "type": "quantitative", **titled, **more}


def name(field: str, title: str | None = None, **more: Any) -> Chart:
    """A position or colour by a name."""
    return {"field": field, "type": "nominal", "title": title, **more}


NARROW = {"zero": False}
"""A scale that begins where the values do."""


def number_axis(metric: str) -> Chart:
    """Milliseconds are written out, what counts in millions is shortened."""
    return {"format": ",.6~g" if metric.endswith("_ms") else "~s"}


def hover(**formats: str) -> list[Chart]:
    """What a mark says when pointed at: fields with the format of their number, "" for text."""
    return [
        {"field": field, "type": "quantitative", "format": form} if form else {"field": field, "type": "nominal"}
        for field, form in formats.items()
    ]


def cycle(names: Sequence[str], through: Sequence[Any]) -> Chart:
    """A scale that gives `names` the items of `through` in turn, over and over."""
    return {"domain": list(names), "range": [through[i % len(through)] for i in range(len(names))]}


def colour(names: Sequence[str]) -> Chart:
    """Colour by variant; names beyond the palette differ by shape or dash as well."""
    return name("variant", "variant", scale=cycle(names, PALETTE))


def shape(names: Sequence[str]) -> Chart:
    """Shape of a point by variant."""
    return name("variant", "variant", scale=cycle(names, SHAPES))


def dash(names: Sequence[str]) -> Chart:
    """Dashes of a line by variant."""
    return name("variant", "variant", scale=cycle(names, [list(d) for d in DASHES]))
