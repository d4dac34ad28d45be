"""TensorFlow Lite files: what is read back is what was written, and what cannot be read says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tflite
import tflite_writer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tflite_writer import Quantization, TfliteModel, activation_type, conv_options

from hilbench.errors import ModelError, UnsupportedModel
from hilbench.importers import IMPORTERS, load_model
from hilbench.ir.attrs import Conv2D, DepthwiseConv2D
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph
from hilbench.ir.reference import run
from hilbench.ir.region import Window
from tests.graphs import MAKERS, only, random_graph, random_inputs
from tests.tflite_export import of_the_format, to_tflite

MODELS = Path(__file__).parents[3] / "suites" / "models"
DTYPES = [DType.INT8, DType.FLOAT32]


def load(tmp_path: Path, content: bytes) -> Graph:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    return load_model(path)


def conv_model(weights: np.ndarray, x: tuple[int, ...], y: tuple[int, ...], **options: object) -> bytes:
    model = TfliteModel("conv")
    inputs = [model.input("x", x), model.constant("w", weights)]
    chosen = conv_options("SAME") | options
    return model.to_bytes([model.op("CONV_2D", inputs, "y", y, options=chosen)])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", list(MAKERS))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_every_operator_comes_back(tmp_path: Path, kind: str, dtype: DType, seed: int) -> None:
    _check_same(only(kind, seed, dtype, explicit=False), tmp_path, seed)


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_nets_come_back(tmp_path: Path, dtype: DType, seed: int) -> None:
    _check_same(random_graph(seed, dtype, explicit=False), tmp_path, seed)


def _check_same(written: Graph, tmp_path: Path, seed: int) -> None:
    path = tmp_path / "model.tflite"
    written = of_the_format(written)
    path.write_bytes(to_tflite(written))
    found = IMPORTERS[".tflite"](path)
    assert (found.inputs, found.outputs) == (written.inputs, written.outputs)
    assert [(op.kind, op.attrs, op.outputs) for op in found.ops] == [
        (op.kind, op.attrs, op.outputs) for op in written.ops
    ]
    inputs = random_inputs(written, seed)
    mine, its = run(written, inputs), run(found, inputs)
    for name, values in mine.items():
        np.testing.assert_array_equal(values, its[name])


@pytest.mark.parametrize("name", ["digits", "mobilenetv2_035_96"])
def test_shipped_models(name: str) -> None:
    graph = load_model(MODELS / f"{name}.tflite")
    assert graph.name == name
    run(graph, random_inputs(graph, 0))


def test_same_padding_puts_the_odd_pixel_after(tmp_path: Path) -> None:
    content = conv_model(np.ones((1, 3, 2, 1), np.float32), (1, 8, 5, 1), (1, 4, 5, 1), StrideH=2)
    attrs = load(tmp_path, content).ops[0].attrs
    assert isinstance(attrs, Conv2D)
    assert (attrs.y, attrs.x) == (Window(3, 2, 1, 0, 1), Window(2, 1, 1, 0, 1))


def test_the_depth_multiplier_is_that_of_the_shapes(tmp_path: Path) -> None:
    model = TfliteModel("depthwise")
    inputs = [model.input("x", (1, 4, 4, 3)), model.constant("w", np.ones((1, 2, 2, 6), np.float32))]
    options = conv_options("VALID") | {"DepthMultiplier": 0}
    content = model.to_bytes([model.op("DEPTHWISE_CONV_2D", inputs, "y", (1, 3, 3, 6), options=options)])
    attrs = load(tmp_path, content).ops[0].attrs
    assert isinstance(attrs, DepthwiseConv2D)
    assert attrs.multiplier == 2


def test_tensors_of_one_name_are_told_apart(tmp_path: Path) -> None:
    model = TfliteModel("twins")
    x = model.input("x", (1, 4))
    y = model.op("RELU", [x], "same", (1, 4))
    graph = load(tmp_path, model.to_bytes([model.op("RELU", [y], "same", (1, 4))]))
    assert len(set(graph.tensors)) == 3
    assert graph.ops[1].inputs == graph.ops[0].outputs


def test_dynamic_range_weights_become_float32(tmp_path: Path) -> None:
    model = TfliteModel("hybrid")
    data = np.array([[1, -2, 3], [4, 5, -6]], np.int8)
    w = model.constant("w", data, Quantization((0.5, 0.25), (0, 0), 0))
    options = {"FusedActivationFunction": activation_type("NONE"), "KeepNumDims": False}
    y = model.op("FULLY_CONNECTED", [model.input("x", (1, 3)), w], "y", (1, 2), options=options)
    graph = load(tmp_path, model.to_bytes([y]))
    found = run(graph, {"x": np.ones((1, 3), np.float32)})["y"]
    np.testing.assert_array_equal(found, [[1.0, 0.75]])


def test_all_unsupported_operators_are_listed(tmp_path: Path) -> None:
    model = TfliteModel("strange")
    x = model.input("x", (1, 4, 4, 2))
    y = model.op("HARD_SWISH", [x], "swished", (1, 4, 4, 2))
    y = model.op("ADD", [y, y], "sum", (1, 4, 4, 2), options={"FusedActivationFunction": activation_type("TANH")})
    z = model.op("RELU", [model.input("wide", (1, 4), "int16", Quantization((0.1,), (0,)))], "z", (1, 4), dtype="int16")
    with pytest.raises(UnsupportedModel) as caught:
        load(tmp_path, model.to_bytes([y, z]))
    listed = [(op.kind, op.index, op.tensor) for op in caught.value.ops]
    assert listed == [("HARD_SWISH", 0, "swished"), ("ADD", 1, "sum"), ("RELU", 2, "z")]
    assert "fused activation" in str(caught.value)


@pytest.mark.parametrize("dtype", ["int16", "uint8", "float16", "int64"])
def test_element_types_that_are_not_computed_in(tmp_path: Path, dtype: str) -> None:
    model = TfliteModel("typed")
    quant = None if dtype == "float16" else Quantization((0.1,), (0,))
    x = model.input("x", (1, 4), dtype, quant)
    y = model.op("RELU", [x], "y", (1, 4), dtype=dtype, quantization=quant)
    with pytest.raises(UnsupportedModel, match=f"operator 0 RELU .output 'y'.: 'x' is {dtype}"):
        load(tmp_path, model.to_bytes([y]))


def test_shapes_that_contradict_each_other(tmp_path: Path) -> None:
    content = conv_model(np.ones((1, 3, 3, 1), np.float32), (1, 8, 8, 1), (1, 9, 8, 1))
    with pytest.raises(UnsupportedModel, match=r"the inputs make it float32 \(1, 8, 8, 1\)"):
        load(tmp_path, content)


def _damaged(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(ModelError) as caught:
        load(tmp_path, content)
    return str(caught.value)


def test_files_that_are_no_models(tmp_path: Path) -> None:
    assert "identifier ' mod'" in _damaged(tmp_path, b"this model is a text file")
    assert "identifier ''" in _damaged(tmp_path, b"")
    small = to_tflite(only("CONV_2D", 1, explicit=False))
    assert f"it ends at byte {len(small) // 2:,}" in _damaged(tmp_path, small[: len(small) // 2])
    with pytest.raises(ModelError, match="No such file"):
        load_model(tmp_path / "absent.tflite")
    with pytest.raises(ModelError, match=r"unknown model format '.h5'.*known: .*\.tflite"):
        load_model(tmp_path / "model.h5")


def test_buffers_and_tensors_that_do_not_exist(tmp_path: Path) -> None:
    model = TfliteModel("short")
    x = model.input("x", (1, 4))
    w = model.constant("w", np.ones((2, 4), np.float32))
    model.tensors[w] = replace(model.tensors[w], shape=(2, 5))
    options = {"FusedActivationFunction": activation_type("NONE"), "KeepNumDims": False}
    y = model.op("FULLY_CONNECTED", [x, w], "y", (1, 2), options=options)
    assert "has 32 bytes" in _damaged(tmp_path, model.to_bytes([y]))
    assert "refers to tensor 77" in _damaged(tmp_path, model.to_bytes([77]))


@pytest.mark.parametrize(("count", "text"), [(0, "no subgraph"), (2, "2 subgraphs; there has to be one")])
def test_there_is_one_subgraph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, text: str) -> None:
    plain = tflite_writer._offsets

    def repeated(builder: object, start: object, offsets: list[int]) -> int:
        return plain(builder, start, offsets * count if start is tflite.ModelStartSubgraphsVector else offsets)

    monkeypatch.setattr(tflite_writer, "_offsets", repeated)
    assert text in _damaged(tmp_path, to_tflite(only("CONV_2D", 1, explicit=False)))


def test_unknown_dimensions(tmp_path: Path) -> None:
    model = TfliteModel("dynamic")
    x = model.input("x", (-1, 4))
    assert "have to be known" in _damaged(tmp_path, model.to_bytes([model.op("RELU", [x], "y", (-1, 4))]))


SMALL = to_tflite(random_graph(11, DType.INT8, explicit=False, most=4))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_gives_a_clear_error_or_a_graph(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(SMALL)
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(8, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(8, len(content))) :]
    try:
        graph = load(tmp_path, bytes(content))
    except (ModelError, UnsupportedModel):
        return
    assert isinstance(graph, Graph)
