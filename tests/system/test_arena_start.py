"""Kernels at the very beginning of the arena: no pointer leaves it, or the compiler would refuse the firmware."""

from __future__ import annotations

from pathlib import Path

import pytest

from hilbench.boards import find
from hilbench.build import execute, prepare
from hilbench.codegen import generate
from hilbench.ir.dtype import DType
from hilbench.plan.make import make_plan
from hilbench.variants.variant import LAYERS, Part
from tests.graphs import Builder, fully_connected


@pytest.mark.parametrize("inputs", [8, 40])
def test_working_space_of_fully_connected_may_come_first(
    inputs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An odd number of half rounds, which begin in the middle of the inner loop."""
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path))
    board = find("mps2-an386")
    builder = Builder(3, DType.INT8)
    fully_connected(builder, builder.input((1, inputs)), [])
    plan = make_plan(builder.done(), Part(LAYERS), board.core.features)
    (step,) = plan.steps
    assert step.kernel == "fully_connected_dsp_int8"
    assert next(buffer for buffer in plan.buffers if buffer.kind == "scratch").offset == 0
    assert execute(prepare(generate(plan, "start"), board, target="qemu")).elf.is_file()
