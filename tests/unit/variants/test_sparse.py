"""Magnitude pruning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.errors import UnsupportedModel
from hilbench.ir.attrs import Softmax
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op, QuantParams, Tensor
from hilbench.variants.sparsity.magnitude import magnitudes, prune, zero_code
from hilbench.variants.variant import SPARSITIES


def weights(data: list[int], zero_point: int = 0, scales: tuple[float, ...] = (0.5, 0.5)) -> Tensor:
    array = np.array(data, np.int8).reshape(2, -1)
    quant = QuantParams(scales, (zero_point,) * len(scales), 0)
    return Tensor("w", array.shape, DType.INT8, quant, array)


@given(st.lists(st.integers(-127, 127), min_size=2, max_size=40).filter(lambda v: len(v) % 2 == 0), st.floats(0, 0.99))
def test_ratio_and_magnitudes(data: list[int], ratio: float) -> None:
    tensor = weights(data)
    pruned = prune(tensor, ratio)
    assert pruned.storage == "sparse" and pruned.data is not None and tensor.data is not None
    removed = (pruned.data != tensor.data) | (pruned.data == 0)
    assert removed.sum() >= round(ratio * tensor.elements)
    changed = pruned.data != tensor.data
    assert changed.sum() <= round(ratio * tensor.elements)
    if changed.any() and (~removed).any():
        assert magnitudes(tensor)[changed].max() <= magnitudes(tensor)[~removed].min()


def test_the_real_value_counts_not_the_code() -> None:
    pruned = prune(weights([10, 20, 30, 40], scales=(1.0, 0.1)), 0.5)
    assert pruned.data is not None
    assert pruned.data.tolist() == [[10, 20], [0, 0]]


def test_equal_magnitudes_go_in_memory_order() -> None:
    pruned = prune(weights([5, -5, 5, -5]), 0.5)
    assert pruned.data is not None
    assert pruned.data.tolist() == [[0, 0], [5, -5]]


def test_zero_is_the_zero_point() -> None:
    tensor = weights([1, 9, 30, 40], zero_point=8)
    pruned = prune(tensor, 0.5)
    assert pruned.data is not None
    assert zero_code(tensor) == 8
    assert pruned.data.tolist() == [[8, 8], [30, 40]]


def test_a_model_without_weights_cannot_be_pruned() -> None:
    tensors = {n: Tensor(n, (1, 4), DType.FLOAT32) for n in ("x", "y")}
    graph = Graph("g", tensors, (Op("SOFTMAX", ("x",), ("y",), Softmax()),), ("x",), ("y",))
    with pytest.raises(UnsupportedModel, match="nothing to prune"):
        SPARSITIES["sparse"].apply(graph, "0.5")
