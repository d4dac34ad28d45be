"""A variant: a point on three axes, written `format[+sparsity][+schedule]`, each part `name[:argument]`.

`+keep` and `+kernel` are no axes: they take something back that is done for every variant, for comparison.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from hilbench.errors import UsageError, one_of
from hilbench.ir.graph import Array, Graph
from hilbench.registry import Registry

if TYPE_CHECKING:
    from hilbench.variants.schedule import Schedule

Calibration = Mapping[str, Array]
"""Float32 samples for each graph input by name, first axis the sample."""


@dataclass(frozen=True)
class Transformed:
    """A graph in a format, and what the row of the result has to say about how it came to be."""

    graph: Graph
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """How numbers are stored. `apply(graph, argument, calibration)` gives the graph in this format.

    `calibration` is None when the user gave none; a format that needs some then makes seeded synthetic samples.
    `check(argument)` raises UsageError for an argument that is not legal.
    """

    name: str
    summary: str
    check: Callable[[str], None]
    apply: Callable[[Graph, str, Calibration | None], Transformed]


@dataclass(frozen=True)
class Sparsity:
    """Which weights are there. `apply(graph, argument)` gives the graph with weights removed."""

    name: str
    summary: str
    check: Callable[[str], None]
    apply: Callable[[Graph, str], Transformed]


class Way(NamedTuple):
    """A kernel that serves an operator: cycles of one call, 0 where nobody knows, and working space in bytes.

    Both with what is gathered for it first. `in_place`: its output may lie in an input of the same shape.
    """

    cycles: float
    scratch: int
    in_place: bool = False


Ways = Callable[[int, int, int], Sequence[Way]]
"""The kernels that serve an operator, by its position, its piece, and the bytes that are gathered for those that need
that (`Scheduling`): each is cheaper than the next, and needs more working space."""


@dataclass(frozen=True)
class Scheduling:
    """In what order work is done. `propose(graph, argument, ways)` yields schedules; the planner prices and picks.

    `ways(p, piece, gathered)` are the kernels for the operator at position p, run whole (piece 0) or so many pixels at
    a time over windows of so many bytes in rings, for techniques that weigh them themselves. A scheduling
    that proposes nothing for a graph raises UnsupportedModel and says why.

    `budget(argument)` is None where kernels are to be as fast as they come, whatever scratch they need; otherwise
    the cheapest are taken with which the arena has so many bytes at most (0: the least that is possible).

    `macs(argument)` is the budget of MACs, as a multiple of those that have to be executed.

    `prepare(graph, argument, ways)` is the graph as it is to be scheduled: operators may be put together that are to
    run as one; `ways(graph)` are the kernels for another graph.
    """

    name: str
    summary: str
    check: Callable[[str], None]
    propose: Callable[[Graph, str, Ways], Iterable[Schedule]]
    budget: Callable[[str], int | None] = lambda argument: None
    macs: Callable[[str], Fraction] = lambda argument: Fraction(1)
    prepare: Callable[[Graph, str, Callable[[Graph], Ways]], Graph] = lambda graph, argument, ways: graph


FORMATS: Registry[Format] = Registry("format", "hilbench.variants.formats")
SPARSITIES: Registry[Sparsity] = Registry("sparsity", "hilbench.variants.sparsity")
SCHEDULES: Registry[Scheduling] = Registry("schedule", "hilbench.variants.schedules")

LAYERS = "layers"
"""The schedule of a variant that names none."""

KEEP = "keep"
"""The part that says that nothing is eliminated."""

KERNEL = "kernel"
"""The part that names kernels for an experiment: `kernel:NAME,STEP=NAME`."""

SHAPE = f"format[+sparsity][+{KEEP}][+{KERNEL}][+schedule]"

_SHAPE = f"{SHAPE}, each part name[:argument], as in int8+sparse:0.8+patch:2x2"


@dataclass(frozen=True)
class Part:
    """A technique by name, with its argument; "" where there is none."""

    name: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.argument}" if self.argument else self.name


@dataclass(frozen=True)
class Variant:
    """One technique of each axis; `sparsity` None leaves every weight in place.

    `eliminate` removes int8 channels that are proven constant or unused, which changes no output. `kernels` are those
    that have to be taken, each "NAME" (for every operator that it serves) or "STEP=NAME"; empty leaves all to the
    planner.
    """

    format: Part
    sparsity: Part | None = None
    schedule: Part = Part(LAYERS)
    eliminate: bool = True
    kernels: tuple[str, ...] = ()

    def __str__(self) -> str:
        keep = None if self.eliminate else Part(KEEP)
        forced = Part(KERNEL, ",".join(self.kernels)) if self.kernels else None
        schedule = None if self.schedule == Part(LAYERS) else self.schedule
        return "+".join(str(part) for part in (self.format, self.sparsity, keep, forced, schedule) if part)

    def keeping(self) -> Variant:
        """The same variant with nothing eliminated."""
        return replace(self, eliminate=False)

    def forcing(self, kernels: Iterable[str]) -> Variant:
        """The same variant with more kernels that have to be taken, each "NAME" or "STEP=NAME".

        Raises:
            UsageError: one is not written like that.
        """
        added = {*self.kernels, *kernels}
        if added:
            _check_kernels(",".join(added))
        return replace(self, kernels=tuple(sorted(added)))

    @staticmethod
    def parse(text: str, *, keep: bool = False) -> Variant:
        """The variant that `text` names; with `keep` as if it had that part.

        Raises:
            UsageError: a part is unknown, misplaced, given twice, or has an illegal argument.
        """
        first, *rest = (_part(piece, text) for piece in text.strip().split("+"))
        if first.name not in FORMATS:
            raise UsageError(f"variant '{text}': {one_of('format', first.name, FORMATS)}; right: {_SHAPE}")
        FORMATS[first.name].check(first.argument)
        axes: dict[str, Part] = {}
        for part in rest:
            axis = _axis(part, text)
            if axis in axes:
                raise UsageError(
                    f"variant '{text}': two parts for {axis}, '{axes[axis]}' and '{part}'; right: {_SHAPE}"
                )
            axes[axis] = part
        eliminate = "elimination" not in axes and not keep
        forced = axes["kernels"].argument.split(",") if "kernels" in axes else ()
        return Variant(first, axes.get("sparsity"), axes.get("schedule", Part(LAYERS)), eliminate).forcing(forced)


def _part(piece: str, text: str) -> Part:
    name, colon, argument = piece.partition(":")
    if not name or (colon and not argument):
        raise UsageError(f"variant '{text}': '{piece}' is not a part; right: {_SHAPE}")
    return Part(name, argument)


def _axis(part: Part, text: str) -> str:
    """Which axis a part after the format is on; its argument is checked on the way."""
    if part.name in SPARSITIES:
        SPARSITIES[part.name].check(part.argument)
        return "sparsity"
    if part.name in SCHEDULES:
        SCHEDULES[part.name].check(part.argument)
        return "schedule"
    if part.name == KEEP:
        no_argument(KEEP)(part.argument)
        return "elimination"
    if part.name == KERNEL:
        _check_kernels(part.argument)
        return "kernels"
    if part.name in FORMATS:
        raise UsageError(f"variant '{text}': format '{part.name}' comes first; right: {_SHAPE}")
    known = [*SPARSITIES, KEEP, KERNEL, *SCHEDULES]
    raise UsageError(f"variant '{text}': {one_of('part', part.name, known)}; right: {_SHAPE}")


def _check_kernels(argument: str) -> None:
    """Kernels are NAME or STEP=NAME; whether there are such is known to the planner, with the graph and the core."""
    for item in argument.split(","):
        if not re.fullmatch(r"(\d+=)?[a-z]\w*", item):
            right = f"right: {KERNEL}:conv_2d_int8, {KERNEL}:0=conv_2d_int8,3=add_int8"
            raise UsageError(f"'{KERNEL}' takes NAME or STEP=NAME, got '{item}'; {right}")


def no_argument(name: str) -> Callable[[str], None]:
    """A check for a technique that takes no argument."""

    def check(argument: str) -> None:
        if argument:
            raise UsageError(f"'{name}' takes no argument, got '{argument}'; right: {name}")

    return check
