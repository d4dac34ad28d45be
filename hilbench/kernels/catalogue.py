"""The catalogue of kernels: what each C file in `firmware/kernels` serves, as its head comment declares.

A file's contract is the TOML between the line ` * [kernel]` and the next blank line of its head comment:

    op = ["CONV_2D"]          kinds that it serves
    input = ["int8"]          element types of the first input
    weights = "dense"         how constant weights have to lie in flash: "dense" (the default) or "sparse"
    isa = ["dsp"]             instruction-set features that it needs (hilbench.boards); none by default
    when = ["kernel_h == 1"]  predicates over the facts of its family, all of which must hold; none by default
    scratch = "4 * channels"  bytes of working space, over the same facts; none by default
    cycles = "9 * out_rows"   of one call, modelled for a Cortex-M4 (nucleo_l4r5zi), over the same facts
    arrays = ["weights"]      constant arrays that it reads; none by default
    flash = "7 * weights"     bytes by which they are larger than the weights of the model; none by default
    in_place = true           it reads each element of an input before it writes the one in its place, and not again
    turns = true              it reads every row where `hb_at` says, so its input's view may turn (hb_view.h)

Facts are the arguments of the family, and `out_rows` and `out_cols`, the pixels that a call writes: a whole map, or a
piece of one row. Of several kernels that serve an operator the one with the fewest cycles is taken, which is why every
kernel that competes with another says how many it takes. A kernel for instructions that a Cortex-M4 lacks says what
puts it in its place among the others. `benchmarks/cycles.py` measures them, and fits the expressions.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import inf, prod
from pathlib import Path
from types import MappingProxyType

from simpleeval import InvalidExpression, SimpleEval

from hilbench.config import Section, parse
from hilbench.errors import ConfigError
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op
from hilbench.kernels.family import TILED, TILED_ANYHOW, Argument, family_of, in_pieces
from hilbench.resources import shipped

TILES = (1, 2, 4, 8, 16, 32)
"""Tiles that are tried: fewer pixels take more cycles, for weights are read again for each, and less working space."""


class Contract(Section):
    """What a kernel's head comment declares; the module's docstring describes the keys."""

    op: tuple[str, ...]
    input: tuple[DType, ...]
    weights: str = "dense"
    isa: frozenset[str] = frozenset()
    when: tuple[str, ...] = ()
    scratch: str = "0"
    cycles: str = ""
    arrays: tuple[str, ...] = ()
    flash: str = "0"
    in_place: bool = False
    turns: bool = False


@dataclass(frozen=True)
class Kernel:
    """A kernel: the function `hb_<name>` in `source`, and its contract."""

    name: str
    source: Path
    contract: Contract

    @property
    def in_place(self) -> bool:
        """Whether the output may lie in an input of its own shape."""
        return self.contract.in_place

    @property
    def expands(self) -> bool:
        """Whether its constants take more flash than the weights of the model."""
        return self.contract.flash != "0"


@dataclass(frozen=True)
class Option:
    """A kernel that serves an operator, with the cycles of one call and its working space in bytes.

    A kernel that does not say how many cycles it takes is taken where no other serves. `tile` are the pixels that it
    has to be content with at a time; 0 leaves that to its family.
    """

    kernel: Kernel
    cycles: float
    scratch: int
    tile: int = 0


@cache
def catalogue() -> Mapping[str, Kernel]:
    """Every kernel by name. Files whose name begins with `hb_` are what kernels share."""
    files = sorted(path for path in shipped("firmware", "kernels").glob("*.h") if not path.stem.startswith("hb_"))
    return MappingProxyType({path.stem: Kernel(path.stem, path, read_contract(path)) for path in files})


def read_contract(path: Path) -> Contract:
    """The contract in the head comment of a kernel's file.

    Raises:
        ConfigError: there is none, or it is wrong.
    """
    head, _, _ = path.read_text().partition("*/")
    lines = [line.strip().removeprefix("*").strip() for line in head.splitlines()]
    if "[kernel]" not in lines:
        raise ConfigError("no contract in the head comment", where=str(path), right="a line ' * [kernel]', then TOML")
    start = lines.index("[kernel]") + 1
    stop = lines.index("", start) if "" in lines[start:] else len(lines)
    try:
        raw = tomllib.loads("\n".join(lines[start:stop]))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the contract is not valid TOML: {error}", where=str(path)) from error
    return parse(raw, Contract, where=str(path))


def choose(op: Op, graph: Graph, features: frozenset[str]) -> Kernel:
    """The cheapest kernel that serves an operator on a core with these features; see `options`."""
    return options(op, graph, features)[0].kernel


def options(op: Op, graph: Graph, features: frozenset[str], piece: int = 0) -> tuple[Option, ...]:
    """The kernels that serve an operator on a core with these features, those with the fewest cycles first.

    Of equally cheap ones the more specific comes first. `piece` is how many pixels of a row a call writes, 0 a whole
    map.

    Raises:
        LookupError: none serves it; the text says why.
    """
    candidates = [kernel for kernel in _candidates(op, graph) if kernel.contract.isa <= features]
    found = list(_offers(candidates, op, graph, piece, 0))
    if not found:
        raise LookupError(_why_none(op, graph))
    free = {option.kernel.name: option.scratch for option in found}
    for tile in _tiles(op, graph, piece) if any(free.values()) else ():
        tiled = _offers([option.kernel for option in found if not option.tile], op, graph, piece, tile)
        found += [option for option in tiled if option.scratch < free[option.kernel.name]]
    return tuple(sorted(found, key=_rank))


def _offers(kernels: Iterable[Kernel], op: Op, graph: Graph, piece: int, tile: int) -> Iterator[Option]:
    """Those that serve."""
    facts = facts_of(op, graph, piece, tile)
    for kernel in kernels:
        if serves(kernel, facts):
            yield Option(kernel, cycles(kernel, facts), evaluate(kernel, kernel.contract.scratch, facts), tile)


def _tiles(op: Op, graph: Graph, piece: int) -> list[int]:
    """Pixels that kernels for an operator can be told to work on at a time, fewer than a call writes."""
    if op.kind not in TILED_ANYHOW:
        return []
    pixels = piece or prod(graph[op.outputs[0]].shape[1:3])
    return [tile for tile in TILES if tile < pixels]


def _rank(option: Option) -> tuple[float, int, int, str, int]:
    contract = option.kernel.contract
    return option.cycles, -len(contract.isa), -len(contract.when), option.kernel.name, option.tile


def cycles(kernel: Kernel, facts: Mapping[str, Argument]) -> float:
    """Cycles of one call, as the contract says; without end where it says nothing."""
    return evaluate(kernel, kernel.contract.cycles, facts) if kernel.contract.cycles else inf


def scratch_bytes(kernel: Kernel, op: Op, graph: Graph, tile: int = 0) -> int:
    """Bytes of working space that the kernel needs for this operator, run whole, in tiles of so many pixels if any."""
    return evaluate(kernel, kernel.contract.scratch, facts_of(op, graph, 0, tile))


def expanded_bytes(kernel: Kernel, op: Op, graph: Graph) -> int:
    """Bytes of flash that the kernel's constants take beyond the weights of the model."""
    return evaluate(kernel, kernel.contract.flash, facts_of(op, graph))


def serves(kernel: Kernel, facts: Mapping[str, Argument]) -> bool:
    """Whether every predicate of the kernel holds."""
    return all(evaluate(kernel, predicate, facts) for predicate in kernel.contract.when)


_EVALUATOR = SimpleEval(functions={"min": min, "max": max})
"""One for all expressions: an interrupt (Ctrl-C) that falls into its destructor is lost."""


def evaluate(kernel: Kernel, expression: str, facts: Mapping[str, Argument]) -> int:
    """Value of an expression of the kernel's contract.

    Raises:
        ConfigError: the expression is wrong, or names a fact that the family does not have.
    """
    try:
        _EVALUATOR.names = facts
        return int(_EVALUATOR.eval(expression, previously_parsed=_parsed(expression)))
    except (InvalidExpression, SyntaxError, TypeError, ValueError) as error:
        known = f"facts here: {', '.join(sorted(facts))}"
        raise ConfigError(f"'{expression}' in the contract: {error}", where=str(kernel.source), right=known) from error


@cache
def _parsed(expression: str) -> object:
    return SimpleEval.parse(f"({expression})")


def facts_of(op: Op, graph: Graph, piece: int = 0, tile: int = 0) -> dict[str, Argument]:
    """What the expressions of a contract may name; for a call that writes `piece` pixels of a row, or all (0).

    With `tile` the kernel has working space for so many pixels only.

    Raises:
        LookupError: the family cannot do it; the text says why.
    """
    whole = in_pieces(op, graph, piece) if piece else graph
    try:
        family = family_of(op.kind)
        out = family.calls(op, whole)[0].output
        tiled = not piece or op.kind in TILED
        pixels = {"out_rows": out.rows, "out_cols": out.cols} if tiled else {"out_rows": 1, "out_cols": piece}
        facts = family.facts(op, in_pieces(op, graph, tile) if tile else whole)
        facts |= {"batches": out.batches, **pixels}
        return facts
    except ValueError as error:
        raise LookupError(str(error)) from error


def _candidates(op: Op, graph: Graph) -> list[Kernel]:
    """Kernels for this kind, element type and storage of the weights, whatever the core."""
    dtype, storage = graph[op.present_inputs[0]].dtype, _storage(op, graph)
    return [
        kernel
        for kernel in catalogue().values()
        if op.kind in kernel.contract.op and dtype in kernel.contract.input and kernel.contract.weights == storage
    ]


def _storage(op: Op, graph: Graph) -> str:
    """How the operator's weights lie in flash."""
    return next((graph[name].storage for name in op.present_inputs if graph[name].storage != "dense"), "dense")


def _why_none(op: Op, graph: Graph) -> str:
    dtype, storage = graph[op.present_inputs[0]].dtype, _storage(op, graph)
    if candidates := _candidates(op, graph):
        asked = "; ".join(f"{k.name} needs {sorted(k.contract.isa)} and {list(k.contract.when)}" for k in candidates)
        return f"no kernel for this form or core: {asked}"
    known = sorted({d.value for k in catalogue().values() if op.kind in k.contract.op for d in k.contract.input})
    kept = "" if storage == "dense" else f" with {storage} weights"
    return f"no kernel for {dtype}{kept}; there are kernels for {', '.join(known) or 'no type'}"
