"""Plot `instructions`: instructions of one inference per variant."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report.plots.bars import bars
from hilbench.report.plots.plot import PLOTS, Chart, Plot


def instructions(frame: pd.DataFrame) -> Chart | None:
    """Instructions per variant, a panel per provenance."""
    return bars(frame, "instructions", "instructions per inference", alt.Axis(format="~s"))


PLOTS.add(
    "instructions",
    Plot("instructions", "Instructions per variant", "Executed instructions of one inference.", instructions),
)
