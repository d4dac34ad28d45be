"""A plan executed in numpy, inside one array of exactly the planned bytes, where what is not planned is garbage."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hilbench.ir.graph import Array, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.region import Region, full
from hilbench.plan.plan import Plan
from hilbench.variants.demand import Flow, grid, reads, sums, windows
from hilbench.variants.schedule import Layer, Patches, Rolling
from hilbench.variants.strips import rasters


class Machine:
    """An arena of random bytes; tensors are read and written through the plan's buffers."""

    def __init__(self, plan: Plan, seed: int = 0) -> None:
        self.plan, self.rng = plan, np.random.default_rng(seed)
        self.arena = self._garbage(plan.arena_bytes)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Graph outputs for graph inputs."""
        graph = self.plan.graph
        self.inputs = inputs
        self.pixels: dict[str, int] = {}
        for name in graph.inputs:
            if self.plan.buffer_of(name).kind == "tensor":
                self._write(name, inputs[name], {}, None)
        for stage in self.plan.schedule.stages:
            if isinstance(stage, Rolling):
                self._roll(stage)
                continue
            if isinstance(stage, Layer) and stage.rows:
                self._bands(stage)
                continue
            for regions in stage.regions if isinstance(stage, Patches) else [{}]:
                for op in stage.ops if isinstance(stage, Patches) else [stage.op]:
                    self._step(op, regions, stage if isinstance(stage, Patches) else None)
        return {name: self._read(name, {}) for name in graph.outputs}

    def _bands(self, stage: Layer) -> None:
        """So many rows of the output at a time, from what is left of the input by then."""
        graph = self.plan.graph
        op = graph.ops[stage.op]
        (out,), height = op.outputs, graph[op.outputs[0]].shape[1]
        for y in range(0, height, stage.rows):
            operands = [self._operand(name, {}) for name in op.inputs]
            band = OPS[op.kind].evaluate(op, graph, operands)[0][:, y : y + stage.rows]
            self._view(out, graph[out].shape)[:, y : y + stage.rows] = band

    def _step(self, position: int, regions: Mapping[str, Region], stage: Patches | None) -> None:
        graph = self.plan.graph
        op = graph.ops[position]
        if next(step for step in self.plan.steps if step.op == position).kernel is None:
            return
        operands = [self._operand(name, regions) for name in op.inputs]
        self._overwrite_scratch(op)
        for name, array in zip(op.outputs, OPS[op.kind].evaluate(op, graph, operands), strict=True):
            self._write(name, array, regions, stage)

    def _overwrite_scratch(self, op: Op) -> None:
        """Kernels use their working space at will."""
        for buffer in self.plan.buffers:
            if buffer.kind == "scratch" and self.plan.graph.ops[self.plan.steps[buffer.first].op] is op:
                self.arena[buffer.offset : buffer.offset + buffer.size] = self._garbage(buffer.size)

    def _roll(self, stage: Rolling) -> None:
        """Every piece in the order of the demands, strip after strip."""
        for strip in stage.strips:
            self.maps = rasters(self.plan.graph, stage.pieces, strip)
            flow = Flow(self.plan.graph, stage.ops, self.maps, stage.streamed, stage.outputs)
            for name, number in flow.run():
                _, x0, x1 = self.maps[name].place(number)
                self.pixels[name] = self.pixels.get(name, 0) + x1 - x0
                if name in stage.streamed:
                    self._put(stage, name, self.inputs[name], number)
                else:
                    self._piece(stage, name, number)

    def _piece(self, stage: Rolling, name: str, number: int) -> None:
        graph = self.plan.graph
        op = graph.ops[graph.producer[name]]
        y, x0, x1 = self.maps[name].place(number)
        if sums(op, graph):
            self._sum(stage, op, Region(y, y + 1, x0, x1))
            return
        operands = []
        for which, source in enumerate(op.inputs):
            if source in stage.rings:
                seen = windows(op, graph, which)
                assert seen is not None
                rows = reads(seen[0], y, y + 1, graph[source].shape[1])
                cols = reads(seen[1], x0, x1, graph[source].shape[2])
                part = Region(*rows, *cols)
                operands.append(self._unrolled(stage, source, part))
            else:
                operands.append(self._operand(source, {}))
        self._overwrite_scratch(op)
        self._put(stage, name, OPS[op.kind].evaluate(op, graph, operands)[0], number)

    def _sum(self, stage: Rolling, op: Op, here: Region) -> None:
        """Take the pixels of one piece; after the last one, the operator is what the reference makes of all of them."""
        (source,), (out,) = op.inputs, op.outputs
        seen = self._unrolled(stage, source, here) if source in stage.rings else self._read(source, {})
        if (here.y0, here.x0) == (0, 0):
            self.taken = np.empty_like(seen)
        self.taken[0, here.y0, here.x0 : here.x1] = seen[0, here.y0, here.x0 : here.x1]
        if (here.y1, here.x1) == grid(op, self.plan.graph):
            self._write(out, OPS[op.kind].evaluate(op, self.plan.graph, [self.taken])[0], {}, None)

    def _ring(self, stage: Rolling, name: str) -> Array:
        """A ring as [pixels, channels]."""
        return self._view(name, (stage.pixels(name), self.plan.graph[name].shape[3]))

    def _unrolled(self, stage: Rolling, name: str, r: Region) -> Array:
        """The whole tensor with the region as the ring has it, each row one run, and garbage elsewhere."""
        tensor, raster = self.plan.graph[name], self.maps[name]
        whole = np.frombuffer(self._garbage(tensor.nbytes).tobytes(), tensor.dtype.numpy).reshape(tensor.shape).copy()
        ring = self._ring(stage, name)
        for y in range(r.y0, r.y1):
            slot = (y * raster.pitch + r.x0 - raster.first) % stage.rings[name]
            whole[0, y, r.x0 : r.x1] = ring[slot : slot + r.cols]
        return whole

    def _put(self, stage: Rolling, name: str, array: Array, number: int) -> None:
        """Write one piece, into the ring or into the whole tensor."""
        y, x0, x1 = self.maps[name].place(number)
        pixels = array[0, y, x0:x1]
        if name in stage.rings:
            slot, ring = number * stage.pieces[name] % stage.rings[name], self._ring(stage, name)
            ring[slot : slot + len(pixels)] = pixels
            twice = max(min(stage.again.get(name, 0) - slot, len(pixels)), 0)
            ring[stage.rings[name] + slot :][:twice] = pixels[:twice]
        else:
            self._view(name, array.shape)[0, y, x0:x1] = pixels

    def _operand(self, name: str | None, regions: Mapping[str, Region]) -> Array | None:
        if name is None:
            return None
        constant = self.plan.graph.constant(name)
        return self._read(name, regions) if constant is None else constant

    def _read(self, name: str, regions: Mapping[str, Region]) -> Array:
        """The whole tensor; where only a window of it exists, garbage around the window."""
        tensor, buffer = self.plan.graph[name], self.plan.buffer_of(name)
        if buffer.kind == "tensor":
            return self._view(name, tensor.shape).copy()
        whole = np.frombuffer(self._garbage(tensor.nbytes).tobytes(), tensor.dtype.numpy).reshape(tensor.shape).copy()
        r = regions[name]
        whole[:, r.y0 : r.y1, r.x0 : r.x1] = self._view(name, (tensor.shape[0], r.rows, r.cols, tensor.shape[3]))
        return whole

    def _write(self, name: str, array: Array, regions: Mapping[str, Region], stage: Patches | None) -> None:
        tensor, buffer = self.plan.graph[name], self.plan.buffer_of(name)
        r = regions.get(name) if stage else None
        if r is None:
            self._view(name, tensor.shape)[...] = array
        elif buffer.kind == "tensor":
            self._view(name, tensor.shape)[:, r.y0 : r.y1, r.x0 : r.x1] = array[:, r.y0 : r.y1, r.x0 : r.x1]
        else:
            shape = (tensor.shape[0], r.rows, r.cols, tensor.shape[3])
            self._view(name, shape)[...] = array[:, r.y0 : r.y1, r.x0 : r.x1]

    def _view(self, name: str, shape: tuple[int, ...]) -> Array:
        buffer, dtype = self.plan.buffer_of(name), self.plan.graph[name].dtype
        size = int(np.prod(shape)) * dtype.size
        assert size <= buffer.size
        return self.arena[buffer.offset : buffer.offset + size].view(dtype.numpy).reshape(shape)

    def _garbage(self, size: int) -> Array:
        return self.rng.integers(0, 256, size, np.uint8)


def covered(stage: Patches, name: str, shape: tuple[int, ...]) -> bool:
    """Whether the regions of all patches together are the whole tensor."""
    seen = np.zeros(shape[1:3], bool)
    whole = full(shape)
    for regions in stage.regions:
        r = regions[name]
        assert r == r.clip(whole.y1, whole.x1)
        seen[r.y0 : r.y1, r.x0 : r.x1] = True
    return bool(seen.all())
