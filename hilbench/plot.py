"""Plots for notebooks: `hilbench.plot.memory(frame)` draws a frame of one model on one board.

Charts are Altair's: they show themselves in a notebook, and `chart.save("memory.svg")` or `.png` writes them.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from hilbench.report.plots.plot import PLOTS, Chart


def __getattr__(name: str) -> Callable[[pd.DataFrame], Chart | None]:
    if name not in PLOTS:
        raise AttributeError(f"hilbench.plot has no '{name}'; plots: {', '.join(PLOTS)}")
    return PLOTS[name].draw


def __dir__() -> list[str]:
    return list(PLOTS)
