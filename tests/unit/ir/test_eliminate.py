"""Elimination: every claim of its proof holds for random and for adversarial inputs, and no output changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hilbench.importers import load_model
from hilbench.ir.attrs import Conv2D
from hilbench.ir.channels import mixes
from hilbench.ir.dtype import DType
from hilbench.ir.eliminate import Elimination, Proof, eliminate
from hilbench.ir.graph import Array, Graph, Op, QuantParams, Tensor
from hilbench.ir.interval import intervals
from hilbench.ir.reference import macs, run
from hilbench.ir.region import Window
from hilbench.ir.verify import verify
from tests.graphs import hollowed, random_graph, random_inputs

LIVE_MACS = {"vww_96_int8": 3_727_313, "kws_ref_model": 2_656_768, "pretrainedResnet_quant": 12_501_632}


def adversarial(graph: Graph, seed: int) -> Iterator[dict[str, Array]]:
    """Random values, the two ends everywhere, and the two ends at random."""
    rng = np.random.default_rng(seed)
    yield random_inputs(graph, seed)
    shapes = {name: graph[name].shape for name in graph.inputs}
    yield from ({n: np.full(s, end, np.int8) for n, s in shapes.items()} for end in (-128, 127))
    yield {n: rng.choice(np.array([-128, 127], np.int8), s) for n, s in shapes.items()}


def check(graph: Graph, found: Elimination, inputs: dict[str, Array]) -> None:
    """Kept channels that do not fill are equal, constant ones have their value, and outputs have not changed."""
    before, after, proof = run(graph, inputs), run(found.graph, inputs), found.proof
    for name, value in after.items():
        if name not in proof.kept:
            np.testing.assert_array_equal(value, before[name])
            continue
        claimed = {place: c for place, c in enumerate(proof.kept[name]) if c not in proof.filling[name]}
        np.testing.assert_array_equal(value[..., list(claimed)], before[name][..., list(claimed.values())])
    for name, constants in proof.constants.items():
        for channel, value in constants.items():
            assert (before[name][..., channel] == value).all()
    for op in graph.ops:
        if mixes(op, graph):
            x, w, y = *op.present_inputs[:2], op.outputs[0]
            weights = graph[w].values[needed(graph, proof, y)].reshape(-1, graph[x].shape[-1])
            assert not weights[:, list(idle(graph, proof, x))].any()
    assert found.graph.outputs == graph.outputs
    assert not set(graph.outputs) & set(proof.kept)


def needed(graph: Graph, proof: Proof, name: str) -> list[int]:
    """Channels that are kept for what they hold."""
    return [c for c in proof.kept.get(name, range(graph[name].shape[-1])) if c not in proof.filling.get(name, ())]


def idle(graph: Graph, proof: Proof, name: str) -> set[int]:
    """Channels that are not needed although they are not constant: only zeros multiply them."""
    return {*range(graph[name].shape[-1])} - {*needed(graph, proof, name)} - {*proof.constants.get(name, ())}


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), group=st.sampled_from([1, 2, 4]))
def test_random_graphs(seed: int, group: int) -> None:
    graph = hollowed(random_graph(seed), seed)
    found = eliminate(graph, group)
    verify(found.graph)
    assert macs(found.graph) <= macs(graph)
    assert all(found.graph[name].nbytes <= graph[name].nbytes for name in found.proof.kept)
    for inputs in adversarial(graph, seed):
        check(graph, found, inputs)


def test_random_graphs_do_lose_channels() -> None:
    removed = 0
    for seed in range(40):
        graph = hollowed(random_graph(seed), seed)
        removed += macs(graph) - macs(eliminate(graph, 1).graph)
    assert removed > 0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_values_lie_in_their_intervals(seed: int) -> None:
    graph = hollowed(random_graph(seed), seed)
    found = intervals(graph)
    for inputs in adversarial(graph, seed):
        for name, value in run(graph, inputs).items():
            assert found[name].holds(value), name


@pytest.mark.parametrize("name", list(LIVE_MACS))
def test_real_models(shared: Path, name: str) -> None:
    graph = load_model(shared / "models" / f"{name}.tflite")
    found = eliminate(graph, 1)
    verify(found.graph)
    assert macs(found.graph) == LIVE_MACS[name]
    assert not any(found.proof.filling.values())
    for seed in range(5):
        for inputs in adversarial(graph, seed):
            check(graph, found, inputs)


def test_a_float_model_with_a_quantized_core(shared: Path) -> None:
    graph = load_model(shared / "models" / "mcunet_vww_80.tflite")
    found = eliminate(graph, 1)
    assert macs(found.graph) == 10_931_325
    for seed in range(3):
        check(graph, found, random_inputs(graph, seed))


def two_convolutions(value: int, pad: int, dead: int = 1) -> Graph:
    """x -> 1x1 convolution whose first `dead` channels are always `value` -> 3x3 convolution that pads with `pad`."""
    q, unit = QuantParams((1.0,), (0,)), QuantParams((1.0,), (0,))
    one, three = Window(1), Window(3, before=pad, after=pad)
    size = 3 + 2 * (1 - pad)
    constants = {
        "w1": np.array([0] * dead + [1], np.int8).reshape(-1, 1, 1, 1),
        "b1": np.array([value] * dead + [0], np.int32),
        "w2": np.arange(1, 9 * dead + 10, dtype=np.int8).reshape(1, 3, 3, dead + 1),
    }
    tensors = {k: Tensor(k, v.shape, DType(v.dtype.name), unit if v.dtype == np.int8 else None, v)
               for k, v in constants.items()}  # fmt: skip
    shapes = {"x": (1, size, size, 1), "m": (1, size, size, dead + 1), "y": (1, 3, 3, 1)}
    tensors |= {name: Tensor(name, shape, DType.INT8, q) for name, shape in shapes.items()}
    ops = (
        Op("CONV_2D", ("x", "w1", "b1"), ("m",), Conv2D(one, one)),
        Op("CONV_2D", ("m", "w2"), ("y",), Conv2D(three, three), index=1),
    )
    graph = Graph("two", tensors, ops, ("x",), ("y",))
    verify(graph)
    return graph


@pytest.mark.parametrize(("value", "pad", "left"), [(5, 0, 1), (0, 1, 1), (5, 1, 2)])
def test_a_border_tells_a_constant_from_padding(value: int, pad: int, left: int) -> None:
    """A constant folds into an operator that does not pad, or where it is what padding reads; else it stays."""
    graph = two_convolutions(value, pad)
    found = eliminate(graph, 1)
    assert found.graph["m"].shape[3] == left
    for inputs in adversarial(graph, 1):
        check(graph, found, inputs)


def test_sums_that_wrap_around_are_not_taken_for_bounded() -> None:
    graph = two_convolutions(0, 1)
    bias = replace(graph["b1"], data=np.array([2**31 - 1, 2**31 - 1], np.int32))
    graph = graph.with_tensors([bias])
    assert not intervals(graph)["m"].channel_constants.keys() & {1}
    for inputs in adversarial(graph, 2):
        check(graph, eliminate(graph), inputs)


def test_one_channel_is_left_where_none_is_needed() -> None:
    graph = two_convolutions(3, 0)
    graph = graph.with_tensors([replace(graph["w2"], data=np.zeros((1, 3, 3, 2), np.int8))])
    found = eliminate(graph, 1)
    assert found.graph["m"].shape[3] == 1
    for inputs in adversarial(graph, 3):
        check(graph, found, inputs)


def test_float_graphs_stay_as_they_are() -> None:
    graph = random_graph(5, DType.FLOAT32)
    float_only = [op for op in graph.ops if graph[op.outputs[0]].dtype == DType.FLOAT32]
    found = eliminate(graph)
    assert all(op.outputs[0] not in found.proof.kept for op in float_only)


@pytest.mark.parametrize("name", ["vww_96_int8", "mcunet_vww_80"])
def test_channels_come_in_groups(shared: Path, name: str) -> None:
    """Each tensor that lost channels has a multiple of four, with the least that fills the group."""
    graph = load_model(shared / "models" / f"{name}.tflite")
    fewest, found = eliminate(graph, 1), eliminate(graph)
    assert found.proof.kept.keys() == fewest.proof.kept.keys()
    for tensor, kept in found.proof.kept.items():
        assert len(kept) == -(-len(fewest.proof.kept[tensor]) // 4) * 4
    for seed in range(2):
        check(graph, found, random_inputs(graph, seed))


@pytest.mark.parametrize(("channels", "left"), [(4, 4), (3, 2), (2, 2), (1, 1), (9, 4)])
def test_groups_are_no_larger_than_the_tensor(channels: int, left: int) -> None:
    """One needed channel of several: a group of four where there are as many, else of two."""
    graph = two_convolutions(5, 0, dead=channels - 1)
    found = eliminate(graph)
    assert found.graph["m"].shape[3] == left
    for inputs in adversarial(graph, 4):
        check(graph, found, inputs)
