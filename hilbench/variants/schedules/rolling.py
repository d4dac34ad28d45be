"""Rolling: maps flow through rings of a few rows and pixels instead of existing whole; nothing is computed twice.

The argument is a list of KEY=VALUE: `input=resident` (the default; graph inputs lie in the arena whole) or
`input=streamed` (they arrive while the model runs); `pixels=M` (write M pixels of a row at a time, "rows" for whole
ones; by default what needs the least memory); `arena=BYTES` (the fewest pieces within so many bytes, instead of the
least memory).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf

from hilbench.errors import UnsupportedModel, UnsupportedOp, UsageError
from hilbench.ir.graph import Graph
from hilbench.variants.cuts import PIECES, Cuts
from hilbench.variants.paths import all_stages, apart, best_stages
from hilbench.variants.schedule import Schedule
from hilbench.variants.schedules.layers import layer_by_layer
from hilbench.variants.variant import SCHEDULES, Part, Scheduling, Scratch, Variant

NAME = "rolling"
_RIGHT = f"right: {NAME}, {NAME}:input=streamed, {NAME}:pixels=4,arena=16384"


@dataclass(frozen=True)
class _Wish:
    """The argument, read."""

    streamed: bool = False
    pieces: tuple[int, ...] = PIECES
    arena: int = 0


def _read(argument: str) -> _Wish:
    given: dict[str, str] = {}
    for item in filter(None, argument.split(",")):
        key, equals, value = item.partition("=")
        if not equals or key not in ("input", "pixels", "arena") or key in given:
            raise UsageError(f"'{NAME}' takes input=, pixels= and arena=, once each, got '{item}'; {_RIGHT}")
        given[key] = value
    if given.get("input", "resident") not in ("resident", "streamed"):
        raise UsageError(f"'{NAME}': input is 'resident' or 'streamed', got '{given['input']}'; {_RIGHT}")
    pieces = PIECES[-1:] if given.get("pixels") == "rows" else (_number(given, "pixels"),)
    return _Wish(
        given.get("input") == "streamed",
        pieces if "pixels" in given else PIECES,
        _number(given, "arena") if "arena" in given else 0,
    )


def _number(given: dict[str, str], key: str) -> int:
    text = given.get(key, "1")
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise UsageError(f"'{NAME}': {key} is a number above 0, got '{text}'; {_RIGHT}")
    return int(text)


def _budget(argument: str) -> int:
    return _read(argument).arena


def with_input(variant: Variant, wanted: str) -> Variant:
    """The variant with its inputs "resident" or "streamed"; as it is for "".

    Raises:
        UsageError: the variant has another schedule, says so itself, or there is no such way.
    """
    if not wanted:
        return variant
    if variant.schedule.name != NAME:
        raise UsageError(f"--input {wanted}: only '{NAME}' streams, and the variant is '{variant}'; {_RIGHT}")
    argument = ",".join(filter(None, (variant.schedule.argument, f"input={wanted}")))
    _read(argument)
    return replace(variant, schedule=Part(NAME, argument))


def _check(argument: str) -> None:
    _read(argument)


def _propose(graph: Graph, argument: str, scratch: Scratch) -> Iterator[Schedule]:
    """Layer by layer where the input is resident, and the stages that need least."""
    wish = _read(argument)
    streamed = graph.inputs if wish.streamed else ()
    edges = all_stages(Cuts(graph, scratch, streamed, wish.pieces))
    found = [best_stages(each, wish.arena or inf) for each in (edges, apart(edges, graph))]
    if not wish.streamed:
        yield layer_by_layer(graph)
    elif found == [None, None]:
        first = graph.ops[0]
        why = "no stage of operators can take the input in pieces" if wish.arena == 0 else "no stages are that small"
        raise UnsupportedModel(graph.name, [UnsupportedOp(first.kind, first.index, first.outputs[0], why)])
    yield from (schedule for schedule in found if schedule is not None)


SCHEDULES.add(
    NAME,
    Scheduling(
        NAME, "rolling[:input=streamed,pixels=M,arena=BYTES]: rings, nothing recomputed", _check, _propose, _budget
    ),
)
