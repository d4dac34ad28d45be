"""Which buffers a schedule needs, how large each is, and from which step to which step it lives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hilbench.ir.graph import Graph, Op
from hilbench.plan.plan import Kind
from hilbench.variants.handed import handed
from hilbench.variants.schedule import Layer, Overlap, Patches, Rolling, Schedule, Stage
from hilbench.variants.stages import STATE_BYTES, VIEWS, aligned, ring_bytes, stage_gathers, sum_bytes


@dataclass(frozen=True)
class Working:
    """What the kernel of one operator needs: its name, scratch in bytes, and whether its output may lie in its input.

    `cycles` are those of one call, 0 where nobody knows; `tile` are the pixels that it works on at a time, 0 as many as
    it likes; `gathers` are bytes of windows that are put together for it, which cost cycles of their own.

    `in_place` is a promise of the kernel: it reads an element of an input of the output's shape before it writes the
    element at the same place, and not again.
    """

    kernel: str
    scratch: int = 0
    in_place: bool = False
    cycles: float = 0.0
    tile: int = 0
    gathers: int = 0

    @property
    def needs(self) -> int:
        """Bytes of its own."""
        return aligned(self.scratch) + self.gathers


@dataclass(frozen=True)
class Life:
    """A buffer before it has a place: `size` bytes, a multiple of the alignment; steps `first` to `last`, inclusive.

    It may overlap the buffer called `above` where it begins at least `lead` bytes before it.
    """

    name: str
    kind: Kind
    size: int
    first: int
    last: int
    holds: tuple[str, ...] = ()
    above: str = ""
    lead: int = 0

    def reach(self, other: Life) -> int:
        """Bytes between the starts of this buffer and of `other`, which lives with it and begins later."""
        return min(self.lead, self.size) if self.above == other.name else self.size


def is_view(op: Op, graph: Graph) -> bool:
    """Whether the operator only gives its input's bytes another shape (a constant has no bytes in the arena)."""
    return op.kind in VIEWS and op.inputs[0] is not None and graph[op.inputs[0]].data is None


def in_place_inputs(op: Op, graph: Graph, working: Working) -> tuple[str, ...]:
    """Computed inputs that the output may replace where nobody needs them any more; none if the kernel forbids it."""
    if not working.in_place or len(op.outputs) != 1:
        return ()
    out = graph[op.outputs[0]]
    return tuple(
        name
        for name in dict.fromkeys(op.present_inputs)
        if graph[name].data is None and (graph[name].shape, graph[name].dtype) == (out.shape, out.dtype)
    )


def stage_ops(stage: Stage) -> tuple[int, ...]:
    """Positions of the operators that a stage runs."""
    return (stage.op,) if isinstance(stage, Layer) else stage.ops


@dataclass(frozen=True)
class _Span:
    """Size and lifetime of one tensor by itself, before any share bytes."""

    kind: Kind
    size: int
    first: int
    last: int


class _Sharing:
    """Which computed tensors lie in the same bytes, grown in the order of the steps."""

    def __init__(self, graph: Graph, spans: Mapping[str, _Span], overlaps: Iterable[Overlap]) -> None:
        self.graph, self.spans = graph, spans
        self.owner: dict[str, str] = {}
        self.holds: dict[str, list[str]] = {}
        self.last: dict[str, int] = {}
        self.overlaps = {each.output: each for each in overlaps}

    def open(self, name: str) -> None:
        """Give a tensor bytes of its own."""
        self.owner[name], self.holds[name], self.last[name] = name, [name], self.spans[name].last

    def join(self, name: str, owner: str) -> None:
        """Put a tensor into the bytes of `owner`."""
        self.owner[name] = owner
        self.holds[owner].append(name)
        self.last[owner] = max(self.last[owner], self.spans[name].last)

    def may_be_overwritten(self, name: str, step: int) -> bool:
        """Whether nobody needs the bytes of a tensor after `step`."""
        owner = self.owner[name]
        return self.last[owner] <= step and not set(self.holds[owner]) & set(self.graph.outputs)

    def life(self, owner: str) -> Life:
        """The buffer that `owner` and all that joined it lie in."""
        span, holds = self.spans[owner], tuple(self.holds[owner])
        size = max(self.spans[name].size for name in holds)
        overlap = self.overlaps.get(owner)
        above, lead = (self.owner[overlap.input], overlap.lead) if overlap else ("", 0)
        return Life(owner, span.kind, size, span.first, self.last[owner], holds, above, lead)


def lives(graph: Graph, schedule: Schedule, working: Sequence[Working]) -> list[Life]:
    """Every buffer of `schedule`; `working[p]` belongs to the operator at position p of the graph.

    Graph inputs live from step 0 to their last use, graph outputs to the end; inputs and outputs of a patch stage
    through the whole stage. A view, and an output computed in place, shares the buffer of its input.
    """
    overlaps = [s.overlap for s in schedule.stages if not isinstance(s, Patches) and s.overlap]
    sharing = _Sharing(graph, _spans(graph, schedule), overlaps)
    scratch = _states(graph, schedule)
    for name in graph.inputs:
        sharing.open(name)
    order = [(stage, position) for stage in schedule.stages for position in stage_ops(stage)]
    for step, (stage, position) in enumerate(order):
        op = graph.ops[position]
        owner = _shared(op, working[position], stage, sharing, step)
        for name in op.outputs:
            sharing.join(name, owner) if owner else sharing.open(name)
        scratch += _own(op, working[position], stage, graph, step)
    return [sharing.life(owner) for owner in sharing.holds] + scratch


def _own(op: Op, working: Working, stage: Stage, graph: Graph, step: int) -> list[Life]:
    """What only one step needs: working space of its kernel, and the windows that are gathered for it."""
    if is_view(op, graph):
        return []
    gathers = stage_gathers(graph, stage, op) if isinstance(stage, Rolling) and working.gathers else {}
    found = [Life(gather_name(op, name), "gather", size, step, step) for name, size in gathers.items()]
    if working.scratch:
        found.append(Life(f"scratch of {op.outputs[0]}", "scratch", aligned(working.scratch), step, step))
    return found


def sums_name(op: Op) -> str:
    """Name of the buffer in which an operator of a rolling stage adds up a whole map."""
    return f"sums of {op.outputs[0]}"


def gather_name(op: Op, source: str) -> str:
    """Name of the buffer in which the pixels of `source` that an operator reads are put together."""
    return f"{source} for {op.outputs[0]}"


def _states(graph: Graph, schedule: Schedule) -> list[Life]:
    """What the firmware keeps of each rolling stage while it runs."""
    found, step = [], 0
    for number, stage in enumerate(schedule.stages):
        last = step + len(stage_ops(stage)) - 1
        if isinstance(stage, Rolling):
            size = aligned(STATE_BYTES * len(stage.pieces))
            found.append(Life(f"state of stage {number}", "state", size, step, last))
            if size := sum_bytes(graph, stage):
                found.append(Life(sums_name(graph.ops[stage.ops[-1]]), "sums", size, step, last))
        step = last + 1
    return found


def _shared(op: Op, working: Working, stage: Stage, sharing: _Sharing, step: int) -> str | None:
    """The owner of the bytes that the output of `op` goes into, where they are those of an input."""
    if is_view(op, sharing.graph):
        return sharing.owner[str(op.inputs[0])]
    out = op.outputs[0]
    for name in in_place_inputs(op, sharing.graph, working):
        same_kind = sharing.spans[name].kind == sharing.spans[out].kind
        same_place = isinstance(stage, Layer) or (isinstance(stage, Patches) and _same_windows(stage, name, out))
        if same_kind and same_place and sharing.may_be_overwritten(name, step):
            return sharing.owner[name]
    return None


def _same_windows(stage: Patches, name: str, out: str) -> bool:
    """Whether two tensors are windows of the same place and shape in every patch."""
    if name in stage.outputs or out in stage.outputs:
        return False
    return all(row[name] == row[out] for row in stage.rows) and all(col[name] == col[out] for col in stage.cols)


def _spans(graph: Graph, schedule: Schedule) -> dict[str, _Span]:
    """Each computed tensor by itself: its size and the steps through which it lives."""
    placed = [(stage, position) for stage in schedule.stages for position in stage_ops(stage)]
    step_of = {position: step for step, (_, position) in enumerate(placed)}
    bounds = {position: _bounds(stage, step_of) for stage, position in placed}
    until = {position: bounds[position][1] for _, position in placed}
    end = len(placed) - 1
    found = {name: _whole(graph, name, until, (0, 0), end) for name in graph.inputs}
    for stage, position in placed:
        if isinstance(stage, Rolling):
            found |= {name: _ring(graph, name, stage, bounds[position]) for name in stage.streamed}
        for name in graph.ops[position].outputs:
            if isinstance(stage, Layer) or name in stage.outputs:
                found[name] = _whole(graph, name, until, bounds[position], end)
            elif isinstance(stage, Patches):
                found[name] = _window(graph, name, stage, step_of)
            else:
                found[name] = _ring(graph, name, stage, bounds[position])
    for stage in (each for each in schedule.stages if isinstance(each, Rolling)):
        for name, (writer, reader) in handed(graph, stage).items():
            found[name] = _ring(graph, name, stage, (step_of[writer], step_of[reader]))
    return found


def _bounds(stage: Stage, step_of: Mapping[int, int]) -> tuple[int, int]:
    """First and last step of a stage."""
    positions = stage_ops(stage)
    return step_of[positions[0]], step_of[positions[-1]]


def _whole(graph: Graph, name: str, until: Mapping[int, int], written: tuple[int, int], end: int) -> _Span:
    """A tensor that exists whole: from the stage that writes it to the end of the last stage that reads it."""
    last = end if name in graph.outputs else max((until[p] for p in graph.consumers[name]), default=0)
    return _Span("tensor", aligned(graph[name].nbytes), written[0], max(last, written[1]))


def _ring(graph: Graph, name: str, stage: Rolling, bounds: tuple[int, int]) -> _Span:
    """A tensor of which a rolling stage keeps a ring, from one step to another."""
    return _Span("ring", ring_bytes(graph, name, stage.pixels(name)), *bounds)


def _window(graph: Graph, name: str, stage: Patches, step_of: Mapping[int, int]) -> _Span:
    """A tensor of which only one patch's window exists: from the step that writes it to the last that reads it."""
    first = step_of[graph.producer[name]]
    last = max((step_of[p] for p in graph.consumers[name]), default=first)
    return _Span("window", window_bytes(stage, graph, name), first, last)


def window_bytes(stage: Patches, graph: Graph, name: str) -> int:
    """Bytes of the largest window that a patch holds of a tensor."""
    tensor = graph[name]
    rows = max(row[name][1] - row[name][0] for row in stage.rows)
    cols = max(col[name][1] - col[name][0] for col in stage.cols)
    return aligned(tensor.shape[0] * rows * cols * tensor.shape[3] * tensor.dtype.size)


def shared(below: Life, above: Life) -> int:
    """Bytes that two overlapping buffers need less together than apart."""
    return below.size + above.size - max(below.reach(above) + above.size, below.size)


def live_bytes(buffers: Sequence[Life], steps: int) -> list[int]:
    """Bytes in use at each step: the sizes of the buffers that live, what two of them share counted once."""
    change = [0] * (steps + 1)
    named = {buffer.name: buffer for buffer in buffers}
    for buffer in buffers:
        change[buffer.first] += buffer.size
        change[buffer.last + 1] -= buffer.size
        if buffer.above:
            other = named[buffer.above]
            change[max(buffer.first, other.first)] -= shared(buffer, other)
            change[min(buffer.last, other.last) + 1] += shared(buffer, other)
    total, found = 0, []
    for delta in change[:steps]:
        total += delta
        found.append(total)
    return found
