"""Datasets as a graph takes them: quantized where the input is, checked for shape, dtype and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hilbench.errors import ConfigError
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op, QuantParams, Tensor
from hilbench.runner.inputs import RANDOM_COUNT, make_inputs, quantize, random_inputs, read_calibration


def graph(dtype: DType = DType.INT8, names: tuple[str, ...] = ("x",)) -> Graph:
    quant = QuantParams((0.5,), (-3,)) if dtype is not DType.FLOAT32 else None
    tensors = {name: Tensor(name, (1, 2, 3), dtype, quant) for name in (*names, "out")}
    return Graph("g", tensors, (Op("RELU", names, ("out",)),), names, ("out",))


def saved(tmp_path: Path, **arrays: object) -> Path:
    path = tmp_path / "data.npz"
    np.savez(path, **{name: np.asarray(array) for name, array in arrays.items()})
    return path


def test_codes_are_taken_as_they_are(tmp_path: Path) -> None:
    x = np.arange(12, dtype=np.int8).reshape(2, 2, 3)
    inputs = make_inputs(graph(), saved(tmp_path, x=x, y=np.array([1, 0], np.uint8)))
    assert inputs.sample(1)["x"].tolist() == [x[1].tolist()]
    assert inputs.labels is not None and inputs.labels.tolist() == [1, 0]
    assert len(inputs) == 2


def test_real_numbers_are_quantized(tmp_path: Path) -> None:
    x = np.array([[[0.0, 0.25, -0.25], [100.0, -100.0, 1.0]]])
    inputs = make_inputs(graph(), saved(tmp_path, x=x))
    assert inputs.sample(0)["x"].ravel().tolist() == [-3, -2, -4, 127, -128, -1]


def test_quantizing_rounds_ties_away_from_zero() -> None:
    tensor = Tensor("x", (4,), DType.INT8, QuantParams((1.0,), (0,)))
    assert quantize(np.array([0.5, 1.5, -0.5, -1.5]), tensor).tolist() == [1, 2, -1, -2]


def test_a_float_model_takes_floats_of_any_width(tmp_path: Path) -> None:
    inputs = make_inputs(graph(DType.FLOAT32), saved(tmp_path, x=np.zeros((2, 1, 2, 3), np.float64)))
    assert inputs.arrays["x"].dtype == np.float32


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"z": [0]}, r"no array \['x'\]; it holds \['z'\]"),
        ({"x": np.zeros((2, 3, 2), np.int8)}, r"have shape \[2, 3, 2\].*right: \[n, 1, 2, 3\] or \[n, 2, 3\]"),
        ({"x": np.zeros((2, 2, 3), np.uint8)}, "x is uint8, input 'x' is int8"),
        ({"x": np.zeros((0, 2, 3), np.int8)}, "same number"),
        ({"x": np.zeros((2, 2, 3), np.int8), "y": [0.5, 1]}, "y is float64"),
        ({"x": np.zeros((2, 2, 3), np.int8), "y": [1]}, r"y is int64 \[1\].*right: 2 integers"),
        ({"x": np.int8(1)}, "have shape"),
    ],
)
def test_what_does_not_suit_is_named(tmp_path: Path, arrays: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        make_inputs(graph(), saved(tmp_path, **arrays))


def test_codes_for_a_float_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="x is int8, input 'x' is float32"):
        make_inputs(graph(DType.FLOAT32), saved(tmp_path, x=np.zeros((1, 2, 3), np.int8)))


@pytest.mark.parametrize("content", [b"", b"not a zip file", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_npz_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"data\.npz: not an \.npz file"):
        make_inputs(graph(), path)


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"not an \.npz file"):
        make_inputs(graph(), saved(tmp_path, x=np.array([{}], object)))


def test_several_inputs_come_by_name(tmp_path: Path) -> None:
    two = graph(names=("a", "b"))
    path = saved(tmp_path, a=np.zeros((2, 2, 3), np.int8), b=np.ones((2, 2, 3), np.int8))
    assert make_inputs(two, path).sample(0)["b"].max() == 1
    with pytest.raises(ConfigError, match="same number"):
        make_inputs(two, saved(tmp_path, a=np.zeros((2, 2, 3), np.int8), b=np.ones((3, 2, 3), np.int8)))


def test_random_inputs_are_the_same_every_time() -> None:
    a, b = random_inputs(graph()), random_inputs(graph())
    assert a.digest() == b.digest()
    assert len(a) == RANDOM_COUNT
    assert "seed" in a.source
    assert len(np.unique(a.arrays["x"])) > 6


def test_calibration_is_float(tmp_path: Path) -> None:
    samples = read_calibration(graph(DType.FLOAT32), saved(tmp_path, x=np.zeros((5, 2, 3), np.float64)))
    assert samples is not None and samples["x"].shape == (5, 1, 2, 3) and samples["x"].dtype == np.float32
    with pytest.raises(ConfigError, match="calibration samples are float32"):
        read_calibration(graph(), saved(tmp_path, x=np.zeros((5, 2, 3), np.int8)))
    assert read_calibration(graph(), None) is None
