"""Plots for notebooks: `hilbench.plot.pareto(frame)`, for a frame of `hilbench.open` or a part of it.

Charts are Altair's: they show themselves in a notebook, `chart.save("pareto.svg")` or `.png` writes them. A frame with
several models or boards gives one chart each, one below the other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from hilbench.errors import UsageError
from hilbench.report.plots.plot import PLOTS, Plot, context, draw, spec
from hilbench.report.select import Reading
from hilbench.results.run import GROUP, read_run


def __getattr__(name: str) -> Callable[..., alt.TopLevelMixin]:
    """The plot of that name as a function of a frame; see `dir(hilbench.plot)`."""
    if name not in PLOTS:
        raise AttributeError(f"hilbench.plot has no '{name}'; plots: {', '.join(PLOTS)}")
    plot = PLOTS[name]

    def of_frame(frame: pd.DataFrame, **given: Any) -> alt.TopLevelMixin:
        return _draw(plot, frame, given)

    of_frame.__name__, of_frame.__doc__ = name, f"{plot.title}. {plot.says}"
    return of_frame


def __dir__() -> list[str]:
    return list(PLOTS)


def _draw(plot: Plot, frame: pd.DataFrame, given: dict[str, Any]) -> alt.TopLevelMixin:
    """One chart per model, board and target; what the run itself says (baseline, budgets, arena) is read from it.

    Raises:
        UsageError: the frame holds no values that this plot could draw.
    """
    known = context(read_run(Path(frame.attrs["run"]))) if "run" in frame.attrs else {}
    parts = {" · ".join(map(str, key)): Reading(part) for key, part in frame.groupby(GROUP, sort=False)}
    drawn = {name: draw(plot, part, known | given) for name, part in parts.items()}
    charts = {name: chart for name, chart in drawn.items() if chart is not None}
    if not charts:
        raise UsageError(f"the frame holds nothing that plot '{plot.name}' draws: {plot.says}")
    titled = [{"title": name, **chart} for name, chart in charts.items()]
    whole = next(iter(charts.values())) if len(charts) == 1 else {"vconcat": titled}
    found: alt.TopLevelMixin = alt.Chart.from_dict(spec(whole))
    return found
