"""Fitting a model to a board: variants are predicted from their plans, the promising ones measured, one is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product
from math import inf

from hilbench.boards import Board
from hilbench.errors import UnsupportedModel
from hilbench.importers import load_model
from hilbench.plan.plan import Plan
from hilbench.results.schema import RunRecord, Status
from hilbench.runner.firmware import plan_model
from hilbench.suite import Model, own_format
from hilbench.variants.schedules.rolling import INPUTS
from hilbench.variants.variant import Part, Variant

BUDGETS = ("", ",mac=1.05", ",mac=1.25")
"""Budgets of MACs, as in the variant's name, for which the least memory is looked for."""

ROLLING_POINTS = 4
"""Arena sizes between the least and layer by layer at which rolling is tried."""

BESIDE = 1536
"""Bytes of a model's stack and own data beside its arena, about; 450 to 1,460 were seen, the compiler decides."""

SPARSE = ("0.5", "0.8")
"""Ratios at which weights are pruned, where accuracy is watched."""

PER_MAC = 8.0
"""Cycles of a multiply-accumulate in kernels whose contract says nothing of cycles: roughly those in floating point."""


@dataclass(frozen=True)
class Budget:
    """What a variant may need at most (SRAM and flash in bytes, latency in ms) and must reach (accuracy); None: any."""

    sram: int | None = None
    flash: int | None = None
    latency: float | None = None
    accuracy: float | None = None


@dataclass(frozen=True)
class Prospect:
    """A variant before it is built: its arena in bytes, exact, and its cycles on a Cortex-M4, as the plan has them."""

    variant: Variant
    arena: int
    cycles: float

    @property
    def kind(self) -> tuple[Part, Part | None]:
        """What decides its accuracy: format and sparsity."""
        return self.variant.format, self.variant.sparsity


@dataclass(frozen=True)
class Miss:
    """A budget that a variant misses by `by`, in `unit`; None where the figure is not known. It would need `needed`."""

    budget: str
    by: float | None
    unit: str
    needed: float | None

    def __str__(self) -> str:
        return f"{self.budget}: not known" if self.by is None else f"{self.budget} {self.by:,.4g} {self.unit}"


@dataclass(frozen=True)
class Point:
    """A variant that was measured: `figures` by the names in FIGURES, None where unknown; or why it `failed`."""

    prospect: Prospect
    figures: Mapping[str, float | None]
    misses: tuple[Miss, ...] = ()
    failed: str = ""

    @property
    def why_not(self) -> tuple[str, ...]:
        """Why it cannot be chosen; nothing where it can."""
        return (self.failed,) if self.failed else tuple(map(str, self.misses))


def prospects(model: Model, board: Board, given: str, pruned: bool, sram: int) -> list[Prospect]:
    """Every variant worth a thought, with what its plan says; formats and schedules that do not apply are left out.

    `given` says how inputs come, as in `INPUTS`; weights are `pruned` too where somebody looks at the accuracy. One
    arena is aimed at the budget of `sram` bytes.
    """
    formats = dict.fromkeys((own_format(load_model(model.path)), "int8"))
    sparsities = (None, *(Part("sparse", ratio) for ratio in SPARSE if pruned))
    kinds = product(map(Part, formats), sparsities)
    found = chain.from_iterable(_of_kind(model, board, Variant(*kind), given, sram) for kind in kinds)
    unique = {(each.kind, each.arena, each.cycles): each for each in found}
    return sorted(unique.values(), key=lambda each: each.arena)


def _of_kind(model: Model, board: Board, plain: Variant, given: str, sram: int) -> Iterable[Prospect]:
    """Variants of one format and sparsity: layer by layer, patches, and rolling from the least arena on."""
    resident = given == INPUTS[0]
    whole = _prospect(model, board, plain) if resident else None
    patched = _prospect(model, board, replace(plain, schedule=Part("patch"))) if resident else None
    rolled = [_prospect(model, board, _rolling(plain, f"input={given}{more}")) for more in BUDGETS]
    found = [each for each in (whole, patched, *rolled) if each]
    yield from found
    if found:
        least = min(each.arena for each in found)
        top = whole.arena if whole else 4 * least
        for size in sizes(least, top, sram):
            wished = _rolling(plain, f"input={given},arena={size}")
            yield from filter(None, [_prospect(model, board, wished)])


def sizes(least: int, top: int, sram: int) -> list[int]:
    """Arenas in bytes between the least and the largest, evenly in proportion, and what a budget of SRAM leaves."""
    parts = (number / (ROLLING_POINTS + 1) for number in range(1, ROLLING_POINTS + 1))
    even = [round(least * (top / least) ** part) // 256 * 256 + 256 for part in parts]
    left = sram - BESIDE
    return sorted({*even, left}) if least < left < top else even


def _rolling(plain: Variant, argument: str) -> Variant:
    return replace(plain, schedule=Part("rolling", argument))


def _prospect(model: Model, board: Board, variant: Variant) -> Prospect | None:
    try:
        _, plan = plan_model(model, variant, board)
    except UnsupportedModel:
        return None
    return Prospect(variant, plan.arena_bytes, estimate(plan))


def estimate(plan: Plan) -> float:
    """Cycles of an inference on a Cortex-M4: what kernels' contracts say, and a guess for those that say nothing."""
    return sum(step.cycles or step.macs * PER_MAC for step in plan.steps)


def promising(found: Sequence[Prospect], budget: Budget, count: int) -> list[Prospect]:
    """At most `count` prospects whose arenas fit; none is both larger and slower than another as accurate.

    Each format and sparsity has its part of the count, those first that come first.
    """
    kinds = list(dict.fromkeys(each.kind for each in sorted(found, key=lambda each: each.variant.sparsity is not None)))
    fronts = [
        _spread(_front([e for e in found if e.kind == kind]), budget, max(count // len(kinds), 1)) for kind in kinds
    ]
    return sorted(chain.from_iterable(fronts[:count]), key=lambda each: each.arena)


def _front(found: Sequence[Prospect]) -> list[Prospect]:
    """Those that nobody beats in arena and in cycles."""
    front: list[Prospect] = []
    for each in sorted(found, key=lambda each: (each.arena, each.cycles)):
        if not front or each.cycles < front[-1].cycles:
            front.append(each)
    return front


def _spread(front: Sequence[Prospect], budget: Budget, count: int) -> list[Prospect]:
    """At most `count` of them, the fastest that fits among them; the smallest where none fits."""
    fitting = [each for each in front if budget.sram is None or each.arena + BESIDE <= budget.sram] or front[:1]
    if len(fitting) <= count or count == 1:
        return list(fitting[-count:])
    return [fitting[round(i * (len(fitting) - 1) / (count - 1))] for i in range(count)]


def measured(found: Sequence[Prospect], records: Sequence[RunRecord], budget: Budget) -> list[Point]:
    """What the records say of each prospect."""
    by_variant = {record.variant: record for record in records}
    return [_point(each, by_variant[str(each.variant)], budget) for each in found]


def _point(prospect: Prospect, record: RunRecord, budget: Budget) -> Point:
    values = {value.metric: value.value for value in reversed(record.values) if value.step == ""}
    figures = {name: values.get(metric) for name, metric in FIGURES.items()}
    if record.status is not Status.OK:
        return Point(prospect, figures, failed=record.detail or str(record.status))
    return Point(prospect, figures, tuple(_misses(figures, budget)))


FIGURES = {
    "sram": "sram_model_bytes",
    "flash": "flash_model_bytes",
    "latency": "latency_ms",
    "cycles": "cycles",
    "instructions": "instructions",
    "accuracy": "accuracy",
}
"""Where the figures of a point come from."""


def _misses(figures: dict[str, float | None], budget: Budget) -> Iterator[Miss]:
    """The budgets that a variant misses, and by how much."""
    limits = (
        ("sram", budget.sram, "B over"),
        ("flash", budget.flash, "B over"),
        ("latency", budget.latency, "ms over"),
    )
    for name, limit, unit in (*limits, ("accuracy", budget.accuracy, "short")):
        value = figures[name]
        if limit is None:
            continue
        by = None if value is None else (limit - value if name == "accuracy" else value - limit)
        if by is None or by > 0:
            yield Miss(name, by, unit, value)


def choose(points: Sequence[Point], objective: str) -> Point | None:
    """The best point within every budget: least `objective`, then least SRAM; None where no point is."""
    fitting = [point for point in points if not point.why_not]
    return min(fitting, key=lambda point: (_objective(point, objective), point.figures["sram"] or 0), default=None)


def _objective(point: Point, objective: str) -> float:
    value = point.figures[objective]
    if value is None and objective == "latency":
        value = point.figures["instructions"]
    return inf if value is None else value


def binding(points: Sequence[Point]) -> Miss | None:
    """The budget that alone keeps most variants out, as the closest of them misses it; None where it takes several."""
    alone = [point.misses[0] for point in points if len(point.misses) == 1 and not point.failed]
    names = [miss.budget for miss in alone]
    name = max(dict.fromkeys(names), key=names.count, default=None)
    closest = (miss for miss in alone if miss.budget == name)
    return min(closest, key=lambda miss: inf if miss.by is None else miss.by, default=None)
