"""Every technique of the variant registries, on random graphs: the firmware gives the reference's bytes on the host.

The address and undefined-behaviour sanitizers watch; float32 is held to a tolerance, because sums may be associated
differently. A scheduling never changes an output, and neither does elimination; a schedule that is chosen automatically
never needs a larger arena than layer by layer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hilbench.boards import find
from hilbench.build import execute, prepare
from hilbench.codegen import generate
from hilbench.errors import UnsupportedModel
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph
from hilbench.ir.reference import macs, run
from hilbench.plan.make import make_plan
from hilbench.plan.plan import Plan
from hilbench.plan.search import choose_plan
from hilbench.plan.working import Kernels
from hilbench.targets.target import TARGETS
from hilbench.variants.cuts import Cuts
from hilbench.variants.schedule import Layer, Rolling, Schedule
from hilbench.variants.transform import transform
from hilbench.variants.variant import FORMATS, LAYERS, SCHEDULES, SPARSITIES, Part, Variant
from tests.graphs import hollowed, random_graph, random_inputs

FEATURES = find("mps2-an386").core.features
FLOAT_TOLERANCE = 1e-5
ARGUMENTS = {
    "sparse": ("0.7", "0.6,block=1x4"),
    "patch": ("", "2x2"),
    "rolling": ("", "input=streamed,pixels=2", "input=reread,mac=2"),
}
"""Arguments to try of the techniques that take some; the others are tried without."""

SEEDS = (5, 28)


def parts(registry: object) -> list[Part]:
    return [Part(name, argument) for name in registry for argument in ARGUMENTS.get(name, ("",))]  # type: ignore[attr-defined]


VARIANTS = [
    *(Variant(form, sparsity) for form in parts(FORMATS) for sparsity in (None, *parts(SPARSITIES))),
    *(
        Variant(form, None, schedule)
        for form in parts(FORMATS)
        for schedule in parts(SCHEDULES)
        if schedule.name != LAYERS
    ),
    *(Variant(parts(FORMATS)[-1], parts(SPARSITIES)[0], schedule) for schedule in parts(SCHEDULES)),
]
"""Every technique with every format, and every schedule with sparse weights."""


def planned(graph: Graph, variant: Variant) -> tuple[Graph, Plan]:
    """The transformed graph and its plan, or a skip where the technique does not apply to this graph."""
    try:
        ready = transform(graph, variant).graph
        return ready, make_plan(ready, variant.schedule, FEATURES)
    except UnsupportedModel as error:
        pytest.skip(f"{variant}: {error}")


def executed(plan: Plan, inputs: dict[str, Array]) -> dict[str, Array]:
    """Outputs of the generated C, run on the host."""
    board = find("mps2-an386")
    image = execute(prepare(generate(plan, "random"), board, target="host", optimize="-O1"))
    with TARGETS["host"].open(board, image) as session:
        for index, name in enumerate(plan.graph.inputs):
            session.write_input(index, inputs[name].tobytes())
        session.run()
        return {name: _read(session.read_output(i), plan, name) for i, name in enumerate(plan.graph.outputs)}


def _read(data: bytes, plan: Plan, name: str) -> Array:
    tensor = plan.graph[name]
    return np.frombuffer(data, tensor.dtype.numpy).reshape(tensor.shape)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_firmware_gives_the_references_bytes(
    variant: Variant, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path))
    graph = random_graph(seed, DType.INT8 if seed % 2 else DType.FLOAT32)
    ready, plan = planned(graph, variant)
    inputs = random_inputs(ready, seed)
    expected, found = run(ready, inputs), executed(plan, inputs)
    for name in ready.outputs:
        if ready[name].dtype is DType.FLOAT32:
            most = float(np.abs(expected[name]).max(initial=0.0))
            np.testing.assert_allclose(found[name], expected[name], rtol=FLOAT_TOLERANCE, atol=FLOAT_TOLERANCE * most)
        else:
            np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stage_in_strips_gives_the_references_bytes(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest stage that can be run in strips, in as many as there can be, in pieces that do not divide a row."""
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path))
    graph = random_graph(seed, DType.INT8 if seed % 2 else DType.FLOAT32)
    kernels = Kernels(graph, FEATURES)
    cuts = Cuts(graph, kernels.ways, graph.inputs, reread=True)
    stage = max(
        (c.stage for stop in range(1, len(graph.ops)) for c in cuts.candidates(0, stop, (3,), extra=10**9)),
        key=lambda stage: (len(stage.ops), len(stage.strips)) if isinstance(stage, Rolling) else (0, 0),
    )
    assert isinstance(stage, Rolling)
    assert len(stage.strips) > 1
    rest = range(stage.ops[-1] + 1, len(graph.ops))
    schedule = Schedule((stage, *(Layer(p) for p in rest)))
    plan = choose_plan(graph, [schedule], lambda each: [ways[0] for ways in kernels.along(each)])
    inputs = random_inputs(graph, seed)
    expected, found = run(graph, inputs), executed(plan, inputs)
    for name in graph.outputs:
        np.testing.assert_allclose(found[name], expected[name], rtol=FLOAT_TOLERANCE, atol=FLOAT_TOLERANCE)


@pytest.mark.parametrize("schedule", parts(SCHEDULES), ids=str)
def test_elimination_changes_no_output(schedule: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The firmware of what is left gives the bytes that the reference gives for the whole graph."""
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path))
    seed = 5  # one that loses two thirds of its work
    graph = hollowed(random_graph(seed), seed)
    ready, plan = planned(graph, Variant(Part("int8"), schedule=schedule))
    assert macs(ready) < macs(graph)
    inputs = random_inputs(graph, seed)
    expected, found = run(graph, inputs), executed(plan, inputs)
    for name in graph.outputs:
        np.testing.assert_array_equal(found[name], expected[name])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("schedule", list(SCHEDULES))
def test_a_schedule_chosen_automatically_is_never_worse(schedule: str, seed: int) -> None:
    graph = random_graph(seed, DType.INT8)
    layers = make_plan(graph, Part(LAYERS), FEATURES)
    assert make_plan(graph, Part(schedule), FEATURES).arena_bytes <= layers.arena_bytes
