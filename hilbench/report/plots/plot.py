"""What a plot is: a function of the tidy frame that gives an Altair chart, registered by a module of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from hilbench.registry import Registry

Chart = alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777")
"""Okabe and Ito's colours for all kinds of colour vision (jfly.uni-koeln.de/color, 2008); yellow left out, too pale."""

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
DASHES = ((1, 0), (6, 2), (2, 2), (8, 2, 2, 2), (12, 3))
WIDTH, HEIGHT = 640, 280


@dataclass(frozen=True)
class Plot:
    """`draw(frame)` gives the chart of a frame that holds one model on one board; None where it has no such values.

    `title` heads it in a report; `says` tells in a sentence how to read it.
    """

    name: str
    title: str
    says: str
    draw: Callable[[pd.DataFrame], Chart | None]


PLOTS: Registry[Plot] = Registry("plot", "hilbench.report.plots")


def values(table: pd.DataFrame) -> alt.InlineData:
    """Rows as inline data; given so, Altair neither counts rows nor guesses types."""
    return alt.InlineData(values=plain(table))


def plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries of Python values, integers as such, missing values as None."""
    return [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        if pd.isna(value):
            return None
        return int(value) if value.is_integer() else value
    return value


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
