"""Operators that move elements: RESHAPE, TRANSPOSE, PAD, CONCATENATION, RESIZE_NEAREST_NEIGHBOR (`hb_move.h`)."""

from __future__ import annotations

from itertools import accumulate
from math import prod

import numpy as np

from hilbench.ir.attrs import Activation, Concat, Pad, ResizeNearest, Transpose
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op, Tensor
from hilbench.ir.ops.activation import requantize
from hilbench.ir.ops.movement import nearest
from hilbench.ir.quantized import INT8_MAX, INT8_MIN, requantize_constants, zero_value
from hilbench.kernels.family import FAMILIES, Argument, Call, Family, flat, natural, operand

_AXES = 6


class Copying(Family):
    """RESHAPE: structure `hb_copy_args`."""

    kinds = ("RESHAPE",)
    form = "flat"

    def struct(self, op: Op, graph: Graph) -> str:
        """One structure for all."""
        return "hb_copy_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        x, y = op.present_inputs[0], op.outputs[0]
        return (Call((flat(x, graph),), flat(y, graph), {"bytes": graph[y].nbytes}),)


class Transposition(Family):
    """TRANSPOSE: structure `hb_transpose_args`."""

    kinds = ("TRANSPOSE",)
    form = "flat"

    def struct(self, op: Op, graph: Graph) -> str:
        """One structure for all."""
        return "hb_transpose_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        assert isinstance(op.attrs, Transpose)
        x = graph[op.present_inputs[0]]
        axes = _output_axes(x.shape, op.attrs.perm)
        if len(axes) > _AXES:
            raise LookupError(f"TRANSPOSE of shape {x.shape} moves {len(axes)} axes; kernels move {_AXES}")
        axes = [(1, 0)] * (_AXES - len(axes)) + axes
        members: dict[str, Argument] = {"length": tuple(n for n, _ in axes), "stride": tuple(s for _, s in axes)}
        return (Call((flat(x.name, graph),), flat(op.outputs[0], graph), members | {"size": x.dtype.size}),)


def _output_axes(shape: tuple[int, ...], perm: tuple[int, ...]) -> list[tuple[int, int]]:
    """(length, stride in the input) of the output's axes; axes that stay neighbours become one."""
    axes: list[tuple[int, int]] = []
    for axis in perm:
        length, stride = shape[axis], prod(shape[axis + 1 :])
        if length == 1:
            continue
        if axes and axes[-1][1] == length * stride:
            axes[-1] = (axes[-1][0] * length, stride)
        else:
            axes.append((length, stride))
    return axes


class Padding(Family):
    """PAD: structure `hb_pad_args`."""

    kinds = ("PAD",)
    form = "map"

    def struct(self, op: Op, graph: Graph) -> str:
        """One structure for all."""
        return "hb_pad_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call; a tensor of another rank than 4 is seen as maps."""
        assert isinstance(op.attrs, Pad)
        x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
        shape, before, padded = _as_maps(x.shape, op.attrs.pads)
        a, b = operand(x.name, shape), operand(y.name, padded)
        members: dict[str, Argument] = {"rows": a.rows, "cols": a.cols, "channels": a.channels}
        members |= {"out_channels": b.channels, "top": before[1], "left": before[2], "front": before[3]}
        fill = 0 if x.dtype == DType.FLOAT32 else zero_value(y) % 256
        return (Call((a,), b, members | {"size": x.dtype.size, "fill": fill}),)


_Shape = tuple[int, ...]


def _as_maps(shape: _Shape, pads: tuple[tuple[int, int], ...]) -> tuple[_Shape, _Shape, _Shape]:
    """Input shape, padding before, and output shape with four axes, the first of which is not padded."""
    axes = [(length, *pad) for length, pad in zip(shape, pads, strict=True)]
    if len(axes) != 4 or any(pads[0]):
        axes = _merged(axes)
    if axes and any(axes[0][1:]):
        axes.insert(0, (1, 0, 0))
    if len(axes) > 4:
        raise LookupError(f"PAD of shape {shape} by {pads} needs {len(axes)} loops; kernels have 4")
    # Ones go in after the batch axis: the last axes are rows, columns and channels.
    head = axes[:1] or [(1, 0, 0)]
    axes = head + [(1, 0, 0)] * (4 - len(head) - len(axes[1:])) + axes[1:]
    lengths, before = tuple(n for n, _, _ in axes), tuple(b for _, b, _ in axes)
    return lengths, before, tuple(n + b + a for n, b, a in axes)


def _merged(axes: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """An axis without padding becomes part of the one before it, whose padding then counts in its elements."""
    merged: list[tuple[int, int, int]] = []
    for length, before, after in axes:
        if merged and not before and not after:
            n, b, a = merged[-1]
            merged[-1] = (n * length, b * length, a * length)
        else:
            merged.append((length, before, after))
    return merged


class Concatenation(Family):
    """CONCATENATION: structure `hb_concatenation_args`, one call per input."""

    kinds = ("CONCATENATION",)
    form = "map"

    def struct(self, op: Op, graph: Graph) -> str:
        """One structure for all."""
        return "hb_concatenation_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """Every input to its place."""
        assert isinstance(op.attrs, Concat)
        axis, out = op.attrs.axis, graph[op.outputs[0]]
        places = accumulate((graph[name].shape[axis] for name in op.present_inputs), initial=0)
        parts = zip(op.present_inputs, places, strict=False)
        return tuple(_part(graph[name], out, axis, place, which) for which, (name, place) in enumerate(parts))

    def facts(self, op: Op, graph: Graph) -> dict[str, Argument]:
        """Also `same_quantization`: whether bytes can be copied as they are."""
        return {**super().facts(op, graph), "same_quantization": int(_copies(op, graph))}

    def array(self, name: str, op: Op, graph: Graph, call: Call) -> Array:
        """The table of one input: what each int8 number becomes, in the order of the bytes that hold them."""
        if name != "table":
            return super().array(name, op, graph, call)
        every = np.arange(256, dtype=np.uint8).view(np.int8)
        return requantize(every, requantize_constants(op, graph, call.which)).view(np.uint8)


def _part(x: Tensor, y: Tensor, axis: int, place: int, which: int) -> Call:
    """The call for an input that begins at `place` on `axis` of the output."""
    shape, out_shape = x.shape, y.shape
    starts = [place if i == axis else 0 for i in range(len(shape))]
    if len(shape) != 4 or axis == 0:
        outer, inner = prod(shape[:axis]), prod(shape[axis + 1 :])
        shape, out_shape = (1, outer, 1, shape[axis] * inner), (1, outer, 1, out_shape[axis] * inner)
        starts = [0, 0, 0, place * inner]
    a, b = operand(x.name, shape), operand(y.name, out_shape)
    members: dict[str, Argument] = {"rows": a.rows, "cols": a.cols, "channels": a.channels}
    members |= {"out_channels": b.channels, "top": starts[1], "left": starts[2], "front": starts[3]}
    return Call((a,), b, members | {"size": x.dtype.size}, which)


def _copies(op: Op, graph: Graph) -> bool:
    assert isinstance(op.attrs, Concat)
    if graph[op.outputs[0]].dtype != DType.INT8:
        return op.attrs.activation == Activation.NONE
    constants = [requantize_constants(op, graph, which) for which in range(len(op.present_inputs))]
    return all(k.identity and (k.act_min, k.act_max) == (INT8_MIN, INT8_MAX) for k in constants)


class NearestResize(Family):
    """RESIZE_NEAREST_NEIGHBOR: structure `hb_resize_args`."""

    kinds = ("RESIZE_NEAREST_NEIGHBOR",)
    form = "map"

    def struct(self, op: Op, graph: Graph) -> str:
        """One structure for all."""
        return "hb_resize_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        x, y = natural(op.present_inputs[0], graph), natural(op.outputs[0], graph)
        return (Call((x,), y, {"channels": x.channels, "size": graph[x.tensor].dtype.size}),)

    def array(self, name: str, op: Op, graph: Graph, call: Call) -> Array:
        """Source rows ("rows") or columns ("cols"), int16."""
        assert isinstance(op.attrs, ResizeNearest)
        if name not in ("rows", "cols"):
            return super().array(name, op, graph, call)
        x, y = call.inputs[0], call.output
        return np.array(nearest(getattr(x, name), getattr(y, name), op.attrs), np.int16)


FAMILIES.add("concatenation", Concatenation())
FAMILIES.add("copying", Copying())
FAMILIES.add("padding", Padding())
FAMILIES.add("resize", NearestResize())
FAMILIES.add("transposition", Transposition())
