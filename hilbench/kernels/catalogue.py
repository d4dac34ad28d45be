"""The catalogue of kernels: what each C file in `firmware/kernels` serves, as its head comment declares.

A file's contract is the TOML between the line ` * [kernel]` and the next blank line of its head comment:

    op = ["CONV_2D"]          kinds that it serves
    input = ["int8"]          element types of the first input
    weights = "dense"         how constant weights have to lie in flash: "dense" (the default) or "sparse"
    isa = ["dsp"]             instruction-set features that it needs (hilbench.boards); none by default
    when = ["kernel_h == 1"]  predicates over the facts of its family, all of which must hold; none by default
    scratch = "4 * channels"  bytes of working space, over the same facts; none by default
    arrays = ["weights"]      constant arrays that it reads; none by default
    in_place = true           it reads each element of an input before it writes the one in its place, and not again
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from simpleeval import InvalidExpression, simple_eval

from hilbench.config import Section, parse
from hilbench.errors import ConfigError
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op
from hilbench.kernels.family import Argument, family_of
from hilbench.resources import shipped


class Contract(Section):
    """What a kernel's head comment declares; the module's docstring describes the keys."""

    op: tuple[str, ...]
    input: tuple[DType, ...]
    weights: str = "dense"
    isa: frozenset[str] = frozenset()
    when: tuple[str, ...] = ()
    scratch: str = "0"
    arrays: tuple[str, ...] = ()
    in_place: bool = False


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
    """The kernel that serves an operator on a core with these features: of several, the most specific one.

    Raises:
        LookupError: none serves it; the text says why.
    """
    facts = _facts(op, graph)
    serving = [kernel for kernel in _candidates(op, graph) if kernel.contract.isa <= features]
    fitting = [kernel for kernel in serving if serves(kernel, facts)]
    if not fitting:
        raise LookupError(_why_none(op, graph))
    return max(fitting, key=lambda kernel: (len(kernel.contract.isa), len(kernel.contract.when), kernel.name))


def scratch_bytes(kernel: Kernel, op: Op, graph: Graph) -> int:
    """Bytes of working space that the kernel needs for this operator."""
    return evaluate(kernel, kernel.contract.scratch, _facts(op, graph))


def serves(kernel: Kernel, facts: Mapping[str, Argument]) -> bool:
    """Whether every predicate of the kernel holds."""
    return all(evaluate(kernel, predicate, facts) for predicate in kernel.contract.when)


def evaluate(kernel: Kernel, expression: str, facts: Mapping[str, Argument]) -> int:
    """Value of an expression of the kernel's contract.

    Raises:
        ConfigError: the expression is wrong, or names a fact that the family does not have.
    """
    try:
        return int(simple_eval(expression, names=dict(facts), functions={"min": min, "max": max}))
    except (InvalidExpression, SyntaxError, TypeError, ValueError) as error:
        known = f"facts here: {', '.join(sorted(facts))}"
        raise ConfigError(f"'{expression}' in the contract: {error}", where=str(kernel.source), right=known) from error


def _facts(op: Op, graph: Graph) -> dict[str, Argument]:
    try:
        return family_of(op.kind).facts(op, graph)
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
