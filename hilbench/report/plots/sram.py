"""Plot `sram`: the SRAM ledger of each variant, predicted and found, item by item."""

from __future__ import annotations

from hilbench.report.plots.ledger import ledger
from hilbench.report.plots.plot import PLOTS, Chart, Plot
from hilbench.report.select import Reading


def sram(part: Reading) -> Chart | None:
    """Arena, stack and static data per variant, a panel per provenance."""
    return ledger(part, "sram_total_bytes", {"arena": "arena_bytes", "stack": "stack_bytes"}, "static data", "SRAM")


PLOTS.add(
    "sram",
    Plot(
        "sram",
        60,
        "SRAM ledger",
        "What the total is made of: predicted by plan and compiler (static), and found while it ran (counted in an "
        "emulator, measured on a board). The figure beside a bar is the total.",
        sram,
    ),
)
