"""The short form of ADD equals the long one on every pair of inputs."""

from __future__ import annotations

import numpy as np
import pytest

from hilbench.ir.quantized import add_constants
from hilbench.kernels.requantize import add_outputs, solve_add
from tests.graphs import only


@pytest.mark.parametrize("kind", ["ADD", "SUB"])
def test_short_add_on_all_pairs(kind: str) -> None:
    every = np.arange(-128, 128, dtype=np.int64)
    found = 0
    for seed in range(12):
        graph = only(kind, seed)
        (op,) = graph.ops
        solved = solve_add(op, graph)
        if solved is None:
            continue
        found += 1
        k = add_constants(op, graph)
        sums = solved.first * every[:, None] + solved.second * every[None, :] + solved.offset
        assert np.abs(sums).max() < 2**31
        short = np.clip(sums >> solved.shift, k.act_min, k.act_max)
        np.testing.assert_array_equal(short, add_outputs(kind, k))
    assert found >= 8, "a solver that finds nothing proves nothing"
