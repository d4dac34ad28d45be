"""Fitting: which variants are measured, which budgets they miss, which one is chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hilbench.results.schema import Provenance, RunRecord, Status, Value
from hilbench.runner.fit import (
    BESIDE,
    FIGURES,
    Budget,
    Miss,
    Point,
    Prospect,
    binding,
    choose,
    measured,
    promising,
    sizes,
)
from hilbench.variants.variant import Part, Variant


def prospect(arena: int, cycles: float, sparsity: Part | None = None) -> Prospect:
    return Prospect(Variant(Part("int8"), sparsity, Part("rolling", f"arena={arena}")), arena, cycles)


def record(each: Prospect, status: Status = Status.OK, **figures: float) -> RunRecord:
    values = tuple(Value(name, value, "", Provenance.STATIC) for name, value in figures.items())
    return RunRecord("r", "s", "m", "b", "qemu", str(each.variant), status, "why", "", "", "", values)


def miss(budget: str, by: float | None, needed: float | None = None) -> Miss:
    return Miss(budget, by, "over", needed)


def point(sram: float, latency: float | None, instructions: float = 1.0, misses: tuple[Miss, ...] = ()) -> Point:
    figures = dict.fromkeys(FIGURES) | {"sram": sram, "latency": latency, "instructions": instructions}
    return Point(prospect(int(sram), 1), figures, misses)


def test_only_the_front_is_measured() -> None:
    found = [prospect(100, 50), prospect(200, 60), prospect(300, 20), prospect(400, 10)]
    assert [each.arena for each in promising(found, Budget(), 9)] == [100, 300, 400]


def test_arenas_that_cannot_fit_are_not_measured_but_the_least_always_is() -> None:
    found = [prospect(100, 50), prospect(300, 20), prospect(400, 10)]
    assert [each.arena for each in promising(found, Budget(sram=300 + BESIDE), 9)] == [100, 300]
    assert [each.arena for each in promising(found, Budget(sram=1), 9)] == [100]


def test_one_arena_is_what_the_budget_leaves() -> None:
    assert sizes(1000, 32000, 6000 + BESIDE) == [2048, 4096, 6000, 8192, 16128]
    assert sizes(1000, 32000, 40000) == sizes(1000, 32000, 100) == [2048, 4096, 8192, 16128]


def test_fewer_points_still_span_the_front() -> None:
    found = [prospect(100 + i, 1000 - i) for i in range(9)]
    assert [each.arena for each in promising(found, Budget(), 3)] == [100, 104, 108]


@pytest.mark.parametrize(
    ("budget", "why"),
    [
        (Budget(), ()),
        (Budget(sram=1000, flash=3000, latency=2.5, accuracy=0.9), ()),
        (Budget(sram=900), ("sram 100 B over",)),
        (Budget(latency=2.0), ("latency 0.5 ms over",)),
        (Budget(accuracy=0.95, flash=2999), ("flash 1 B over", "accuracy 0.05 short")),
    ],
)
def test_what_is_missed_is_said(budget: Budget, why: tuple[str, ...]) -> None:
    each = prospect(500, 1)
    told = record(each, sram_model_bytes=1000, flash_model_bytes=3000, latency_ms=2.5, instructions=7, accuracy=0.9)
    (found,) = measured([each], [told], budget)
    assert found.why_not == why
    assert [found.figures[name] for name in ("sram", "latency", "accuracy")] == [1000, 2.5, 0.9]


def test_a_figure_that_is_not_known_does_not_meet_its_budget() -> None:
    each = prospect(500, 1)
    (found,) = measured([each], [record(each, sram_model_bytes=1000)], Budget(latency=5))
    assert found.why_not == ("latency: not known",)


def test_a_variant_that_failed_says_why() -> None:
    each = prospect(500, 1)
    (found,) = measured([each], [replace(record(each), status=Status.FAILED)], Budget())
    assert found.why_not == ("why",)


def test_the_least_objective_within_the_budgets_is_chosen() -> None:
    points = [point(100, 9.0), point(200, 3.0), point(300, 1.0, misses=(miss("sram", 50),))]
    assert choose(points, "latency") is points[1]
    assert choose(points, "sram") is points[0]
    assert choose(points[2:], "sram") is None


def test_without_latency_instructions_decide() -> None:
    points = [point(100, None, 9.0), point(200, None, 3.0)]
    assert choose(points, "latency") is points[1]


def test_the_binding_budget_is_the_one_that_alone_keeps_most_out_as_the_closest_misses_it() -> None:
    both = (miss("sram", 1, 9), miss("flash", 1, 9))
    points = [
        point(1, 1, misses=(miss("sram", 5, 25),)),
        point(1, 1, misses=(miss("sram", 2, 22),)),
        point(1, 1, misses=(miss("latency", None),)),
        point(1, 1, misses=both),
    ]
    assert binding(points) == miss("sram", 2, 22)
    assert binding([point(1, 1, misses=both)]) is None
    assert binding([]) is None


def test_variants_of_other_accuracy_are_measured_too_though_a_pruned_one_is_smaller_and_faster() -> None:
    dense = [prospect(100 * i, 1000 - 100 * i) for i in range(1, 6)]
    pruned = [prospect(90 * i, 500 - 50 * i, Part("sparse", "0.8")) for i in range(1, 6)]
    chosen = promising([*pruned, *dense], Budget(), 4)
    assert [each.variant.sparsity is None for each in chosen].count(True) == 2
    assert [each.variant.sparsity is None for each in promising([*pruned, *dense], Budget(), 1)] == [True]
