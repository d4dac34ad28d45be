"""Plot `flash`: the flash ledger of each variant."""

from __future__ import annotations

from hilbench.report.plots.ledger import ledger
from hilbench.report.plots.plot import PLOTS, Chart, Plot
from hilbench.report.select import Reading

_ITEMS = {"weights": "flash_weights_bytes", "code": "flash_code_bytes", "tables": "flash_tables_bytes"}


def flash(part: Reading) -> Chart | None:
    """Weights, code and tables of the model, and the harness, per variant."""
    return ledger(part, "flash_total_bytes", _ITEMS, "harness", "flash")


PLOTS.add(
    "flash",
    Plot("flash", 70, "Flash ledger", "Weights, code and tables of the model, and what the harness adds.", flash),
)
