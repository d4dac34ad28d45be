"""MEAN over any axes: structure `hb_mean_args`."""

from __future__ import annotations

from math import prod

from hilbench.ir.attrs import Mean
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op
from hilbench.ir.quantized import mean_constants
from hilbench.kernels.family import FAMILIES, Argument, Call, Family, flat

_LOOPS = 3


class MeanOverAxes(Family):
    """Axes that are kept, and axes that are averaged over."""

    kinds = ("MEAN",)
    form = "flat"

    def struct(self, op: Op, graph: Graph) -> str:
        """One structure for all."""
        return "hb_mean_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        assert isinstance(op.attrs, Mean)
        x = graph[op.present_inputs[0]]
        runs = _runs(x.shape, frozenset(op.attrs.axes))
        members = _loops("kept", [run[:2] for run in runs if not run[2]], x.shape)
        members |= _loops("reduced", [run[:2] for run in runs if run[2]], x.shape)
        return (Call((flat(x.name, graph),), flat(op.outputs[0], graph), members | _arithmetic(op, graph)),)


def _runs(shape: tuple[int, ...], axes: frozenset[int]) -> list[tuple[int, int, bool]]:
    """(length, stride in elements, whether averaged over) of the axes; neighbours of one fate become one."""
    runs: list[tuple[int, int, bool]] = []
    for axis, length in enumerate(shape):
        stride, reduced = prod(shape[axis + 1 :]), axis in axes
        if length == 1:
            continue
        if runs and runs[-1][2] == reduced:
            runs[-1] = (runs[-1][0] * length, stride, reduced)
        else:
            runs.append((length, stride, reduced))
    return runs


def _loops(name: str, runs: list[tuple[int, int]], shape: tuple[int, ...]) -> dict[str, Argument]:
    if len(runs) > _LOOPS:
        raise LookupError(f"MEAN of shape {shape} needs {len(runs)} loops over {name} axes; kernels have {_LOOPS}")
    filled = [(1, 0)] * (_LOOPS - len(runs)) + runs
    return {name: tuple(length for length, _ in filled), f"{name}_stride": tuple(stride for _, stride in filled)}


def _arithmetic(op: Op, graph: Graph) -> dict[str, Argument]:
    assert isinstance(op.attrs, Mean)
    x = graph[op.present_inputs[0]]
    if x.dtype != DType.INT8:
        return {"count": prod(x.shape[axis] for axis in op.attrs.axes)}
    k = mean_constants(op, graph)
    return {
        "count": k.count,
        "input_zero_point": k.input_zero_point,
        "output_zero_point": k.output_zero_point,
        "multiplier": k.multiplier,
        "shift": k.shift,
    }


FAMILIES.add("mean", MeanOverAxes())
