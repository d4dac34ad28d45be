"""One step of the plan as the C of its function: the constants that it needs, its argument structures, its calls."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hilbench.codegen.arrays import ConstArray, number
from hilbench.ir.graph import Graph, Tensor
from hilbench.kernels.catalogue import Kernel, catalogue
from hilbench.kernels.family import Argument, Call, Operand, family_of, in_pieces
from hilbench.plan.lifetime import sums_name
from hilbench.plan.plan import Plan, Step
from hilbench.variants.demand import grid, sums
from hilbench.variants.schedule import Layer, Patches, Rolling
from hilbench.variants.stages import ring_inputs


@dataclass(frozen=True)
class CallText:
    """One call of a kernel: its argument structure `args` and the call. `batches` > 1 asks for a loop over `n`."""

    struct: str
    args: str
    members: str
    call: str
    batches: int


@dataclass(frozen=True)
class StepText:
    """What the template prints for a step. Its function takes `parameters`: where the current patch or piece lies."""

    index: int
    function: str
    comment: tuple[str, ...]
    kernel: str | None
    parameters: str
    arrays: tuple[ConstArray, ...]
    calls: tuple[CallText, ...]


Known = dict[tuple[str, bytes], str]
"""Names of arrays by element type and content: what two steps need alike is there once."""


def step_text(step: Step, plan: Plan, known: Known) -> StepText:
    """Everything that model.c and weights.c say about one step, but for arrays in `known`, to which it adds its own."""
    if step.kernel is None:
        return StepText(step.index, "", _comment(step, plan), None, "void", (), ())
    return _Writer(step, plan, catalogue()[step.kernel], known).text()


def patch_tensors(stage: Patches, graph: Graph) -> tuple[str, ...]:
    """Tensors that a patch stage writes, in the order of its tables of ranges."""
    return tuple(name for position in stage.ops for name in graph.ops[position].outputs)


class _Writer:
    """Collects the text of one step."""

    def __init__(self, step: Step, plan: Plan, kernel: Kernel, known: Known) -> None:
        self.step, self.plan, self.kernel, self.known = step, plan, kernel, known
        self.graph: Graph = plan.graph
        self.op = self.graph.ops[step.op]
        self.family = family_of(self.op.kind)
        stage = plan.schedule.stages[step.stage]
        self.stage = stage if isinstance(stage, Patches) else None
        self.rolled: tuple[str, ...] | None = None
        self.seen = self.graph
        if isinstance(stage, Layer) and stage.rows:
            cols = self.graph[self.op.outputs[0]].shape[2]
            self.seen = in_pieces(self.op, self.graph, stage.rows * cols)
        if isinstance(stage, Rolling):
            self.rolled = ring_inputs(self.op, stage)
            self.seen = in_pieces(self.op, self.graph, stage.pieces[self.op.outputs[0]])
        self.arrays: dict[str, ConstArray] = {}

    def text(self) -> StepText:
        """The step's text."""
        calls = [self._tiled(call) for call in self.family.calls(self.op, self.seen)]
        texts = tuple(self._call(call, f"_{call.which}" if len(calls) > 1 else "") for call in calls)
        function = f"hb_step_{self.step.index:02d}_{self.op.kind.lower()}"
        arrays = tuple(self.arrays.values())
        comment = _comment(self.step, self.plan)
        return StepText(self.step.index, function, comment, self.kernel.name, self._parameters(), arrays, texts)

    def _tiled(self, call: Call) -> Call:
        """The call with the arguments for the tile that the plan says."""
        if not self.step.tile:
            return call
        tiled = self.family.calls(self.op, in_pieces(self.op, self.graph, self.step.tile))[call.which]
        return replace(call, arguments=tiled.arguments)

    def _parameters(self) -> str:
        if self.rolled is not None:
            return "const hb_piece *piece"
        return "void" if self.stage is None else "const hb_range *rows, const hb_range *cols"

    def _call(self, call: Call, suffix: str) -> CallText:
        members = [f".{name} = {_literal(value)}" for name, value in call.arguments.items()]
        for name in self.kernel.contract.arrays:
            data = self.family.array(name, self.op, self.seen, call)
            members.append(f".{name} = {self._constant(f'{name}{suffix}', data, f'{name} of {self.step.name}')}")
        if self.rolled is not None and sums(self.op, self.graph):
            return self._summing(call, members)
        operands = [self._operand(part, call.output.batches, suffix) for part in (*call.inputs, call.output)]
        if self.family.form == "map":
            operands.append(self._region(call.output))
        operands.append(f"&args{suffix}")
        if self.step.scratch is not None:
            operands.append(f"hb_arena + {self._offset(self.step.scratch)}")
        elif self.kernel.contract.scratch != "0":
            operands.append("NULL")
        return CallText(
            self.family.struct(self.op, self.graph),
            f"args{suffix}",
            _filled(members, 8),
            _called(f"hb_{self.kernel.name}", operands),
            call.output.batches if self.family.form == "map" else 1,
        )

    def _summing(self, call: Call, members: list[str]) -> CallText:
        """A call that adds the pixels of a piece up, and writes the output after the last of them."""
        x = self.graph[str(self.op.inputs[0])]
        rows, cols = grid(self.op, self.graph)
        places = [self._place(self.graph[self.op.outputs[0]], ""), f"hb_arena + {self._offset(sums_name(self.op))}"]
        operands = ["piece->in[0]", *places, f"(hb_map){{{rows}, {cols}, {x.shape[3]}}}", "piece->at", "&args"]
        function = f"hb_{self.op.kind.lower()}_{x.dtype}_sums"
        return CallText(
            self.family.struct(self.op, self.graph), "args", _filled(members, 8), _called(function, operands), 1
        )

    def _constant(self, name: str, data: np.ndarray, comment: str) -> str:
        symbol, flat = f"hb_{self.step.index:02d}_{name}", np.ascontiguousarray(data).reshape(-1)
        known = self.known.setdefault((flat.dtype.name, flat.tobytes()), symbol)
        if known == symbol:
            self.arrays[symbol] = ConstArray(symbol, flat, printable(comment))
        return known

    def _operand(self, part: Operand, batches: int, suffix: str) -> str:
        """A pointer or a view."""
        tensor = self.graph[part.tensor]
        if self.rolled is not None and part.tensor in (*self.rolled, self.op.outputs[0]):
            return f"piece->in[{self.rolled.index(part.tensor)}]" if part.tensor in self.rolled else "piece->out"
        place = self._place(tensor, suffix)
        if self.family.form == "flat":
            return place
        if batches > 1 and part.batches > 1:
            place += f" + n * {part.rows * part.cols * part.channels * tensor.dtype.size}"
        if self._is_window(part.tensor):
            return f"hb_window({place}, {self._part(part.tensor)})"
        return f"hb_whole({place}, {part.cols})"

    def _place(self, tensor: Tensor, suffix: str) -> str:
        if tensor.data is None:
            return f"hb_arena + {self.plan.buffer_of(tensor.name).offset}"
        data = tensor.data.view(np.int8) if tensor.data.dtype == np.bool_ else tensor.data
        name = f"operand_{self.op.inputs.index(tensor.name)}{suffix}"
        return self._constant(name, data, f"constant {short(tensor.name)}")

    def _is_window(self, name: str) -> bool:
        return self.graph[name].data is None and self.plan.buffer_of(name).kind == "window"

    def _region(self, out: Operand) -> str:
        if self.rolled is not None:
            return "piece->at"
        if self.stage is None:
            rows = out.rows if self.seen is self.graph else self.graph[out.tensor].shape[1]
            return f"(hb_region){{0, {rows}, 0, {out.cols}}}"
        return self._part(out.tensor)

    def _part(self, name: str) -> str:
        """The region that the current patch holds of a tensor."""
        assert self.stage is not None
        column = patch_tensors(self.stage, self.graph).index(name)
        return f"hb_part(rows[{column}], cols[{column}])"

    def _offset(self, buffer: str) -> int:
        return next(b.offset for b in self.plan.buffers if b.name == buffer)


def _filled(items: list[str], indent: int) -> str:
    """Comma-separated items, as many on a line as fit; an item is never broken."""
    solid = ", ".join(item.replace(" ", "\0") for item in items)
    margin = " " * indent
    lines = textwrap.fill(solid, 120, initial_indent=margin, subsequent_indent=margin, break_long_words=False)
    return lines.replace("\0", " ")


def _called(function: str, arguments: list[str]) -> str:
    """A call, on one line if it fits."""
    line = f"{function}({', '.join(arguments)});"
    return line if len(line) <= 110 else f"{function}(\n{_filled(arguments, 8)});"


def _literal(value: Argument) -> str:
    if isinstance(value, tuple):
        return "{" + ", ".join(map(str, value)) + "}"
    return value if isinstance(value, str) else number(value)


def _comment(step: Step, plan: Plan) -> tuple[str, ...]:
    """What the step does and where, a line each."""
    op = plan.graph.ops[step.op]
    work = f", {step.macs:,} multiply-accumulates" if step.macs else ""
    how = step.kernel or "shares its input's bytes, nothing to do"
    lines = [f"Step {step.index}: {op.kind}, operator {op.index} of the model; {how}{work}"]
    named: Mapping[str, tuple[str | None, ...]] = {"from": op.inputs, "to": op.outputs}
    for word, names in named.items():
        lines += [f"  {word:4} {_described(plan, name)}" for name in names if name is not None]
    return tuple(printable(line) for line in lines)


def _described(plan: Plan, name: str) -> str:
    """Shape, type and place of a tensor."""
    tensor = plan.graph[name]
    shape = "x".join(map(str, tensor.shape)) or "scalar"
    if tensor.data is not None:
        kept = "" if tensor.storage == "dense" else f" {tensor.storage}"
        return f"{tensor.dtype} {shape}, constant{kept}: {short(name)}"
    buffer = plan.buffer_of(name)
    part = "window " if buffer.kind == "window" else ""
    return f"{tensor.dtype} {shape}, {part}at arena + {buffer.offset}: {short(name)}"


def short(name: str) -> str:
    """Converters chain the names of all that they fused with semicolons; the last says enough."""
    return name.rpartition(";")[2]


def printable(text: str) -> str:
    """`text` as it may stand in a C comment of one line."""
    return re.sub(r"[^ -~]", "?", text).replace("*/", "* /").replace("/*", "/ *").rstrip("\\")
