"""Short forms of rounding, solved: constants with which a shift gives what two roundings give, for every input.

What has to be computed is a staircase; a shorter form of it is right if it has the same steps. Here all inputs are
looked at, so that what is found is proven, not likely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import log2

import numpy as np

from hilbench.ir.fixedpoint import multiply
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import AddConstants, add_constants

_INT8 = np.arange(-128, 128, dtype=np.int64)
_NEARBY = (0, -1, 1)
_SHIFTS_TRIED = 4


@dataclass(frozen=True)
class SolvedAdd:
    """y = clamp((a * first + b * second + offset) >> shift), all in int32."""

    first: int
    second: int
    offset: int
    shift: int


def solve_add(op: Op, graph: Graph) -> SolvedAdd | None:
    """Constants of the short form of an int8 ADD or SUB; None if none were found."""
    k = add_constants(op, graph)
    output = add_outputs(op.kind, k)
    for shift, first, second in _candidates(op, graph):
        sums = first * _INT8[:, None] + second * _INT8[None, :]
        # Every output y needs y * 2^shift <= sum + offset < (y + 1) * 2^shift; the clamp frees one side of its ends.
        least = np.where(output > k.act_min, (output << shift) - sums, -(2**40)).max()
        most = np.where(output < k.act_max, ((output + 1) << shift) - sums - 1, 2**40).min()
        offset = int(least + most) // 2
        if least <= most and np.abs(sums).max() + abs(offset) < 2**31:
            return SolvedAdd(first, second, offset, shift)
    return None


def add_outputs(kind: str, k: AddConstants) -> Array:
    """int64 [a + 128, b + 128]: output of ADD or SUB for every pair of inputs."""
    first = multiply((_INT8 + k.input1_offset) << k.left_shift, k.input1_multiplier, k.input1_shift)
    second = multiply((_INT8 + k.input2_offset) << k.left_shift, k.input2_multiplier, k.input2_shift)
    sums = first[:, None] + (-1 if kind == "SUB" else 1) * second[None, :]
    total = multiply(sums, k.output_multiplier, k.output_shift) + k.output_offset
    return np.clip(total, k.act_min, k.act_max)


def _candidates(op: Op, graph: Graph) -> Iterator[tuple[int, int, int]]:
    """(shift, first, second): the real factors at the finest resolutions that fit, and their neighbours."""
    a, b, y = (graph[name].scale for name in (*op.present_inputs[:2], op.outputs[0]))
    first, second = a / y, (-b if op.kind == "SUB" else b) / y
    finest = min(int(log2(2**23 / (abs(first) + abs(second)))), 30)
    for shift in range(finest, max(finest - _SHIFTS_TRIED, 0), -1):
        for d1, d2 in product(_NEARBY, _NEARBY):
            yield shift, round(first * 2**shift) + d1, round(second * 2**shift) + d2
