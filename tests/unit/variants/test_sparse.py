"""Magnitude pruning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.errors import UnsupportedModel, UsageError
from hilbench.ir.attrs import Softmax
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op, QuantParams, Tensor
from hilbench.variants.sparsity.magnitude import BLOCKS, Pruning, magnitudes, prune, pruning, zero_code
from hilbench.variants.variant import SPARSITIES


def weights(data: list[int], zero_point: int = 0, scales: tuple[float, ...] = (0.5, 0.5)) -> Tensor:
    array = np.array(data, np.int8).reshape(2, -1)
    quant = QuantParams(scales, (zero_point,) * len(scales), 0)
    return Tensor("w", array.shape, DType.INT8, quant, array)


@given(st.lists(st.integers(-127, 127), min_size=2, max_size=40).filter(lambda v: len(v) % 2 == 0), st.floats(0, 0.99))
def test_ratio_and_magnitudes(data: list[int], ratio: float) -> None:
    tensor = weights(data)
    pruned = prune(tensor, Pruning(ratio))
    assert pruned.storage == "sparse" and pruned.data is not None and tensor.data is not None
    removed = (pruned.data != tensor.data) | (pruned.data == 0)
    assert removed.sum() >= round(ratio * tensor.elements)
    changed = pruned.data != tensor.data
    assert changed.sum() <= round(ratio * tensor.elements)
    if changed.any() and (~removed).any():
        assert magnitudes(tensor)[changed].max() <= magnitudes(tensor)[~removed].min()


def test_the_real_value_counts_not_the_code() -> None:
    pruned = prune(weights([10, 20, 30, 40], scales=(1.0, 0.1)), Pruning(0.5))
    assert pruned.data is not None
    assert pruned.data.tolist() == [[10, 20], [0, 0]]


def test_equal_magnitudes_go_in_memory_order() -> None:
    pruned = prune(weights([5, -5, 5, -5]), Pruning(0.5))
    assert pruned.data is not None
    assert pruned.data.tolist() == [[0, 0], [5, -5]]


def test_zero_is_the_zero_point() -> None:
    tensor = weights([1, 9, 30, 40], zero_point=8)
    pruned = prune(tensor, Pruning(0.5))
    assert pruned.data is not None
    assert zero_code(tensor) == 8
    assert pruned.data.tolist() == [[8, 8], [30, 40]]


def test_a_model_without_weights_cannot_be_pruned() -> None:
    tensors = {n: Tensor(n, (1, 4), DType.FLOAT32) for n in ("x", "y")}
    graph = Graph("g", tensors, (Op("SOFTMAX", ("x",), ("y",), Softmax()),), ("x",), ("y",))
    with pytest.raises(UnsupportedModel, match="nothing to prune"):
        SPARSITIES["sparse"].apply(graph, "0.5")


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_go_together(name: str) -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(1, 128, (5, 3, 3, 7)).astype(np.int8)
    pruned = prune(Tensor("w", values.shape, DType.INT8, QuantParams((0.5,), (0,)), values), Pruning(0.5, BLOCKS[name]))
    rows, cols = BLOCKS[name]
    gone = pruned.values.reshape(5, 9, 7) == 0
    for top in range(0, 5, rows):
        for left in range(0, 7, cols):
            block = gone[top : top + rows, :, left : left + cols].reshape(-1, 9, min(cols, 7 - left))
            assert (block.all(axis=(0, 2)) | ~block.any(axis=(0, 2))).all()
    assert 0.4 < gone.mean() < 0.6


def test_the_weakest_block_goes_first() -> None:
    pruned = prune(weights([9, 1, 4, 4, 7, 7, 100, 1]), Pruning(0.25, BLOCKS["1x2"]))
    assert pruned.values.tolist() == [[9, 1, 0, 0], [7, 7, 100, 1]]


def test_n_of_m() -> None:
    pruned = prune(weights([1, -9, 3, 2, 5, 4, 8, 7, 6, -5, 4, 3]), pruning("2:4"))
    assert pruned.values.tolist() == [[0, -9, 3, 0, 5, 4], [8, 7, 0, 0, 4, 3]]


@pytest.mark.parametrize(
    ("argument", "shape"),
    [
        ("0.8", "unstructured"),
        ("0.8,block=1x4", "block 1x4"),
        ("0.5,block=2x1", "block 2x1"),
        ("2:4", "2:4"),
        ("1:2", "1:2"),
    ],
)
def test_shapes(argument: str, shape: str) -> None:
    assert pruning(argument).shape == shape


@pytest.mark.parametrize(
    "argument", ["", "1", "-0.1", "nan", "0.8,block=3x3", "0.8,1x4", "0.8,block=", "4:4", "0:4", "2:64"]
)
def test_wrong_arguments_are_told_what_is_right(argument: str) -> None:
    with pytest.raises(UsageError, match=r"right: sparse:0.8 .*block=1x4 .*sparse:2:4"):
        pruning(argument)
