"""What the kernels of DEPTHWISE_CONV_2D with SMLAD (`hb_planes.h`) need to know beforehand."""

from __future__ import annotations

import numpy as np

from hilbench.ir.attrs import DepthwiseConv2D
from hilbench.ir.fixedpoint import wrap32
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import ConvConstants
from hilbench.kernels.dsp import allowance
from hilbench.kernels.family import Argument, constant
from hilbench.kernels.requantize import Staircase

STAIRCASE_FACTOR = 256
"""What weights are multiplied by where outputs are staircases: bytes 1 and 3 of a word are that without a shift."""

_RECORD_WORDS = 5


def plane_members(op: Op, graph: Graph) -> dict[str, Argument]:
    """Numbers in a row of a plane, for how many output rows planes are made at once, and how windows are swept."""
    assert isinstance(op.attrs, DepthwiseConv2D)
    _, rows, cols, _ = graph[op.outputs[0]].shape
    pitch = ((cols - 1) * op.attrs.x.stride + op.attrs.x.kernel + 1) // 2 * 2
    fitting = (allowance(op, graph) // (8 * pitch) - op.attrs.y.kernel) // op.attrs.y.stride + 1
    return {"plane_pitch": pitch, "band_rows": min(max(fitting, 1), rows), "tall": int(rows > cols)}


def sweep_facts(op: Op, graph: Graph) -> dict[str, Argument]:
    """What a sweep over a map of pairs of rows takes (`hb_planes.h`).

    Along the longer side `sweep_along` outputs of `sweep_columns` columns; across it `sweep_twins` times two rows of
    outputs and `sweep_singles` times one, from `sweep_pairs` pairs of rows.
    """
    assert isinstance(op.attrs, DepthwiseConv2D)
    _, rows, cols, _ = graph[op.outputs[0]].shape
    window = op.attrs.y if rows > cols else op.attrs.x
    twins = min(rows, cols) // 2 if window.stride == 1 else 0
    singles = min(rows, cols) - 2 * twins
    return {
        "sweep_along": max(rows, cols),
        "sweep_columns": (max(rows, cols) - 1) * window.stride + window.kernel,
        "sweep_twins": twins,
        "sweep_singles": singles,
        "sweep_pairs": twins + singles + 1,
    }


def channel_records(op: Op, graph: Graph, constants: ConvConstants, bias: Array, solved: Staircase | None) -> Array:
    """int32 [channel * 5]: what `hb_dw3.h` reads of every channel.

    Three words of a column's weights each, from the top (a row's, where windows are swept down columns), then bias and
    multiplier of the sums of weights and inputs without their offset. Byte 3 of the first word is the shift, or the
    nudge of a staircase.
    """
    _, rows, cols, _ = graph[op.outputs[0]].shape
    weights = constant(op.inputs[1], op, graph)[0]
    columns = weights if rows > cols else weights.transpose(1, 0, 2)
    offsets = bias.astype(np.int64) + constants.input_offset * weights.astype(np.int64).sum(axis=(0, 1))
    multiplier, third = (constants.multiplier, constants.shift) if solved is None else (solved.multiplier, solved.nudge)
    if solved is not None:
        offsets = STAIRCASE_FACTOR * offsets + solved.bias
    made = np.zeros((len(bias), _RECORD_WORDS), "<i4")
    made.view(np.int8).reshape(len(bias), _RECORD_WORDS, 4)[:, :3, :3] = columns.transpose(2, 0, 1)
    made.view(np.int8).reshape(len(bias), _RECORD_WORDS, 4)[:, 0, 3] = third
    made[:, 3], made[:, 4] = wrap32(offsets), multiplier
    return made.astype(np.int32).reshape(-1)
