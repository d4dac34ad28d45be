"""Operators that move values: RESHAPE, TRANSPOSE, PAD, CONCATENATION, RESIZE_NEAREST_NEIGHBOR."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import numpy as np

from hilbench.ir.attrs import Concat, Pad, Reshape, ResizeNearest, Transpose, attributes
from hilbench.ir.checks import activate, computed, feature_map, present
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import wraps
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS, Monotone, whole_range
from hilbench.ir.ops.activation import requantize
from hilbench.ir.quantized import requantize_constants, require_same_quantization, zero_value
from hilbench.ir.region import Region, Window
from hilbench.ir.sliding import inside


class Reshaping(Monotone):
    """RESHAPE: the same values in the same order."""

    kind = "RESHAPE"
    attrs = Reshape

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """The output's own shape, where it holds as many elements."""
        x, y = computed(op, graph), graph[op.outputs[0]]
        if x.elements != y.elements:
            raise ValueError(f"'{x.name}' of shape {x.shape} cannot become {y.shape}")
        require_same_quantization(op, graph)
        return [(y.shape, x.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """A copy in the new shape."""
        (x,) = present(inputs)
        return [x.reshape(graph[op.outputs[0]].shape).copy()]


class Transposition(Monotone):
    """TRANSPOSE."""

    kind = "TRANSPOSE"
    attrs = Transpose

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """The input's axes in the order of `perm`."""
        attrs = attributes(op, Transpose)
        x, perm = computed(op, graph), attrs.perm
        if sorted(perm) != list(range(len(x.shape))):
            raise ValueError(f"{perm} is not a permutation of the {len(x.shape)} axes of '{x.name}'")
        require_same_quantization(op, graph)
        return [(tuple(x.shape[axis] for axis in perm), x.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """A copy with permuted axes."""
        attrs = attributes(op, Transpose)
        (x,) = present(inputs)
        return [np.ascontiguousarray(x.transpose(attrs.perm))]


class Padding(Monotone):
    """PAD with real zeros."""

    kind = "PAD"
    attrs = Pad

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """Every axis longer by what is added before and after."""
        attrs = attributes(op, Pad)
        x, pads = computed(op, graph), attrs.pads
        if len(pads) != len(x.shape) or any(n < 0 for pair in pads for n in pair):
            raise ValueError(f"paddings {pads} do not fit '{x.name}' of shape {x.shape}")
        require_same_quantization(op, graph)
        return [(tuple(n + before + after for n, (before, after) in zip(x.shape, pads, strict=True)), x.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """The input amid zeros, which for int8 are the output's zero point."""
        attrs = attributes(op, Pad)
        (x,) = present(inputs)
        return [np.pad(x, attrs.pads, constant_values=zero_value(graph[op.outputs[0]]))]

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The region moved by the padding before it."""
        attrs = attributes(op, Pad)
        shape = graph[op.present_inputs[0]].shape
        if len(shape) != 4:
            return None
        top, left = attrs.pads[1][0], attrs.pads[2][0]
        return inside(Region(out.y0 - top, out.y1 - top, out.x0 - left, out.x1 - left), shape)


class Concatenation(Monotone):
    """CONCATENATION; int8 inputs of another quantization than the output's are requantized."""

    kind = "CONCATENATION"
    attrs = Concat

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """The inputs' shape with the lengths of `axis` added up."""
        attrs = attributes(op, Concat)
        parts, axis = [computed(op, graph, i) for i in range(len(op.inputs))], attrs.axis
        first = parts[0].shape
        if not 0 <= axis < len(first):
            raise ValueError(f"axis {axis} of inputs with {len(first)} axes")
        for part in parts:
            if len(part.shape) != len(first) or _without(part.shape, axis) != _without(first, axis):
                raise ValueError(f"'{part.name}' of shape {part.shape} does not fit beside {first} along axis {axis}")
        if parts[0].dtype == DType.INT8:
            requantize_constants(op, graph)
        return [((*first[:axis], sum(p.shape[axis] for p in parts), *first[axis + 1 :]), parts[0].dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """The inputs side by side."""
        attrs = attributes(op, Concat)
        parts = present(inputs)
        if parts[0].dtype == np.int8:
            parts = [requantize(x, requantize_constants(op, graph, i)) for i, x in enumerate(parts)]
        else:
            parts = [activate(x, attrs.activation) for x in parts]
        return [np.concatenate(parts, axis=attrs.axis)]

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """The part of the region that comes from input `which`."""
        attrs = attributes(op, Concat)
        shapes = [graph[name].shape for name in op.present_inputs]
        if len(shapes[0]) != 4 or attrs.axis == 0:
            return None
        before = sum(shape[attrs.axis] for shape in shapes[:which])
        down, right = (before if attrs.axis == axis else 0 for axis in (1, 2))
        return inside(Region(out.y0 - down, out.y1 - down, out.x0 - right, out.x1 - right), shapes[which])

    def bounds(
        self, op: Op, graph: Graph, low: Sequence[Array | None], high: Sequence[Array | None]
    ) -> tuple[Array, Array]:
        """What it makes of the lowest and of the highest inputs, unless requantizing could wrap around."""
        shifts = [requantize_constants(op, graph, i).shift for i in range(len(op.inputs))]
        if wraps(2**8, shifts).any():
            return whole_range(graph[op.outputs[0]])
        return super().bounds(op, graph, low, high)


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


class NearestResize(Monotone):
    """RESIZE_NEAREST_NEIGHBOR of rows and columns."""

    kind = "RESIZE_NEAREST_NEIGHBOR"
    attrs = ResizeNearest

    def infer(self, op: Op, graph: Graph) -> list[tuple[tuple[int, ...], DType]]:
        """The output's own rows and columns."""
        x, y = feature_map(op, graph), graph[op.outputs[0]]
        if len(y.shape) != 4:
            raise ValueError(f"'{y.name}' has {len(y.shape)} axes; right: [batch, rows, columns, channels]")
        require_same_quantization(op, graph)
        return [((x.shape[0], y.shape[1], y.shape[2], x.shape[3]), x.dtype)]

    def evaluate(self, op: Op, graph: Graph, inputs: Sequence[Array | None]) -> list[Array]:
        """Rows and columns picked."""
        attrs = attributes(op, ResizeNearest)
        (x,) = present(inputs)
        shape = graph[op.outputs[0]].shape
        rows, cols = (nearest(x.shape[axis], shape[axis], attrs) for axis in (1, 2))
        return [np.ascontiguousarray(x[:, rows][:, :, cols])]

    def input_region(self, op: Op, graph: Graph, which: int, out: Region) -> Region | None:
        """From the source of the first to the source of the last row and column."""
        attrs = attributes(op, ResizeNearest)
        x, y = graph[op.present_inputs[0]].shape, graph[op.outputs[0]].shape
        rows, cols = (nearest(x[axis], y[axis], attrs) for axis in (1, 2))
        return Region(rows[out.y0], rows[out.y1 - 1] + 1, cols[out.x0], cols[out.x1 - 1] + 1)


def nearest(inputs: int, outputs: int, attrs: ResizeNearest) -> list[int]:
    """Which input pixel each output pixel copies along one axis; ascending.

    TensorFlow Lite's GetNearestNeighbor, which computes in float32.
    """
    corners = attrs.align_corners and outputs > 1
    scale = np.float32(inputs - 1) / np.float32(outputs - 1) if corners else np.float32(inputs) / np.float32(outputs)
    offset = np.float32(0.5 if attrs.half_pixel_centers else 0.0)
    place = ((np.arange(outputs, dtype=np.float32) + offset) * scale).astype(np.float64)
    chosen = np.floor(place + 0.5 if attrs.align_corners else place)
    return [int(i) for i in np.minimum(chosen, inputs - 1)]


def nearest_window(inputs: int, outputs: int, attrs: ResizeNearest) -> Window | None:
    """The window through which NearestResize sees one axis; None where float32 picks other pixels than fractions do."""
    top, bottom = (inputs - 1, outputs - 1) if attrs.align_corners and outputs > 1 else (inputs, outputs)
    half = top * attrs.half_pixel_centers + bottom * attrs.align_corners  # (2 i top + half) // (2 bottom)
    common = gcd(2 * top, half, 2 * bottom)
    window = Window(1, 2 * top // common, before=-half // common, over=2 * bottom // common)
    seen = [min(window.needs(i, i + 1)[0], inputs - 1) for i in range(outputs)]
    return window if seen == nearest(inputs, outputs, attrs) else None


OPS.add(Reshaping.kind, Reshaping())
OPS.add(Transposition.kind, Transposition())
OPS.add(Padding.kind, Padding())
OPS.add(Concatenation.kind, Concatenation())
OPS.add(NearestResize.kind, NearestResize())
