"""ADD, SUB and MUL with broadcasting: structure `hb_binary_int8_args` or `hb_binary_float32_args`."""

from __future__ import annotations

from math import prod

from hilbench.ir.attrs import Elementwise
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op
from hilbench.ir.quantized import add_constants, mul_constants
from hilbench.kernels.family import FAMILIES, Argument, Call, Family, Operand, operand
from hilbench.kernels.requantize import SolvedAdd, solve_add
from hilbench.kernels.weighted import float_clamp


class Binary(Family):
    """Two tensors, element by element."""

    kinds = ("ADD", "MUL", "SUB")
    form = "map"

    def struct(self, op: Op, graph: Graph) -> str:
        """By element type."""
        return f"hb_binary_{graph[op.present_inputs[0]].dtype}_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        names = (*op.present_inputs[:2], op.outputs[0])
        shapes = _as_maps(tuple(graph[name].shape for name in names))
        a, b, y = (operand(name, shape) for name, shape in zip(names, shapes, strict=True))
        members = {"channels": y.channels, **_steps("a", a, y), **_steps("b", b, y)}
        return (Call((a, b), y, members | _arithmetic(op, graph)),)

    def facts(self, op: Op, graph: Graph) -> dict[str, Argument]:
        """Also `solved`: whether the short form of ADD is there."""
        facts = super().facts(op, graph)
        return {**facts, "solved": int("solved_shift" in facts)}


def _as_maps(shapes: tuple[tuple[int, ...], ...]) -> list[tuple[int, ...]]:
    """The two operands' and the output's shapes with four axes; those of rank 4 stay as they are."""
    rank = len(shapes[-1])
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    axes = list(zip(*padded, strict=True))
    if rank != 4:
        axes = _merged(axes)
    if len(axes) > 4:
        raise LookupError(f"broadcasting of {shapes[0]} and {shapes[1]} needs {len(axes)} loops; kernels have 4")
    axes = [(1, 1, 1)] * (4 - len(axes)) + axes
    return [tuple(axis[i] for axis in axes) for i in range(len(shapes))]


def _merged(axes: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Neighbouring axes that broadcast in the same way become one."""
    merged: list[tuple[int, ...]] = []
    for axis in axes:
        if prod(axis) == 1:
            continue
        if merged and _pattern(merged[-1]) == _pattern(axis):
            merged[-1] = tuple(m * n for m, n in zip(merged[-1], axis, strict=True))
        else:
            merged.append(axis)
    return merged


def _pattern(axis: tuple[int, ...]) -> tuple[bool, ...]:
    return tuple(length == axis[-1] for length in axis)


def _steps(name: str, part: Operand, whole: Operand) -> dict[str, Argument]:
    return {
        f"{name}_y": int(part.rows == whole.rows),
        f"{name}_x": int(part.cols == whole.cols),
        f"{name}_c": int(part.channels == whole.channels),
    }


def _arithmetic(op: Op, graph: Graph) -> dict[str, Argument]:
    assert isinstance(op.attrs, Elementwise)
    if graph[op.present_inputs[0]].dtype != DType.INT8:
        return {"operation": f"HB_{op.kind}", **float_clamp(op.attrs.activation)}
    return _mul_members(op, graph) if op.kind == "MUL" else _add_members(op, graph)


def _add_members(op: Op, graph: Graph) -> dict[str, Argument]:
    k = add_constants(op, graph)
    solved = solve_add(op, graph)
    short: dict[str, Argument] = {} if solved is None else _solved_members(solved)
    return {
        **short,
        "left_shift": k.left_shift,
        "a_offset": k.input1_offset,
        "a_multiplier": k.input1_multiplier,
        "a_shift": k.input1_shift,
        "b_offset": k.input2_offset,
        "b_multiplier": k.input2_multiplier,
        "b_shift": k.input2_shift,
        "subtract": int(op.kind == "SUB"),
        "output_offset": k.output_offset,
        "multiplier": k.output_multiplier,
        "shift": k.output_shift,
        "low": k.act_min,
        "high": k.act_max,
    }


def _solved_members(solved: SolvedAdd) -> dict[str, Argument]:
    return {
        "solved_a": solved.first,
        "solved_b": solved.second,
        "solved_c": solved.offset,
        "solved_shift": solved.shift,
    }


def _mul_members(op: Op, graph: Graph) -> dict[str, Argument]:
    k = mul_constants(op, graph)
    return {
        "a_offset": k.input1_offset,
        "b_offset": k.input2_offset,
        "output_offset": k.output_offset,
        "multiplier": k.multiplier,
        "shift": k.shift,
        "low": k.act_min,
        "high": k.act_max,
    }


FAMILIES.add("binary", Binary())
