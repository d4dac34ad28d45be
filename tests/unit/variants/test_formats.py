"""Formats: quantizing a float graph, dequantizing a quantized one, calibration data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hilbench.errors import ConfigError, UnsupportedModel
from hilbench.importers import load_model
from hilbench.ir.attrs import Concat, Conv2D, FullyConnected, Pool2D, Reshape, Softmax
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Attrs, Graph, Op, Tensor
from hilbench.ir.reference import run
from hilbench.ir.region import Window
from hilbench.variants.quantize import FIXED, affine
from hilbench.variants.transform import transform
from hilbench.variants.variant import Variant

INT8, PER_TENSOR, FLOAT = (Variant.parse(text) for text in ("int8", "int8:per-tensor", "float32"))


def float_tensor(name: str, shape: tuple[int, ...], data: Array | None = None) -> Tensor:
    return Tensor(name, shape, DType.FLOAT32, None, None if data is None else data.astype(np.float32))


def classifier() -> Graph:
    """conv → max pool → reshape → fully connected → softmax, and the reshape once more beside the softmax's output."""
    rng = np.random.default_rng(3)
    one = Window(3, 1, 1, 1, 1)
    tensors = [
        float_tensor("x", (1, 6, 6, 2)),
        float_tensor("w", (4, 3, 3, 2), rng.normal(size=(4, 3, 3, 2)) * np.array([1, 10, 0, 0.1]).reshape(4, 1, 1, 1)),
        float_tensor("b", (4,), np.array([0.5, -0.5, 2.0, 0.0])),
        float_tensor("conv", (1, 6, 6, 4)),
        float_tensor("pool", (1, 3, 3, 4)),
        float_tensor("flat", (1, 36)),
        float_tensor("w2", (5, 36), rng.normal(size=(5, 36)) * 0.1),
        float_tensor("logits", (1, 5)),
        float_tensor("p", (1, 5)),
        float_tensor("both", (1, 41)),
    ]
    ops = (
        op("CONV_2D", ("x", "w", "b"), "conv", Conv2D(one, one), 0),
        op("MAX_POOL_2D", ("conv",), "pool", Pool2D(Window(2, 2), Window(2, 2)), 1),
        op("RESHAPE", ("pool",), "flat", Reshape(), 2),
        op("FULLY_CONNECTED", ("flat", "w2", None), "logits", FullyConnected(), 3),
        op("SOFTMAX", ("logits",), "p", Softmax(), 4),
        op("CONCATENATION", ("p", "flat"), "both", Concat(1), 5),
    )
    return Graph("classifier", {t.name: t for t in tensors}, ops, ("x",), ("p", "both"))


def op(kind: str, inputs: tuple[str | None, ...], output: str, attrs: Attrs, index: int) -> Op:
    return Op(kind, inputs, (output,), attrs, index)


def samples(graph: Graph, count: int = 8) -> dict[str, Array]:
    rng = np.random.default_rng(5)
    return {n: rng.uniform(-1, 1, (count, *graph[n].shape[1:])).astype(np.float32) for n in graph.inputs}


@pytest.mark.parametrize("variant", [INT8, PER_TENSOR])
def test_quantized_outputs_are_close_to_float_ones(variant: Variant) -> None:
    graph = classifier()
    done = transform(graph, variant, samples(graph)).graph
    x = samples(graph, 1)["x"]
    quantized = run(done, {"x": codes(x, done["x"])})
    for name in ("conv", "logits", "p"):
        real = (quantized[name].astype(np.float64) - done[name].zero_point) * done[name].scale
        expected = run(graph, {"x": x})[name]
        assert np.abs(real - expected).max() < 0.05 * np.abs(expected).max() + done[name].scale


def codes(x: Array, tensor: Tensor) -> Array:
    return np.clip(np.rint(x / tensor.scale) + tensor.zero_point, -128, 127).astype(np.int8)


def test_rules_of_the_quantization_specification() -> None:
    graph = classifier()
    done = transform(graph, INT8, samples(graph)).graph
    weights, bias = done["w"], done["b"]
    assert weights.quant is not None and bias.quant is not None and weights.data is not None
    assert weights.quant.axis == 0 and len(weights.quant.scale) == 4
    assert set(weights.quant.zero_point) == set(bias.quant.zero_point) == {0}
    assert [int(np.abs(channel).max()) for channel in weights.data] == [127, 127, 0, 127]
    assert np.allclose(bias.quant.scale, np.array(weights.quant.scale) * done["x"].scale, rtol=1e-6)
    assert bias.dtype is DType.INT32
    assert done["conv"].quant == done["pool"].quant == done["flat"].quant
    assert done["p"].quant == FIXED


def test_a_fixed_output_is_rescaled_where_it_meets_others() -> None:
    graph = classifier()
    done = transform(graph, INT8, samples(graph)).graph
    assert [op.kind for op in done.ops] == [*(op.kind for op in graph.ops[:5]), "QUANTIZE", "CONCATENATION"]
    assert done["both"].quant == done["flat"].quant != FIXED
    assert done.outputs == graph.outputs


def test_per_tensor_weights_have_one_scale() -> None:
    graph = classifier()
    done = transform(graph, PER_TENSOR, samples(graph)).graph
    assert all(quant is not None and len(quant.scale) == 1 for quant in (done["w"].quant, done["b"].quant))


def test_the_row_says_where_the_calibration_came_from() -> None:
    graph = classifier()
    assert "16 synthetic samples" in transform(graph, INT8).notes[0]
    assert "8 samples" in transform(graph, INT8, samples(graph)).notes[0]
    assert transform(graph, INT8).graph.digest() == transform(graph, INT8).graph.digest()


def test_a_quantized_graph_is_kept_and_may_become_float() -> None:
    graph = classifier()
    done = transform(graph, INT8, samples(graph)).graph
    assert transform(done, INT8).graph is done
    real = transform(done, FLOAT)
    assert "dequantized" in real.notes[0]
    assert all(tensor.dtype is DType.FLOAT32 for tensor in real.graph.tensors.values())
    assert [op.kind for op in real.graph.ops] == [op.kind for op in graph.ops]
    x = samples(graph, 1)
    assert np.abs(run(real.graph, x)["logits"] - run(graph, x)["logits"]).max() < 0.1
    assert transform(graph, FLOAT).graph is graph


def test_the_core_of_a_quantized_model_has_integer_ports(shared: Path) -> None:
    graph = load_model(shared / "models" / "mcunet_vww_80.tflite")
    core = transform(graph, replace(Variant.parse("int8:core"), eliminate=False)).graph
    assert [op.kind for op in core.ops] == [op.kind for op in graph.ops[1:-1]]
    (port,), (result,) = core.inputs, core.outputs
    x = np.random.default_rng(1).uniform(-1, 1, graph[graph.inputs[0]].shape).astype(np.float32)
    whole = run(graph, {graph.inputs[0]: x})
    assert run(core, {port: whole[port]})[result].tolist() == whole[result].tolist()


def test_per_tensor_is_not_claimed_of_a_file_that_is_per_channel() -> None:
    done = transform(classifier(), INT8).graph
    with pytest.raises(UnsupportedModel, match=r"operator 0 CONV_2D .* keeps its quantization"):
        transform(done, PER_TENSOR)


def test_operators_without_an_int8_form_are_all_named() -> None:
    graph = classifier()
    strange = replace(graph, ops=(*graph.ops, Op("LSTM", ("p",), ("q",), index=6), Op("GELU", ("p",), ("r",), index=7)))
    with pytest.raises(UnsupportedModel) as error:
        transform(strange.with_tensors([float_tensor("q", (1, 5)), float_tensor("r", (1, 5))]), INT8, samples(graph))
    assert [op.kind for op in error.value.ops] == ["LSTM", "GELU"]


@pytest.mark.parametrize(
    ("calibration", "said"),
    [
        ({"x": np.zeros((3, 5, 6, 2), np.float32)}, r"shape \[3, 5, 6, 2\]"),
        ({"x": np.zeros((0, 6, 6, 2), np.float32)}, r"shape \[0, 6, 6, 2\]"),
        ({"x": np.full((1, 6, 6, 2), np.nan, np.float32)}, "not finite"),
        ({"x": np.full((1, 6, 6, 2), "a")}, "not finite"),
        ({"a": np.zeros(3), "b": np.zeros(3)}, "no array for input 'x', only \\['a', 'b'\\]"),
    ],
)
def test_bad_calibration_data(calibration: dict[str, Array], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        transform(classifier(), INT8, calibration)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
@settings(max_examples=200)
def test_affine_covers_the_range_and_stores_zero_exactly(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    quant = affine(low, high)
    (scale,), (zero,) = quant.scale, quant.zero_point
    assert -128 <= zero <= 127
    assert (-128 - zero) * scale <= min(low, 0) + 0.501 * scale
    assert (127 - zero) * scale >= max(high, 0) - 0.501 * scale


def test_a_real_float_model_keeps_its_accuracy(shared: Path) -> None:
    graph = load_model(shared / "models" / "kws_ref_model_float32.tflite")
    quantized = load_model(shared / "models" / "kws_ref_model.tflite")
    data = np.load(shared / "data" / "kws01_500.npz")
    first = quantized[quantized.inputs[0]]
    x = ((data["x"].astype(np.float32) - first.zero_point) * first.scale)[:64]
    done = transform(graph, INT8, {"x": x[32:]}).graph
    (name,) = done.inputs
    right = [
        int(run(done, {name: codes(each[None], done[name])})[done.outputs[0]].argmax()) == label
        for each, label in zip(x[:32], data["y"], strict=False)
    ]
    assert sum(right) >= 28
