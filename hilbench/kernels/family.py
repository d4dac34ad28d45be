"""Families: how the operators of one kind are put to kernels, whichever kernel serves them.

All kernels of a family take the same argument structure; what a family knows about an operator are the structure's
plain members (`Call.arguments`), its arrays (made on demand, as a kernel's contract names the ones that it reads), and
how the operands lie in memory.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, Literal

from hilbench.errors import one_of
from hilbench.ir.graph import Array, Graph, Op
from hilbench.registry import Registry

Argument = int | float | str | tuple[int, ...]
"""Value of a structure's member: a number, an enumerator's name, or an array of integers."""

TILED = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "BOTTLENECK"})
"""Operators whose kernels work in tiles of output pixels, as large as the output is."""

TILED_ANYHOW = frozenset({"CONV_2D"})
"""Those of them whose kernels also do with smaller tiles than a call writes pixels."""

_COORDINATE_MAX = 2**15 - 1


@dataclass(frozen=True)
class Operand:
    """A tensor as kernels see it: `batches` maps of rows × cols × channels, one after another.

    A map operand whose `batches` is 1 serves every batch of the call.
    """

    tensor: str
    batches: int
    rows: int
    cols: int
    channels: int


@dataclass(frozen=True)
class Call:
    """One call of the kernel. `which` tells the calls of one operator apart (an input of CONCATENATION each)."""

    inputs: tuple[Operand, ...]
    output: Operand
    arguments: Mapping[str, Argument]
    which: int = 0


class Facts(dict[str, Argument]):
    """Facts by name; those in `later` take long to find, and are found when a kernel asks for them."""

    def __init__(self, known: Mapping[str, Argument], later: Mapping[str, Callable[[], Argument]]) -> None:
        super().__init__(known)
        self.later = later

    def __missing__(self, name: str) -> Argument:
        self[name] = self.later[name]()
        return self[name]


class Family(ABC):
    """Operators that share an argument structure, `struct`; stateless.

    Kernels of form "map" take views and the region to write, those of form "flat" take pointers to whole tensors.
    """

    kinds: ClassVar[tuple[str, ...]]
    form: ClassVar[Literal["map", "flat"]]

    @abstractmethod
    def struct(self, op: Op, graph: Graph) -> str:
        """Name of the C structure that holds the arguments."""

    @abstractmethod
    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """The calls that do the operator's work, in order.

        Raises:
            LookupError: no kernel of this family can do it; the text says why.
            ValueError: the tensors' quantization is one that the operator cannot have.
        """

    def facts(self, op: Op, graph: Graph) -> dict[str, Argument]:
        """What the expressions of kernels may name: the arguments of the first call."""
        return dict(self.calls(op, graph)[0].arguments)

    def array(self, name: str, op: Op, graph: Graph, call: Call) -> Array:
        """The constant array that goes into the structure's member `name`; its dtype is the element type in C."""
        raise LookupError(f"{op.kind} has no array '{name}'")


FAMILIES: Registry[Family] = Registry("kernel family", "hilbench.kernels.families")


def family_of(kind: str) -> Family:
    """The family that serves operators of `kind`.

    Raises:
        LookupError: there is none.
    """
    kinds = {served: family for family in FAMILIES.values() for served in family.kinds}
    if kind not in kinds:
        raise LookupError(one_of("operator of the kernels", kind, kinds))
    return kinds[kind]


def in_pieces(op: Op, graph: Graph, piece: int) -> Graph:
    """The graph as the kernel of an operator sees it that writes `piece` pixels at a time: no larger tiles.

    They are of one row; where there are more than a row has, of a BOTTLENECK, of so many rows.
    """
    if op.kind not in TILED:
        return graph
    out = graph[op.outputs[0]]
    rows = max(piece // out.shape[2], 1) if op.kind == "BOTTLENECK" else 1
    return graph.with_tensors([replace(out, shape=(1, rows, piece // rows, out.shape[3]))])


def natural(tensor: str, graph: Graph) -> Operand:
    """A tensor of rank 4 as NHWC maps."""
    shape = graph[tensor].shape
    if len(shape) != 4:
        raise LookupError(f"tensor '{tensor}' has rank {len(shape)}, not 4")
    return operand(tensor, shape)


def elementwise(tensor: str, graph: Graph) -> Operand:
    """A tensor of any rank whose axes do not matter: of rank 4 as it lies, else as one pixel of many channels."""
    shape = graph[tensor].shape
    return operand(tensor, shape if len(shape) == 4 else (1, 1, 1, prod(shape)))


def operand(tensor: str, shape: tuple[int, ...]) -> Operand:
    """A tensor as maps of this (batches, rows, cols, channels)."""
    batches, rows, cols, channels = shape
    if max(rows, cols) > _COORDINATE_MAX:
        raise LookupError(f"tensor '{tensor}' is {rows} x {cols} pixels; kernels count up to {_COORDINATE_MAX}")
    return Operand(tensor, batches, rows, cols, channels)


def flat(tensor: str, graph: Graph) -> Operand:
    """A whole tensor as one run of elements."""
    return Operand(tensor, 1, 1, 1, prod(graph[tensor].shape))


def constant(name: str | None, op: Op, graph: Graph) -> Array:
    """Data of an input that has to be constant."""
    data = graph.constant(name)
    if data is None:
        raise LookupError(f"input '{name}' of {op.kind} is computed; kernels take constant ones only")
    return data
