"""The catalogue reads contracts, refuses wrong ones, and chooses the most specific kernel that serves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hilbench.errors import ConfigError
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op, Tensor
from hilbench.kernels import catalogue as module
from hilbench.kernels.catalogue import Contract, Kernel, catalogue, choose, evaluate, read_contract
from hilbench.kernels.family import FAMILIES
from tests.graphs import MAKERS, only

PLAIN: frozenset[str] = frozenset()


def write(folder: Path, contract: str) -> Path:
    path = folder / "made.h"
    path.write_text(f"/* A kernel.\n *\n * [kernel]\n{contract}\n */\n")
    return path


def test_every_kind_of_every_family_has_plain_kernels() -> None:
    kinds = {kind for family in FAMILIES.values() for kind in family.kinds}
    assert kinds == set(MAKERS)
    for kind in kinds - {"QUANTIZE", "DEQUANTIZE"}:
        for dtype in (DType.INT8, DType.FLOAT32):
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
def three(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    kernels = [
        made("plain"),
        made("few", when=("channels < 4",)),
        made("fast", isa=frozenset({"dsp"}), when=("channels > 9",)),
    ]
    monkeypatch.setattr(module, "catalogue", lambda: {kernel.name: kernel for kernel in kernels})
    yield


def relu(channels: int, dtype: DType = DType.INT8) -> Graph:
    quant = only("RELU", 1)["in0"].quant
    tensors = {name: Tensor(name, (1, 2, 2, channels), dtype, quant) for name in ("x", "y")}
    return Graph("relu", tensors, (Op("RELU", ("x",), ("y",)),), ("x",), ("y",))


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("channels", "features", "name"),
    [(5, (), "plain"), (3, ("dsp",), "few"), (10, (), "plain"), (10, ("dsp", "fpu"), "fast"), (9, ("dsp",), "plain")],
)
def test_most_specific_is_chosen(channels: int, features: tuple[str, ...], name: str) -> None:
    graph = relu(channels)
    assert choose(graph.ops[0], graph, frozenset(features)).name == name


@pytest.mark.usefixtures("three")
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
