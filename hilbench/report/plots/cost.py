"""Plot `cost`: what one inference costs per variant, in instructions, cycles and time."""

from __future__ import annotations

from hilbench.report.plots.bars import bars
from hilbench.report.plots.plot import PLOTS, Chart, Plot
from hilbench.report.select import Reading

TITLES = {"latency_ms": "latency in ms", "cycles": "cycles", "instructions": "instructions"}


def cost(part: Reading) -> Chart | None:
    """A panel per metric and provenance that the part has."""
    panels = [panel for metric, title in TITLES.items() for panel in bars(part, metric, title)]
    return {"vconcat": panels} if panels else None


PLOTS.add(
    "cost",
    Plot(
        "cost",
        40,
        "Cost of one inference",
        "Shorter is better. The line at the end of a modelled bar spans the error band of its model; instructions are "
        "exact.",
        cost,
    ),
)
