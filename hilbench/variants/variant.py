"""A variant: a point on three axes, written `format[+sparsity][+schedule]`, each part `name[:argument]`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hilbench.ir.graph import Array, Graph
from hilbench.registry import Registry

if TYPE_CHECKING:
    from hilbench.variants.schedule import Schedule

Calibration = Mapping[str, Array]
"""Float32 samples for each graph input by name, first axis the sample."""


@dataclass(frozen=True)
class Format:
    """How numbers are stored. `apply(graph, argument, calibration)` gives the graph in this format.

    `calibration` is None when the user gave none; a format that needs some then makes seeded synthetic samples.
    `check(argument)` raises UsageError for an argument that is not legal.
    """

    name: str
    summary: str
    check: Callable[[str], None]
    apply: Callable[[Graph, str, Calibration | None], Graph]


@dataclass(frozen=True)
class Sparsity:
    """Which weights are there. `apply(graph, argument)` gives the graph with weights removed."""

    name: str
    summary: str
    check: Callable[[str], None]
    apply: Callable[[Graph, str], Graph]


@dataclass(frozen=True)
class Scheduling:
    """In what order work is done. `propose(graph, argument)` yields schedules; the planner prices them and picks."""

    name: str
    summary: str
    check: Callable[[str], None]
    propose: Callable[[Graph, str], Iterable[Schedule]]


FORMATS: Registry[Format] = Registry("format", "hilbench.variants.formats")
SPARSITIES: Registry[Sparsity] = Registry("sparsity", "hilbench.variants.sparsity")
SCHEDULES: Registry[Scheduling] = Registry("schedule", "hilbench.variants.schedules")
