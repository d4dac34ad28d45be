"""Plot `flash`: the flash ledger of each variant."""

from __future__ import annotations

import pandas as pd

from hilbench.report.plots.ledger import ledger
from hilbench.report.plots.plot import PLOTS, Chart, Plot


def flash(frame: pd.DataFrame) -> Chart | None:
    """The model's part and the harness' part per variant."""
    return ledger(frame, "flash_total_bytes", {"model": "flash_model_bytes"}, "harness", "flash")


PLOTS.add(
    "flash",
    Plot("flash", 70, "Flash ledger", "Weights, code and tables of the model, and what the harness adds.", flash),
)
