"""Running suites: one pure pipeline per cell, many cells at once, everything finished kept."""

from hilbench.runner.cell import Cell, Outcome, cells, measure
from hilbench.runner.run import Progress, choose_folder, exit_code, run

__all__ = ["Cell", "Outcome", "Progress", "cells", "choose_folder", "exit_code", "measure", "run"]
