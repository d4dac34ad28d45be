"""Plot `sram`: the SRAM of each variant, predicted and found."""

from __future__ import annotations

import altair as alt
import pandas as pd

from hilbench.report.plots.bars import bars
from hilbench.report.plots.plot import PLOTS, Chart, Plot


def sram(frame: pd.DataFrame) -> Chart | None:
    """Total SRAM per variant, a panel per provenance."""
    return bars(frame, "sram_total_bytes", "bytes of SRAM", alt.Axis(format="~s"))


PLOTS.add(
    "sram", Plot("sram", "SRAM per variant", "Static data, arena and stack together, as reconciled totals.", sram)
)
