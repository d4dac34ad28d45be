"""Plot `memory`: bytes in use while each step runs, one line per variant."""

from __future__ import annotations

from hilbench.report.plots.plot import HEIGHT, PLOTS, WIDTH, Chart, Plot, colour, dash, data, hover, quantity
from hilbench.report.select import Reading


def memory(part: Reading) -> Chart | None:
    """Live bytes of the arena per step, in the order in which the steps run."""
    steps = part.per_step("live_bytes")
    if steps.empty:
        return None
    return {
        "data": data(steps, "variant", "step", "position", "value"),
        "mark": {
            "type": "line",
            "interpolate": "step-after",
            "strokeWidth": 2,
            "point": {"size": 24, "filled": True},
        },
        "encoding": {
            "x": quantity("position", "step, in order of execution", axis={"tickMinStep": 1}),
            "y": quantity("value", "bytes in use (static)", axis={"format": "~s"}),
            "color": colour(part.variants),
            "strokeDash": dash(part.variants),
            "tooltip": hover(variant="", step="", value=","),
        },
        "width": WIDTH,
        "height": HEIGHT,
    }


PLOTS.add(
    "memory",
    Plot(
        "memory",
        20,
        "Memory, step by step",
        "Tensors, windows and scratch that exist while a step runs. The highest point of a line is the least "
        "arena that its variant can have; a patch-based schedule takes the peak off the first layers.",
        memory,
    ),
)
