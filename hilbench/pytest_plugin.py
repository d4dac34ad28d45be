"""Fixtures for people's own tests: `assert hil_run("model.tflite", "int8+patch").sram_total_bytes <= 64 * 1024`.

Loaded by pytest wherever hilbench is installed, so nothing of hilbench is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hilbench.boards import Board
    from hilbench.results.schema import RunRecord


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--hil-board` and `--hil-target`, and the same as `hil_board` and `hil_target` in the configuration file."""
    group = parser.getgroup("hilbench", "measuring neural networks on microcontrollers")
    for name, what in (
        ("board", "board to measure on: name, or a .toml file"),
        ("target", "auto, qemu, board or host"),
    ):
        group.addoption(f"--hil-{name}", help=what, default=None)
        parser.addini(f"hil_{name}", what, default="")


@dataclass(frozen=True)
class HilRun:
    """One measurement. Every metric is an attribute: `run.instructions`, `run.arena_bytes`, `run.accuracy`.

    A metric's value is that of the whole model: the median over warm repeats, or the one cold run; where it was both
    observed and predicted, as observed. `run.value(metric, provenance)` asks for one of the two.
    """

    record: RunRecord

    def __getattr__(self, metric: str) -> float:
        if metric.startswith("_"):
            raise AttributeError(metric)
        return self.value(metric)

    def value(self, metric: str, provenance: str = "") -> float:
        """The value of a metric, of one provenance ("measured", "counted", "modelled", "static") where one is given.

        Raises:
            AttributeError: the run has no such value; the text names those that it has.
        """
        whole = [v for v in self.record.values if v.step == "" and v.metric == metric]
        kinds = sorted({v.provenance for v in whole}, key=_TRUST.index)
        wanted = [kind for kind in kinds if provenance in ("", kind)][:1]
        if not wanted:
            known = sorted({f"{v.metric} ({v.provenance})" for v in self.record.values if v.step == ""})
            raise AttributeError(f"this run has no {metric} {provenance}; it has {', '.join(known)}")
        found = [v for v in whole if v.provenance == wanted[0]]
        return float(median([v.value for v in found if v.repeat > 0] or [v.value for v in found]))


_TRUST = ("measured", "counted", "modelled", "static", "wallclock")


@pytest.fixture(scope="session")
def hil_board(request: pytest.FixtureRequest) -> Board:
    """The board that `--hil-board` names."""
    from hilbench.boards import find  # noqa: PLC0415 - see the module

    name = _asked(request, "board")
    if not name:
        raise pytest.UsageError("no board to measure on: give --hil-board NAME, or hil_board in the configuration file")
    return find(name)


@pytest.fixture(scope="session")
def hil_run(request: pytest.FixtureRequest, hil_board: Board) -> Callable[..., HilRun]:
    """`hil_run(model, variant, dataset="", calibration="", repeats=1)` measures, once per session for equal arguments.

    The test fails where the output is wrong, or where the variant does not fit or is not supported; what goes wrong
    with tools and targets is an error of its own kind (`hilbench.errors`).
    """
    known: dict[str, HilRun] = {}
    target = _asked(request, "target") or "auto"

    def run(model: str, variant: str, *, dataset: str = "", calibration: str = "", repeats: int = 1) -> HilRun:
        from hilbench.runner.cell import cells, measure  # noqa: PLC0415 - see the module
        from hilbench.suite import of_model, replace_given  # noqa: PLC0415
        from hilbench.variants.variant import Variant  # noqa: PLC0415

        given = {"boards": (hil_board,), "target": target, "repeats": repeats}
        suite = replace_given(of_model(model, dataset, calibration), variants=(Variant.parse(variant),), **given)
        (cell,) = cells(suite)
        if cell.run_id not in known:
            known[cell.run_id] = HilRun(measure(cell).record)
        return _checked(known[cell.run_id])

    return run


def _asked(request: pytest.FixtureRequest, name: str) -> str:
    return str(request.config.getoption(f"--hil-{name}") or request.config.getini(f"hil_{name}"))


def _checked(run: HilRun) -> HilRun:
    record = run.record
    if record.status != "ok":
        pytest.fail(
            f"{record.model} {record.variant} on {record.board}: {record.status}: {record.detail}", pytrace=False
        )
    return run
