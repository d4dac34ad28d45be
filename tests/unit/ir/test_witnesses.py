"""The reference against its two witnesses on real models: TFLite Micro's recorded bytes, and the desktop interpreter.

Where the two differ, the reference follows TFLite Micro, and a test here says by how much and why.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hilbench.importers import load_model
from hilbench.ir.attrs import Elementwise
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import wrap32
from hilbench.ir.graph import Array, Attrs, Graph, Op, QuantParams
from hilbench.ir.opdef import OPS
from hilbench.ir.quantized import fully_connected_constants, logistic_constants
from hilbench.ir.reference import macs, run
from tests.graphs import UNIT, Builder, only, random_inputs
from tests.tflite_export import Witness, to_tflite

INT8_MODELS = ["kws_ref_model", "pretrainedResnet_quant", "vww_96_int8"]
MODELS = {"kws_ref_model": 2_656_768, "pretrainedResnet_quant": 12_501_632, "vww_96_int8": 7_489_664,
          "pretrainedResnet": 12_501_632, "vww_96_float": 7_489_664, "mcunet_vww_80": 11_578_816}  # fmt: skip


def model(shared: Path, name: str) -> Graph:
    return load_model(shared / "models" / f"{name}.tflite")


@pytest.mark.parametrize("name", INT8_MODELS)
def test_tflite_micro_computes_the_same_bytes(shared: Path, name: str) -> None:
    graph, vectors = model(shared, name), np.load(shared / "vectors" / f"{name}.npz")
    for number, (given, expected) in enumerate(zip(vectors["inputs"], vectors["outputs"], strict=True)):
        values = run(graph, {graph.inputs[0]: given})
        np.testing.assert_array_equal(values[graph.outputs[0]], expected)
        for op in graph.ops if number == 0 else ():
            recorded = vectors[f"op{op.index:02}.{op.kind}"]
            np.testing.assert_array_equal(values[op.outputs[0]].reshape(-1), recorded, err_msg=str(op))


@pytest.mark.parametrize("name", list(MODELS))
def test_the_interpreter_computes_the_same(shared: Path, name: str) -> None:
    """int8 byte for byte, save FULLY_CONNECTED (below); float32 outputs, all probabilities, within 1e-6."""
    graph = model(shared, name)
    witness = Witness((shared / "models" / f"{name}.tflite").read_bytes())
    for seed in range(3):
        inputs = random_inputs(graph, seed)
        witness.run(inputs)
        for op in graph.ops:
            mine, its = _evaluate(graph, op.outputs[0], witness), witness[op.outputs[0]]
            if mine.dtype == np.int8:
                assert np.abs(mine.astype(int) - its).max() <= (op.kind == "FULLY_CONNECTED"), op
        mine = run(graph, inputs)[graph.outputs[0]]
        tolerance = 1e-6 if mine.dtype == np.float32 and name != "mcunet_vww_80" else 0
        assert np.abs(mine.astype(float) - witness[graph.outputs[0]]).max() <= tolerance


def _evaluate(graph: Graph, tensor: str, witness: Witness) -> Array:
    """One operator on what the interpreter computed before it."""
    op = graph.ops[graph.producer[tensor]]
    tensors = [None if name is None else graph[name] for name in op.inputs]
    operands = [None if t is None else (witness[t.name] if t.data is None else t.data) for t in tensors]
    return OPS[op.kind].evaluate(op, graph, operands)[0]


@pytest.mark.parametrize("name", list(MODELS))
def test_multiply_accumulates(shared: Path, name: str) -> None:
    assert macs(model(shared, name)) == MODELS[name]


def test_keyword_spotting_data(shared: Path) -> None:
    """On all inputs: the interpreter's bytes with FULLY_CONNECTED rounded its way, and the same class our way."""
    graph, data = model(shared, "kws_ref_model"), np.load(shared / "data" / "kws01_500.npz")
    witness = Witness((shared / "models" / "kws_ref_model.tflite").read_bytes())
    dense, softmax = graph.ops[-2:]
    differing = right = 0
    for x, y in zip(data["x"], data["y"], strict=True):
        witness.run({graph.inputs[0]: x[None]})
        its, values = witness[graph.outputs[0]], run(graph, {graph.inputs[0]: x[None]})
        once = _rounded_once(_alone(graph, dense), values[dense.present_inputs[0]])
        np.testing.assert_array_equal(OPS["SOFTMAX"].evaluate(softmax, graph, [once])[0], its)
        mine = values[graph.outputs[0]]
        differing += bool((mine != its).any())
        assert mine.argmax() == its.argmax()
        right += int(mine.argmax()) == y
    assert differing <= 5
    assert right == 449


def test_dynamic_range_weights_compute_in_float32(shared: Path) -> None:
    """The interpreter also rounds activations to int8 there: outputs agree to a few hundredths, and on the class."""
    graph = model(shared, "kws_ref_model_float32")
    witness = Witness((shared / "models" / "kws_ref_model_float32.tflite").read_bytes())
    for seed in range(5):
        inputs = random_inputs(graph, seed)
        witness.run(inputs)
        mine, its = run(graph, inputs)[graph.outputs[0]], witness[graph.outputs[0]]
        assert np.abs(mine - its).max() < 0.05
        assert mine.argmax() == its.argmax()


def test_the_interpreter_rounds_fully_connected_once() -> None:
    """Its kernel shifts the 64-bit product once; TFLite Micro rounds to 32 bits first and again when it shifts."""
    differing = 0
    for seed in range(60):
        graph = only("FULLY_CONNECTED", seed, DType.INT8, explicit=False)
        witness, inputs = Witness(to_tflite(graph)), random_inputs(graph, seed)
        witness.run(inputs)
        its = witness[graph.outputs[0]]
        np.testing.assert_array_equal(_rounded_once(graph, inputs["in0"]), its)
        differing += int((run(graph, inputs)[graph.outputs[0]] != its).sum())
    assert differing > 0


def _alone(graph: Graph, op: Op) -> Graph:
    return replace(graph, ops=(op,), inputs=(op.present_inputs[0],), outputs=op.outputs)


def _rounded_once(graph: Graph, x: Array) -> Array:
    op = graph.ops[0]
    k = fully_connected_constants(op, graph)
    w, bias = graph.constant(op.inputs[1]), graph.constant(op.inputs[2])
    assert w is not None
    acc = (x.reshape(-1, w.shape[1]).astype(np.int64) + k.input_offset) @ w.T.astype(np.int64)
    total = wrap32(acc if bias is None else acc + bias)
    shift = 31 - np.array(k.shift)
    scaled = (total * np.array(k.multiplier) + (1 << (shift - 1))) >> shift
    clamped = np.clip(scaled + k.output_offset, k.act_min, k.act_max)
    return clamped.astype(np.int8).reshape(graph[op.outputs[0]].shape)


@pytest.mark.parametrize(("name", "number"), [("pretrainedResnet_quant", 1), ("vww_96_int8", 3)])
def test_tflite_micro_rounds_fully_connected_twice(shared: Path, name: str, number: int) -> None:
    """Recorded outputs that tell the two apart."""
    graph, vectors = model(shared, name), np.load(shared / "vectors" / f"{name}.npz")
    dense, softmax = graph.ops[-2:]
    values = run(graph, {graph.inputs[0]: vectors["inputs"][number]})
    once = _rounded_once(_alone(graph, dense), values[dense.present_inputs[0]])
    recorded = vectors["outputs"][number]
    np.testing.assert_array_equal(values[graph.outputs[0]], recorded)
    assert (OPS["SOFTMAX"].evaluate(softmax, graph, [once])[0] != recorded).any()


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL"])
def test_every_pair_of_inputs(kind: str) -> None:
    """The scales' ratios: both have ADD's in double; SUB's only the interpreter, MUL's only TFLite Micro.

    The other one of the two computes them in float32, which moves a product across a half in a few pairs of a million.
    """
    first, second = (np.ascontiguousarray(a.reshape(1, -1)) for a in np.indices((256, 256)).astype(np.int8))
    differing = 0
    for seed in range(8):
        graph = _binary(kind, seed, first.shape)
        inputs = {"in0": first, "in1": second}
        witness = Witness(to_tflite(graph))
        witness.run(inputs)
        mine, its = run(graph, inputs)[graph.outputs[0]].astype(int), witness[graph.outputs[0]]
        assert np.abs(mine - its).max() <= (kind != "ADD")
        differing += int((mine != its).sum())
    assert differing <= (0 if kind == "ADD" else 8)


def _binary(kind: str, seed: int, shape: tuple[int, ...]) -> Graph:
    """An operator whose outputs spread over the int8 range."""
    b = Builder(seed, DType.INT8)
    x, y = b.input(shape), b.input(shape)
    scales = (b.tensors[x].scale, b.tensors[y].scale)
    scale = scales[0] * scales[1] * b.rng.uniform(30, 200) if kind == "MUL" else sum(scales) * b.rng.uniform(0.5, 2)
    b.op(kind, (x, y), Elementwise(), b.quant(scale))
    return b.done()


@pytest.mark.parametrize("scale", [0.02, 0.1, 0.5, 2.0, 4.8])
def test_the_interpreter_has_a_float_table_for_logistic(scale: float) -> None:
    """It rounds the real function; TFLite Micro computes in fixed point and saturates at a radius of its own."""
    b = Builder(0, DType.INT8)
    x = b.input((1, 256))
    b.tensors[x] = replace(b.tensors[x], quant=QuantParams((float(np.float32(scale)),), (0,)))
    b.op("LOGISTIC", (x,), Attrs(), UNIT)
    graph, every = b.done(), np.arange(-128, 128).astype(np.int8)[None]
    witness = Witness(to_tflite(graph))
    witness.run({x: every})
    mine, its = run(graph, {x: every})[graph.outputs[0]], witness[graph.outputs[0]]
    radius = logistic_constants(graph.ops[0], graph).radius
    inside = np.abs(every.astype(int)) < radius
    assert np.abs(mine[inside].astype(int) - its[inside]).max() <= 1
    assert set(mine[~inside].tolist()) <= {-128, 127}
