"""Verification refuses what is not a graph, and says what and where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hilbench.errors import ConfigError, ModelError
from hilbench.ir.attrs import Conv2D, Elementwise, Pool2D, Softmax
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op, QuantParams, Tensor
from hilbench.ir.reference import run
from hilbench.ir.region import Window
from hilbench.ir.verify import verify

Q = QuantParams((0.1,), (0,))


def graph(**changes: object) -> Graph:
    """x -> RELU -> y -> RELU -> z, with changes."""
    tensors = {name: Tensor(name, (1, 2), DType.INT8, Q) for name in ("x", "y", "z")}
    ops = (Op("RELU", ("x",), ("y",)), Op("RELU", ("y",), ("z",), index=1))
    return replace(Graph("g", tensors, ops, ("x",), ("z",)), **changes)  # type: ignore[arg-type]


def with_tensor(name: str, shape: tuple[int, ...], dtype: DType, data: Array | None = None) -> Graph:
    quant = Q if dtype == DType.INT8 else None
    return graph().with_tensors([Tensor(name, shape, dtype, quant, data)])


RELU = Op("RELU", ("x",), ("y",))
BROKEN = {
    "there is no tensor 'w'": graph(ops=(Op("RELU", ("w",), ("y",)),)),
    "graph input or output 'w'": graph(outputs=("w",)),
    "read before it is written": graph(ops=(Op("RELU", ("y",), ("z",)),)),
    "written twice": graph(ops=(RELU, RELU)),
    "'z' is never written": graph(ops=(RELU,)),
    "unknown operator": graph(ops=(RELU, Op("LSTM", ("y",), ("z",)))),
    "attributes are Elementwise": graph(ops=(Op("CONV_2D", ("x",), ("y",), Elementwise()), *graph().ops[1:])),
    "input 1 is missing": graph(ops=(Op("ADD", ("x",), ("y",), Elementwise()), *graph().ops[1:])),
    "'x' has 2 axes": graph(ops=(Op("MAX_POOL_2D", ("x",), ("y",), Pool2D(Window(1), Window(1))), *graph().ops[1:])),
    "'x' is a scalar": graph(
        tensors={n: Tensor(n, (), DType.FLOAT32) for n in ("x", "z")},
        ops=(Op("SOFTMAX", ("x",), ("z",), Softmax()),),
    ),
    "'y' is int8 (1, 3)": with_tensor("y", (1, 3), DType.INT8),
    "'y' is int16": with_tensor("y", (1, 2), DType.INT16),
    "graph input 'x' is a constant": with_tensor("x", (1, 2), DType.INT8, np.zeros((1, 2), np.int8)),
    "holds int16 (1, 2)": with_tensor("c", (1, 2), DType.INT8, np.zeros((1, 2), np.int16)),
    "has no quantization": graph().with_tensors([Tensor("y", (1, 2), DType.INT8)]),
    "listed as 'other'": graph(tensors={**graph().tensors, "other": Tensor("q", (1,), DType.FLOAT32)}),
}


@pytest.mark.parametrize("text", list(BROKEN))
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ModelError) as caught:
        verify(BROKEN[text])
    assert text in str(caught.value)


def test_a_graph_is_a_graph() -> None:
    verify(graph())


def test_broadcasting_that_does_not_fit() -> None:
    tensors = {n: Tensor(n, s, DType.FLOAT32) for n, s in (("a", (1, 3)), ("b", (1, 2)), ("c", (1, 3)))}
    broken = Graph("g", tensors, (Op("ADD", ("a", "b"), ("c",), Elementwise()),), ("a", "b"), ("c",))
    with pytest.raises(ModelError, match="ADD"):
        verify(broken)


def test_computed_weights_are_refused() -> None:
    tensors = {n: Tensor(n, (1, 3, 3, 1), DType.FLOAT32) for n in ("x", "w", "y")}
    op = Op("CONV_2D", ("x", "w"), ("y",), Conv2D(Window(3), Window(3)))
    with pytest.raises(ModelError, match="have to be constant"):
        verify(Graph("g", tensors, (op,), ("x", "w"), ("y",)))


def test_the_reference_checks_its_inputs() -> None:
    with pytest.raises(ConfigError, match="input 'x' is missing"):
        run(graph(), {})
    with pytest.raises(ConfigError, match=r"float64 \(2,\)"):
        run(graph(), {"x": np.zeros(2)})
