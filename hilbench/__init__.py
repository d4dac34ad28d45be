"""hilbench: which variant of a neural network to ship on a microcontroller, and whether last night made it worse.

In a notebook, `hilbench.open("runs/demo-1")` gives the tidy frame of a run, and `hilbench.plot.pareto(frame)` a plot.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__version__ = "0.1.0"


def open(run: str | Path) -> pd.DataFrame:  # noqa: A001 - as people say it: hilbench.open(run)
    """The tidy frame of the run in a folder, one observation per row; it remembers the folder, for the plots.

    Raises:
        UsageError: there is no run.
        ConfigError: it is damaged or of another schema version.
    """
    frame: pd.DataFrame = import_module("hilbench.results.run").read_run(Path(run)).frame
    frame.attrs["run"] = str(run)
    return frame


def __getattr__(name: str) -> Any:
    """`hilbench.plot` without an import of its own; pandas and the plots are loaded only then."""
    if name == "plot":
        return import_module("hilbench.plot")
    raise AttributeError(f"module 'hilbench' has no attribute '{name}'")
