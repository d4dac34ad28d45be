"""What receptive field costs where a network runs patch by patch: `python benchmarks/redistribution.py [FILE.svg]`.

MCUNetV2's other half (Lin et al. 2021, section 3.2): receptive field moves from the layers that run patch by patch,
where every pixel of it is halo that neighbouring patches compute again, to later layers, where it costs nothing. Here
that is done to the network of suites/models/mobilenet.py, in two moves; and in two more the other way, to networks with
large kernels at the front.

Each architecture is planned for int8 on a Cortex-M4 (weights are drawn at random: a plan does not depend on them). The
first groups, up to the last map of a quarter of the input's rows, run patch by patch, in the grids below. What the
change does to the accuracy is not known before somebody trains it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mobilenet
import numpy as np
import pandas as pd
import vl_convert
from layers import write_model

from hilbench.boards import find
from hilbench.importers import load_model
from hilbench.ir.graph import Attrs, Graph
from hilbench.plan.plan import Plan
from hilbench.plan.search import choose_plan
from hilbench.plan.working import Kernels
from hilbench.report.plots.plot import HEIGHT, NARROW, WIDTH, Chart, colour, data, hover, quantity, shape, spec
from hilbench.variants.schedule import Patches, Schedule
from hilbench.variants.transform import transform
from hilbench.variants.variant import LAYERS, SCHEDULES, Part, Variant

BOARD = "nucleo_l4r5zi"
GRIDS = ("2x2", "3x3", "4x4")
Groups = tuple[mobilenet.Group, ...]


@dataclass(frozen=True)
class Row:
    """One architecture with one schedule.

    Receptive fields are in pixels of the input, `arena` is in bytes.
    """

    moves: int
    variant: str
    stage_field: int
    total_field: int
    macs: int
    extra_pct: float
    arena: int


def architectures() -> Iterator[tuple[int, Groups]]:
    """Networks by the number of moves that lead to them from the shipped one: first (before it) to later layers."""
    shipped = mobilenet.GROUPS
    one_back = _changed(_changed(shipped, 1, kernel=5), 3, repeats=3)
    one_on = _changed(_changed(shipped, 1, repeats=1), 3, repeats=5)
    yield -2, _changed(_changed(one_back, 0, kernel=5), 3, repeats=2)
    yield -1, one_back
    yield 0, shipped
    yield 1, one_on
    yield 2, _changed(_changed(one_on, 0, kernel=1), 3, kernel=5)


def _changed(groups: Groups, place: int, **fields: int) -> Groups:
    return (*groups[:place], groups[place]._replace(**fields), *groups[place + 1 :])


def quantized(groups: Groups) -> Graph:
    """The network in int8; every channel is kept, for what elimination finds in random weights says nothing."""
    rng = np.random.default_rng(mobilenet.SEED)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.tflite"
        path.write_bytes(write_model(mobilenet.network(rng, groups), path.stem, mobilenet.SHAPE))
        graph = load_model(path)
    samples = mobilenet.images(rng, 1).astype(np.float32)
    return transform(graph, Variant.parse("int8+keep"), {graph.inputs[0]: samples}).graph


def receptive_fields(graph: Graph) -> dict[str, int]:
    """Rows of the input that one row of a tensor depends on, padding included.

    A window of k rows with dilation d adds (k - 1) * d times the distance, in input rows, of the rows that it reads.
    """
    fields, distances = dict.fromkeys(graph.inputs, 1), dict.fromkeys(graph.inputs, 1)
    for op in graph.ops:
        sources = [name for name in op.present_inputs if name in fields]
        size, step = _window(op.attrs)
        distance = max(distances[name] for name in sources)
        fields[op.outputs[0]] = max(fields[name] for name in sources) + (size - 1) * distance
        distances[op.outputs[0]] = distance * step
    return fields


def _window(attrs: Attrs) -> tuple[int, int]:
    """Rows that the operator's window spans, and its stride."""
    window = getattr(attrs, "y", None)
    return (1, 1) if window is None else (window.extent, window.stride)


def planned(graph: Graph, schedule: Part) -> Plan:
    """The plan with exactly the first groups patch by patch."""
    kernels = Kernels(graph, find(BOARD).core.features)
    quarter = mobilenet.SHAPE[0] // 4
    narrower = next(p for p, op in enumerate(graph.ops) if graph[op.outputs[0]].shape[1] < quarter)
    stage = tuple(range(narrower - 1))  # what comes last before it only expands the channels for it
    proposed = SCHEDULES[schedule.name].propose(graph, schedule.argument, kernels.ways)
    wanted = [each for each in proposed if schedule.name == LAYERS or _first(each).ops == stage]
    return choose_plan(graph, wanted, lambda each: [ways[0] for ways in kernels.along(each)])


def _first(schedule: Schedule) -> Patches:
    stage = schedule.stages[0]
    assert isinstance(stage, Patches)
    return stage


def row(moves: int, schedule: Part, plan: Plan) -> Row:
    """What the plan of an architecture says."""
    fields = receptive_fields(plan.graph)
    stage = 0 if schedule.name == LAYERS else max(fields[name] for name in _first(plan.schedule).outputs)
    extra = 100 * plan.extra_macs / plan.macs
    return Row(moves, str(schedule), stage, max(fields.values()), plan.macs, extra, plan.arena_bytes)


def sweep(grids: tuple[str, ...] = GRIDS) -> Iterator[Row]:
    """All architectures, layer by layer and with all grids."""
    for moves, groups in architectures():
        graph = quantized(groups)
        for schedule in (Part(LAYERS), *(Part("patch", grid) for grid in grids)):
            yield row(moves, schedule, planned(graph, schedule))


def chart(rows: list[Row]) -> Chart:
    """Extra work and arena against the receptive field of what runs patch by patch."""
    frame = pd.DataFrame(rows)
    frame = frame[frame["variant"] != LAYERS]
    names = list(dict.fromkeys(frame["variant"]))
    tooltip = hover(variant="", moves="d", stage_field="d", total_field="d", extra_pct=".1f", arena=",", macs=",")
    x = quantity("stage_field", "receptive field of the patch stage, pixels", scale=NARROW)
    look = {"x": x, "color": colour(names), "tooltip": tooltip}
    layers = [{"mark": "line"}, {"mark": {"type": "point", "filled": True}, "encoding": {"shape": shape(names)}}]
    panels = [
        {"encoding": look | {"y": quantity(field, title)}, "layer": layers, "width": WIDTH, "height": HEIGHT}
        for field, title in (("extra_pct", "extra MACs, % (static)"), ("arena", "arena, bytes (static)"))
    ]
    return {"data": data(frame, *frame.columns), "vconcat": panels}


def main() -> None:
    """Print the table; write the picture where a file is named."""
    rows = list(sweep())
    print(pd.DataFrame(rows).to_string(index=False, formatters={"macs": "{:,}".format, "extra_pct": "{:.1f}".format}))
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(vl_convert.vegalite_to_svg(spec(chart(rows))), encoding="utf-8")


if __name__ == "__main__":
    main()
