"""Every operator kind of the registry: inference agrees with evaluation, regions suffice, the interpreter agrees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op, Tensor
from hilbench.ir.opdef import OPS
from hilbench.ir.reference import macs, run
from hilbench.ir.region import Region
from hilbench.ir.verify import verify
from tests.graphs import MAKERS, only, random_array, random_graph, random_inputs
from tests.tflite_export import Witness, to_tflite

SEEDS = st.integers(0, 2**32 - 1)
DTYPES = [DType.INT8, DType.FLOAT32]
FEW = settings(max_examples=25, deadline=None)
FLOAT_TOLERANCE = 1e-5
"""Largest difference to the interpreter, relative to the largest output; both accumulate in their own order."""

DESKTOP_DIFFERS = {"FULLY_CONNECTED": 1, "LOGISTIC": 5, "SUB": 1, "MUL": 1}
"""int8 steps by which the desktop interpreter differs from TFLite Micro; tests/unit/ir/test_witnesses.py says why."""


def test_every_kind_has_a_maker() -> None:
    assert set(MAKERS) == set(OPS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", list(OPS))
@FEW
@given(seed=SEEDS)
def test_inference_agrees_with_evaluation(kind: str, dtype: DType, seed: int) -> None:
    graph = only(kind, seed, dtype)
    values = run(graph, random_inputs(graph, seed))
    for op in graph.ops:
        inferred = OPS[op.kind].infer(op, graph)
        evaluated = [(values[name].shape, DType(values[name].dtype.name)) for name in op.outputs]
        assert evaluated == inferred


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", list(OPS))
@FEW
@given(seed=SEEDS)
def test_an_output_region_needs_only_its_input_regions(kind: str, dtype: DType, seed: int) -> None:
    graph, rng = only(kind, seed, dtype), np.random.default_rng(seed)
    op = graph.ops[-1]
    shape = graph[op.outputs[0]].shape
    if len(shape) != 4 or OPS[kind].input_region(op, graph, 0, Region(0, 1, 0, 1)) is None:
        return
    out = _random_region(shape, rng)
    given_arrays = _operands(op, graph, rng)
    disturbed = list(given_arrays)
    for i, array in enumerate(given_arrays):
        region = None if array is None else OPS[kind].input_region(op, graph, i, out)
        if array is not None and region is not None:
            disturbed[i] = _outside(graph[op.inputs[i] or ""], array, region, rng)
    expected, found = (OPS[kind].evaluate(op, graph, arrays)[0] for arrays in (given_arrays, disturbed))
    np.testing.assert_array_equal(_cut(found, out), _cut(expected, out))


def _operands(op: Op, graph: Graph, rng: np.random.Generator) -> list[Array | None]:
    tensors = [None if name is None else graph[name] for name in op.inputs]
    return [None if t is None else (random_array(t, rng) if t.data is None else t.data) for t in tensors]


def _outside(tensor: Tensor, array: Array, region: Region, rng: np.random.Generator) -> Array:
    """The array with new values outside of a region, which has to lie in it."""
    assert 0 <= region.y0 < region.y1 <= array.shape[1]
    assert 0 <= region.x0 < region.x1 <= array.shape[2]
    fresh = random_array(tensor, rng)
    fresh[:, region.y0 : region.y1, region.x0 : region.x1] = _cut(array, region)
    return fresh


def _random_region(shape: tuple[int, ...], rng: np.random.Generator) -> Region:
    (y0, y1), (x0, x1) = (sorted(rng.choice(n + 1, 2, replace=False)) for n in shape[1:3])
    return Region(int(y0), int(y1), int(x0), int(x1))


def _cut(array: Array, region: Region) -> Array:
    return array[:, region.y0 : region.y1, region.x0 : region.x1]


@pytest.mark.parametrize("kind", list(OPS))
@FEW
@given(seed=SEEDS)
def test_outputs_lie_within_their_bounds(kind: str, seed: int) -> None:
    """For inputs anywhere between two arrays, corners included."""
    graph, rng = only(kind, seed), np.random.default_rng(seed)
    op = graph.ops[-1]
    ends = [_operands(op, graph, rng) for _ in range(2)]
    low, high = ([None if a is None else f(a, b) for a, b in zip(*ends, strict=True)] for f in (np.minimum, np.maximum))
    lowest, highest = OPS[kind].bounds(op, graph, low, high)
    for _ in range(10):
        share = rng.choice([0.0, 1.0, rng.uniform()], graph[op.inputs[0] or ""].shape)
        inside = [_between(a, b, share) for a, b in zip(low, high, strict=True)]
        found = OPS[kind].evaluate(op, graph, inside)[0]
        assert (lowest <= found).all()
        assert (found <= highest).all()


def _between(low: Array | None, high: Array | None, share: Array) -> Array | None:
    if low is None or high is None or low.shape != share.shape:
        return low
    return np.rint(low + share * (high.astype(np.float64) - low)).astype(low.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", list(OPS))
@FEW
@given(seed=SEEDS)
def test_the_interpreter_agrees(kind: str, dtype: DType, seed: int) -> None:
    graph = only(kind, seed, dtype, explicit=False)
    _compare(graph, seed)


@pytest.mark.parametrize("dtype", DTYPES)
@FEW
@given(seed=SEEDS)
def test_the_interpreter_agrees_on_nets(dtype: DType, seed: int) -> None:
    _compare(random_graph(seed, dtype, explicit=False), seed)


def _compare(graph: Graph, seed: int) -> None:
    """Operator by operator, each on what the interpreter had computed before it."""
    inputs = random_inputs(graph, seed)
    witness = Witness(to_tflite(graph))
    witness.run(inputs)
    for op in graph.ops:
        tensors = [None if name is None else graph[name] for name in op.inputs]
        operands = [None if t is None else (witness[t.name] if t.data is None else t.data) for t in tensors]
        (mine,) = OPS[op.kind].evaluate(op, graph, operands)
        its = witness[op.outputs[0]]
        if mine.dtype != np.float32:
            assert np.abs(mine.astype(int) - its).max() <= DESKTOP_DIFFERS.get(op.kind, 0), op
        else:
            assert np.abs(mine - its).max() <= FLOAT_TOLERANCE * max(1.0, np.abs(its).max()), op


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=60, deadline=None)
@given(seed=SEEDS)
def test_random_graphs_are_graphs(dtype: DType, seed: int) -> None:
    graph = random_graph(seed, dtype)
    verify(graph)
    assert macs(graph) >= 0
    assert random_graph(seed, dtype).digest() == graph.digest()
