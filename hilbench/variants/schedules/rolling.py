"""Rolling: maps flow through rings of a few rows and pixels instead of existing whole.

The argument is a list of KEY=VALUE: `input=resident` (the default; graph inputs lie in the arena whole),
`input=streamed` (they arrive while the model runs, once) or `input=reread` (likewise, and may be asked for again);
`pixels=M` (write M pixels of a row at a time, "rows" for whole ones; by default what needs the least memory);
`arena=BYTES` (the least time within so many bytes, instead of the least memory); `mac=R` (columns that two strips of a
stage read may be computed by both, for up to R times the MACs in all; by default nothing is computed twice).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import inf

from hilbench.errors import UnsupportedModel, UnsupportedOp, UsageError
from hilbench.ir.graph import Graph
from hilbench.variants.cuts import PIECES, Cuts
from hilbench.variants.narrow import narrowed
from hilbench.variants.paths import Edges, all_stages, apart, best_stages, between, bottleneck, joined
from hilbench.variants.refine import refined
from hilbench.variants.schedule import Schedule
from hilbench.variants.schedules.layers import layer_by_layer
from hilbench.variants.twice import again_macs, first_macs
from hilbench.variants.variant import SCHEDULES, Part, Scheduling, Variant, Ways

NAME = "rolling"
INPUTS = ("resident", "streamed", "reread")
"""What can be said of graph inputs: there whole, arriving once, or arriving as often as they are asked for."""

_FEW = 2048
"""Bytes of the smallest arena that is looked for first."""

_KEYS = ("input", "pixels", "arena", "mac")
_RIGHT = f"right: {NAME}, {NAME}:input=streamed, {NAME}:pixels=4,arena=16384, {NAME}:input=reread,mac=1.05"


@dataclass(frozen=True)
class _Wish:
    """The argument, read: `mac` is the budget as a multiple of the MACs, `arena` that in bytes (0: the least)."""

    input: str = "resident"
    pieces: tuple[int, ...] = PIECES
    arena: int = 0
    mac: Fraction = Fraction(1)


def _read(argument: str) -> _Wish:
    given: dict[str, str] = {}
    for item in filter(None, argument.split(",")):
        key, equals, value = item.partition("=")
        if not equals or key not in _KEYS or key in given:
            raise UsageError(f"'{NAME}' takes {', '.join(_KEYS)} with =, once each, got '{item}'; {_RIGHT}")
        given[key] = value
    if (wanted := given.get("input", INPUTS[0])) not in INPUTS:
        raise UsageError(f"'{NAME}': input is one of {', '.join(INPUTS)}, got '{wanted}'; {_RIGHT}")
    pieces = PIECES[-1:] if given.get("pixels") == "rows" else (_number(given, "pixels"),)
    return _Wish(
        wanted,
        pieces if "pixels" in given else PIECES,
        _number(given, "arena") if "arena" in given else 0,
        _ratio(given.get("mac", "1")),
    )


def _number(given: dict[str, str], key: str) -> int:
    text = given.get(key, "1")
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise UsageError(f"'{NAME}': {key} is a number above 0, got '{text}'; {_RIGHT}")
    return int(text)


def _ratio(text: str) -> Fraction:
    """A budget of MACs; "1.05" is exactly that."""
    if re.fullmatch(r"[1-9]\d{0,2}(\.\d{1,4})?", text, re.ASCII) is None:
        raise UsageError(f"'{NAME}': mac is 1.00 or more, got '{text}'; {_RIGHT}")
    return Fraction(text)


def _budget(argument: str) -> int:
    return _read(argument).arena


def _macs(argument: str) -> Fraction:
    return _read(argument).mac


def with_input(variant: Variant, wanted: str) -> Variant:
    """The variant with its inputs as `wanted`, one of `INPUTS`; as it is for "".

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


def _prepare(graph: Graph, argument: str, ways: Callable[[Graph], Ways]) -> Graph:
    """Inverted residuals run channel by channel where that makes room, for MACs of the budget."""
    wish = _read(argument)
    extra = _extra(graph, wish)

    def stages(graph: Graph, limit: float) -> Edges:
        cuts = Cuts(graph, ways(graph), _streamed(graph, wish), wish.input == "reread")
        return _shortest(cuts, wish, extra) if limit == inf else _below(cuts, wish.pieces[:1], limit, extra)

    return narrowed(graph, stages, wish.arena, extra) if extra > 0 else graph


def _streamed(graph: Graph, wish: _Wish) -> tuple[str, ...]:
    return () if wish.input == "resident" else graph.inputs


def _extra(graph: Graph, wish: _Wish) -> int:
    """MACs that may be executed besides."""
    return int((wish.mac - 1) * first_macs(graph)) - again_macs(graph)


def _propose(graph: Graph, argument: str, ways: Ways) -> Iterator[Schedule]:
    """Layer by layer where the input is resident, and the best stages."""
    wish = _read(argument)
    streamed, extra = _streamed(graph, wish), _extra(graph, wish)
    cuts = Cuts(graph, ways, streamed, wish.input == "reread", wish.arena)
    edges = _stages(cuts, wish, extra)
    found: list[Schedule] = []
    for each in (edges, apart(edges, graph)):
        limit = wish.arena or bottleneck(each, extra)
        found += (best := best_stages(each, limit, extra))
        if best and wish.pieces == PIECES:
            found += [refined(cuts, one, limit) for one in (best[0], best_stages(each, inf, extra)[0])]
    if not streamed:
        yield layer_by_layer(graph)
    elif not found:
        first = graph.ops[0]
        why = "no stage of operators can take the input in pieces" if wish.arena == 0 else "no stages are that small"
        raise UnsupportedModel(graph.name, [UnsupportedOp(first.kind, first.index, first.outputs[0], why)])
    if found and not wish.arena:
        found += between(edges, graph, extra)
    yield from (one for number, one in enumerate(found) if one not in found[:number])


def _stages(cuts: Cuts, wish: _Wish, extra: int) -> Edges:
    """Every stage that may be on a best path: those that are not above the budget, or else above a known path."""
    limit = wish.arena or bottleneck(apart(_shortest(cuts, wish, extra), cuts.graph), extra)
    return _below(cuts, wish.pieces, limit, extra)


def _shortest(cuts: Cuts, wish: _Wish, extra: int) -> Edges:
    """Stages in the shortest pieces, those of the best path with output and input apart among them.

    As larger stages take longer to find, it is looked for below few bytes first, and then below more.
    """
    limit: float = max(_FEW, cuts.floor)
    while True:
        found = _below(cuts, wish.pieces[:1], limit, extra)
        most = bottleneck(apart(found, cuts.graph), extra)
        if most <= limit or limit > 2 * sum(cuts.graph[name].nbytes for name in cuts.lives):
            return found
        limit *= 1.5


def _below(cuts: Cuts, pieces: Sequence[int], limit: float, extra: int) -> Edges:
    edges = all_stages(cuts, pieces, limit)
    return joined(edges, all_stages(cuts, pieces, limit, extra)) if extra else edges


SCHEDULES.add(
    NAME,
    Scheduling(
        NAME, "rolling[:input=streamed|reread,pixels=M,arena=BYTES,mac=R]: rings instead of maps", _check, _propose,
        _budget, _macs, _prepare,
    ),
)  # fmt: skip
