"""Every kernel of the catalogue against the numpy reference: random shapes, whole and in patches, under sanitizers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph
from hilbench.ir.reference import run as reference
from hilbench.ir.verify import verify
from hilbench.kernels.catalogue import Kernel, catalogue, options
from hilbench.kernels.catalogue import serves as predicates_hold
from hilbench.kernels.family import family_of
from hilbench.plan.lifetime import Working, in_place_inputs
from tests.conformance.kernel_cases import SPECIAL
from tests.conformance.onehost import Case, compiled, patchable, plan, run
from tests.graphs import only, random_inputs

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler on this machine: install gcc")

SEEDS = 60
WHOLE, PATCHED, TILED, IN_PLACE = 6, 4, 4, 8
EVERY = frozenset(feature for kernel in catalogue().values() for feature in kernel.contract.isa)
SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def graphs(kernel: Kernel) -> Iterator[Graph]:
    """Graphs of one operator that the kernel says it serves: the special ones, then random ones."""
    for kind in kernel.contract.op:
        for dtype in kernel.contract.input:
            if dtype not in (DType.INT8, DType.FLOAT32):
                continue
            made = [make() for (name, of), make in SPECIAL.items() if (name, of) == (kind, dtype)]
            special = [graph for makes in made for graph in makes]
            for graph in [*special, *(only(kind, seed, dtype) for seed in range(SEEDS))]:
                if len(graph.ops) == 1 and serves(kernel, graph := stored(graph, kernel.contract.weights)):
                    yield graph


def serves(kernel: Kernel, graph: Graph) -> bool:
    (op,) = graph.ops
    same_type = graph[op.present_inputs[0]].dtype in kernel.contract.input
    return same_type and predicates_hold(kernel, family_of(op.kind).facts(op, graph))


def stored(graph: Graph, storage: str) -> Graph:
    """The graph with its weights as the kernel wants them: for sparse ones most weights become zero."""
    if storage == "dense":
        return graph
    weights = graph[graph.ops[0].present_inputs[1]]
    rng = np.random.default_rng(weights.elements)
    assert weights.data is not None
    kept = np.where(rng.random(weights.shape) < rng.choice([0.02, 0.3, 0.9]), weights.data, 0)
    return graph.with_tensors([replace(weights, data=kept.astype(weights.data.dtype), storage=storage)])


def cases(kernel: Kernel) -> list[Case]:
    """Enough graphs whole, and enough in patches where the operator has patches."""
    found = list(graphs(kernel))
    rng = np.random.default_rng(len(found))
    special = sum(1 for graph in found if graph.name != "random")
    whole = [Case(graph, kernel) for graph in found[: special + WHOLE]]
    cut = [graph for graph in found if patchable(graph) and graph[graph.outputs[0]].shape[1:3] != (1, 1)][
        : special + PATCHED
    ]
    tiled = _tiled(found[: special + TILED : 3], kernel)
    return [*whole, *_overwriting(found, kernel), *tiled, *(Case(graph, kernel, _cuts(graph, rng)) for graph in cut)]


def _tiled(found: list[Graph], kernel: Kernel) -> list[Case]:
    """Graphs in the smallest and in another of the tiles in which the planner may run them."""
    made = []
    for graph in found:
        tiles = sorted(o.tile for o in options(graph.ops[0], graph, EVERY) if o.kernel is kernel and o.tile)
        made += [Case(graph, kernel, tile=tile) for tile in dict.fromkeys((*tiles[:1], *tiles[len(tiles) // 2 :][:1]))]
    return made


def _overwriting(found: list[Graph], kernel: Kernel) -> list[Case]:
    """A few graphs whose output lies in an input, as far as the kernel says that it may."""
    working = Working(kernel.name, 0, kernel.in_place)
    ways = ((graph, in_place_inputs(graph.ops[0], graph, working)) for graph in found)
    return [Case(graph, kernel, over=names[0]) for graph, names in ways if names][:IN_PLACE]


def _cuts(graph: Graph, rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    _, height, width, _ = graph[graph.outputs[0]].shape
    rows, cols = (tuple(int(n) for n in rng.integers(0, size + 1, 2)) for size in (height, width))
    return (rows, cols)


@pytest.mark.parametrize("name", catalogue())
def test_kernel_equals_reference(name: str, tmp_path: Path) -> None:
    kernel = catalogue()[name]
    tried = cases(kernel)
    assert len(tried) >= 4, f"no graphs for {name}: its predicate is never true"
    planned = plan(tried)
    verify(planned.graph)
    program = compiled(planned, tmp_path, SANITIZED)
    for seed in range(2):
        inputs = random_inputs(planned.graph, seed)
        expected = reference(planned.graph, inputs)
        for output, got in run(program, planned, inputs).items():
            compare(output, got, expected[output], planned.graph)


def test_kernels_compile_side_by_side(tmp_path: Path) -> None:
    source = tmp_path / "all.c"
    source.write_text("".join(f'#include "{kernel.source}"\n' for kernel in catalogue().values()))
    done = subprocess.run(
        ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def compare(output: str, got: np.ndarray, expected: np.ndarray, graph: Graph) -> None:
    op = graph.ops[graph.producer[output]]
    shapes = [graph[name].shape for name in op.present_inputs]
    where = f"{op.kind} {op.attrs} of {shapes}"
    if got.dtype == np.float32:
        # Sums of up to 700 products in float32 instead of the reference's float64, of which a few may cancel.
        largest = float(np.abs(expected).max(initial=1e-3))
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=1e-5 * largest, err_msg=where)
    else:
        np.testing.assert_array_equal(got, expected, err_msg=where)
