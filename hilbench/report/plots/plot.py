"""What a plot is: a function of the tidy frame that gives an Altair chart, registered by a module of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import altair as alt
import pandas as pd

from hilbench.registry import Registry
from hilbench.results.run import Run

Chart = alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart | alt.ConcatChart | alt.FacetChart

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
    """`draw(frame)` gives the chart of a frame that holds one model on one board; None where it has no such values.

    What it takes besides (see `context`) is passed by name. `place` orders them, `title` heads it in
    a report; `says` tells in a sentence how to read it.
    """

    name: str
    place: int
    title: str
    says: str
    draw: Callable[..., Chart | None]


def context(run: Run, history: pd.DataFrame | None = None) -> dict[str, Any]:
    """What plots may ask for by name besides the frame; a history only where there is one."""
    given: dict[str, Any] = {"baseline": run.baseline, "budgets": run.budgets, "buffers": run.buffers}
    return given if history is None else given | {"history": history}


def draw(plot: Plot, frame: pd.DataFrame, given: Mapping[str, Any]) -> Chart | None:
    """The chart of a part of a run, described for those who cannot see it; None where it has nothing to show."""
    asked = signature(plot.draw).parameters.values()
    names = [p.name for p in asked if p.name in given]
    missing = [p.name for p in asked if p.default is p.empty and p.name not in (*given, "frame")]
    chart = None if missing else plot.draw(frame, **{name: given[name] for name in names})
    return None if chart is None else chart.properties(description=f"{plot.title}. {plot.says}")


def spec(chart: Chart) -> dict[str, Any]:
    """The Vega-Lite specification of a chart, styled, however many rows it has."""
    with alt.data_transformers.enable("default", max_rows=None):
        found: dict[str, Any] = chart.to_dict(validate=False)
    return found | {"config": dict(CONFIG)}


def in_order() -> list[Plot]:
    """All plots by place."""
    return sorted(PLOTS.values(), key=lambda plot: plot.place)


PLOTS: Registry[Plot] = Registry("plot", "hilbench.report.plots")


def number_axis(metric: str) -> alt.Axis:
    """Milliseconds are written out, what counts in millions is shortened."""
    return alt.Axis(format=",.6~g" if metric.endswith("_ms") else "~s")


def hover(**formats: str) -> list[alt.Tooltip]:
    """What a mark says when pointed at: fields with the format of their number, "" for text."""
    return [
        alt.Tooltip(field=name, type="quantitative", format=form) if form else alt.Tooltip(field=name, type="nominal")
        for name, form in formats.items()
    ]


def cycle(names: Sequence[str], through: Sequence[Any]) -> Mapping[str, Any]:
    """A scale that gives `names` the items of `through` in turn, over and over."""
    return {"domain": list(names), "range": [through[i % len(through)] for i in range(len(names))]}


def colour(names: Sequence[str], title: str = "variant") -> alt.Color:
    """Colour by variant; names beyond the palette differ by shape or dash as well."""
    return alt.Color("variant:N", scale=alt.Scale(**cycle(names, PALETTE)), title=title)


def shape(names: Sequence[str]) -> alt.Shape:
    """Shape of a point by variant."""
    return alt.Shape("variant:N", scale=alt.Scale(**cycle(names, SHAPES)), title="variant")


def dash(names: Sequence[str]) -> alt.StrokeDash:
    """Dashes of a line by variant."""
    return alt.StrokeDash("variant:N", scale=alt.Scale(**cycle(names, [list(d) for d in DASHES])), title="variant")
