"""The catalogue reads contracts, refuses wrong ones, and chooses the cheapest kernel that serves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hilbench.errors import ConfigError
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op, Tensor
from hilbench.kernels import catalogue as module
from hilbench.kernels.catalogue import Contract, Kernel, catalogue, choose, evaluate, options, read_contract
from hilbench.kernels.family import FAMILIES
from tests.graphs import MAKERS, only

PLAIN: frozenset[str] = frozenset()
EVERY = frozenset(feature for kernel in catalogue().values() for feature in kernel.contract.isa)
DTYPES = (DType.INT8, DType.FLOAT32)


def types(kind: str) -> tuple[DType, ...]:
    """Element types that there are kernels for; operators run as one in int8 only."""
    return DTYPES[:1] if kind == "BOTTLENECK" else DTYPES


def write(folder: Path, contract: str) -> Path:
    path = folder / "made.h"
    path.write_text(f"/* A kernel.\n *\n * [kernel]\n{contract}\n */\n")
    return path


def test_every_kind_of_every_family_has_plain_kernels() -> None:
    kinds = {kind for family in FAMILIES.values() for kind in family.kinds}
    assert kinds == set(MAKERS)
    for kind in kinds - {"QUANTIZE", "DEQUANTIZE"}:
        for dtype in types(kind):
            graph = only(kind, 1, dtype)
            assert choose(graph.ops[-1], graph, PLAIN).contract.isa == PLAIN


@pytest.mark.parametrize(
    ("contract", "text"),
    [
        (' * op = ["ADD"]\n * input = ["int8"]\n * speed = 3', "unknown key 'speed'"),
        (' * op = ["ADD"]', "'input'"),
        (' * op = ["ADD"]\n * input = ["int3"]', "int3"),
        (" * op = [ADD]", "not valid TOML"),
    ],
)
def test_wrong_contract(tmp_path: Path, contract: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        read_contract(write(tmp_path, contract))


def test_no_contract(tmp_path: Path) -> None:
    path = tmp_path / "made.h"
    path.write_text("/* Nothing. */\n")
    with pytest.raises(ConfigError, match=r"made\.h: no contract"):
        read_contract(path)


def test_contract_ends_at_a_blank_line(tmp_path: Path) -> None:
    path = write(tmp_path, ' * op = ["ADD"]\n * input = ["int8"]\n *\n * prose = not TOML')
    assert read_contract(path).op == ("ADD",)


def made(name: str, **contract: object) -> Kernel:
    fields = {"op": ("RELU",), "input": (DType.INT8,), **contract}
    return Kernel(name, Path(f"{name}.h"), Contract.model_validate(fields))


@pytest.fixture
def some(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    kernels = [
        made("plain", cycles="10 * channels * out_rows * out_cols"),
        made("few", when=("channels < 4",), cycles="9 * channels * out_rows * out_cols"),
        made("fast", isa=frozenset({"dsp"}), cycles="200 + 5 * channels * out_rows * out_cols"),
        made("same", isa=frozenset({"dsp"}), when=("channels > 7",), cycles="200 + 5 * channels * out_rows * out_cols"),
        made("silent", isa=frozenset({"dsp", "fpu"})),
    ]
    monkeypatch.setattr(module, "catalogue", lambda: {kernel.name: kernel for kernel in kernels})
    yield


def relu(channels: int, dtype: DType = DType.INT8) -> Graph:
    quant = only("RELU", 1)["in0"].quant
    tensors = {name: Tensor(name, (1, 2, 2, channels), dtype, quant) for name in ("x", "y")}
    return Graph("relu", tensors, (Op("RELU", ("x",), ("y",)),), ("x",), ("y",))


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(
    ("channels", "features", "piece", "name"),
    [
        (5, (), 0, "plain"),
        (3, ("dsp",), 0, "few"),
        (10, (), 0, "plain"),
        (20, ("dsp", "fpu"), 0, "same"),
        (7, ("dsp",), 0, "plain"),
        (20, ("dsp",), 1, "plain"),
    ],
)
def test_cheapest_is_chosen_and_of_equals_the_most_specific(
    channels: int, features: tuple[str, ...], piece: int, name: str
) -> None:
    graph = relu(channels)
    found = options(graph.ops[0], graph, frozenset(features), piece)
    assert found[0].kernel.name == name
    assert [option.cycles for option in found] == sorted(option.cycles for option in found)


def test_kernels_that_compete_say_how_many_cycles_they_take() -> None:
    graphs = [only(kind, seed, dtype) for kind in MAKERS for dtype in types(kind) for seed in range(20)]
    for graph in graphs:
        for op in graph.ops:
            found = options(op, graph, EVERY)
            lacking = [option.kernel.name for option in found if not option.kernel.contract.cycles]
            assert len(found) == 1 or not lacking, f"no cycles in the contract of {', '.join(lacking)}"
            assert all(option.cycles > 0 for option in found)


@pytest.mark.usefixtures("some")
def test_none_serves() -> None:
    graph = relu(3, DType.FLOAT32)
    with pytest.raises(LookupError, match="no kernel for float32; there are kernels for int8"):
        choose(graph.ops[0], graph, PLAIN)


def test_unknown_kind() -> None:
    graph = relu(3)
    op = Op("LSTM", ("x",), ("y",))
    with pytest.raises(LookupError, match="LSTM"):
        choose(op, graph, PLAIN)


def test_wrong_predicate_names_the_facts() -> None:
    with pytest.raises(ConfigError, match=r"bogus.*facts here: channels"):
        evaluate(made("wrong"), "bogus > 1", {"channels": 3})


def test_every_kernel_has_a_family_and_expressions_that_work() -> None:
    served = {kind for family in FAMILIES.values() for kind in family.kinds}
    for kernel in catalogue().values():
        assert set(kernel.contract.op) <= served
