"""Fitting a model to a board: variants are predicted from their plans, the promising ones measured, one is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from hilbench.boards import Board
from hilbench.errors import UnsupportedModel
from hilbench.importers import load_model
from hilbench.plan.plan import Plan
from hilbench.results.schema import RunRecord, Status
from hilbench.runner.firmware import plan_model
from hilbench.suite import Model, own_format
from hilbench.variants.schedule import Rolling
from hilbench.variants.schedules.rolling import INPUTS
from hilbench.variants.strips import rasters
from hilbench.variants.variant import LAYERS, Part, Variant

BUDGETS = ("", ",mac=1.05", ",mac=1.25")
"""Budgets of MACs, as in the variant's name, for which the least memory is looked for."""

ROLLING_POINTS = 4
"""Arena sizes between the least and layer by layer at which rolling is tried."""

PER_MAC = (("depthwise", True, 4.0), ("depthwise", False, 16.0), ("", True, 1.5), ("", False, 8.0))
"""Instructions per multiply-accumulate by part of the kernel's name and whether it uses DSP instructions: a first guess
from this project's own kernels on a Cortex-M4, good enough to rank variants; the measured figure stands beside it."""

PER_PIECE = 800.0
"""Instructions that a piece of a rolling stage costs besides its MACs, likewise."""


@dataclass(frozen=True)
class Budget:
    """What a variant may need at most (SRAM and flash in bytes, latency in ms) and must reach (accuracy); None: any."""

    sram: int | None = None
    flash: int | None = None
    latency: float | None = None
    accuracy: float | None = None


@dataclass(frozen=True)
class Prospect:
    """A variant before it is built: its arena in bytes, exact, and its instructions, estimated."""

    variant: Variant
    arena: int
    instructions: float


@dataclass(frozen=True)
class Point:
    """A variant that was measured; None where a figure does not exist. `why_not` says which budgets it misses."""

    prospect: Prospect
    sram: float | None
    flash: float | None
    latency: float | None
    instructions: float | None
    accuracy: float | None
    why_not: tuple[str, ...]


def prospects(model: Model, board: Board, given: str) -> list[Prospect]:
    """Every variant worth a thought, with what its plan says; formats and schedules that do not apply are left out.

    `given` says how inputs come, as in `INPUTS`.
    """
    formats = dict.fromkeys((own_format(load_model(model.path)), "int8"))
    found = (_of_format(model, board, Part(name), given) for name in formats)
    unique = {(each.arena, each.instructions): each for each in chain.from_iterable(found)}
    return sorted(unique.values(), key=lambda each: each.arena)


def _of_format(model: Model, board: Board, form: Part, given: str) -> Iterable[Prospect]:
    resident = given == INPUTS[0]
    whole = _prospect(model, board, Variant(form, None, Part(LAYERS))) if resident else None
    patched = _prospect(model, board, Variant(form, None, Part("patch"))) if resident else None
    rolled = [_prospect(model, board, Variant(form, None, Part("rolling", f"input={given}{more}"))) for more in BUDGETS]
    found = [each for each in (whole, patched, *rolled) if each]
    yield from found
    if found:
        least = min(each.arena for each in found)
        top = whole.arena if whole else 4 * least
        for number in range(1, ROLLING_POINTS + 1):
            size = round(least * (top / least) ** (number / (ROLLING_POINTS + 1)))
            wished = Part("rolling", f"input={given},arena={size // 256 * 256 + 256}")
            yield from filter(None, [_prospect(model, board, Variant(form, None, wished))])


def _prospect(model: Model, board: Board, variant: Variant) -> Prospect | None:
    try:
        _, plan = plan_model(model, variant, board)
    except UnsupportedModel:
        return None
    return Prospect(variant, plan.arena_bytes, estimate(plan))


def estimate(plan: Plan) -> float:
    """Instructions of an inference, roughly."""
    total = sum(step.macs * _per_mac(step.kernel or "") for step in plan.steps)
    for stage in plan.schedule.stages:
        if isinstance(stage, Rolling):
            maps = (rasters(plan.graph, stage.pieces, strip).values() for strip in stage.strips)
            total += PER_PIECE * sum(each.pieces for strip in maps for each in strip)
    return total


def _per_mac(kernel: str) -> float:
    return next(cost for word, fast, cost in PER_MAC if word in kernel and fast == ("_dsp_" in kernel))


def promising(found: Sequence[Prospect], budget: Budget, count: int) -> list[Prospect]:
    """At most `count` prospects: none of them is both larger and slower than another, and their arenas fit."""
    front: list[Prospect] = []
    for each in sorted(found, key=lambda each: (each.arena, each.instructions)):
        if not front or each.instructions < front[-1].instructions:
            front.append(each)
    fitting = [each for each in front if budget.sram is None or each.arena <= budget.sram] or front[:1]
    if len(fitting) <= count:
        return fitting
    return [fitting[round(i * (len(fitting) - 1) / (count - 1))] for i in range(count)]


def measured(found: Sequence[Prospect], records: Sequence[RunRecord], budget: Budget) -> list[Point]:
    """What the records say of each prospect."""
    by_variant = {record.variant: record for record in records}
    return [_point(each, by_variant[str(each.variant)], budget) for each in found]


def _point(prospect: Prospect, record: RunRecord, budget: Budget) -> Point:
    values = {value.metric: value.value for value in reversed(record.values) if value.step == ""}
    figures = {name: values.get(metric) for name, metric in FIGURES.items()}
    why = [record.detail or str(record.status)] if record.status is not Status.OK else _misses(figures, budget)
    return Point(prospect, why_not=tuple(why), **figures)


FIGURES = {
    "sram": "sram_model_bytes",
    "flash": "flash_model_bytes",
    "latency": "latency_ms",
    "instructions": "instructions",
    "accuracy": "accuracy",
}
"""Where the figures of a point come from."""


def _misses(figures: dict[str, float | None], budget: Budget) -> list[str]:
    """The budgets that a variant misses, and by how much."""
    limits = (("sram", budget.sram, "B"), ("flash", budget.flash, "B"), ("latency", budget.latency, "ms"))
    found = []
    for name, limit, unit in limits:
        value = figures[name]
        if limit is not None and (value is None or value > limit):
            found.append(f"{name}: not known" if value is None else f"{name} {value - limit:,.4g} {unit} over")
    reached = figures["accuracy"]
    if budget.accuracy is not None and (reached is None or reached < budget.accuracy):
        found.append("accuracy: not known" if reached is None else f"accuracy {budget.accuracy - reached:.4g} short")
    return found


def choose(points: Sequence[Point], objective: str) -> Point | None:
    """The best point within every budget: least `objective`, then least SRAM; None where no point is."""
    fitting = [point for point in points if not point.why_not]
    return min(fitting, key=lambda point: (_objective(point, objective), point.sram or 0), default=None)


def _objective(point: Point, objective: str) -> float:
    value = point.latency if objective == "latency" else getattr(point, objective)
    if value is None and objective == "latency":
        value = point.instructions
    return float("inf") if value is None else float(value)


def binding(points: Sequence[Point]) -> str:
    """The budget that alone keeps most variants out."""
    alone = [point.why_not[0].split()[0].rstrip(":") for point in points if len(point.why_not) == 1]
    counted = {name: alone.count(name) for name in dict.fromkeys(alone)}
    return max(counted, key=lambda name: counted[name], default="several at once")
