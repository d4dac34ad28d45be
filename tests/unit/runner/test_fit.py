"""Fitting: which variants are measured, which budgets they miss, which one is chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hilbench.results.schema import Provenance, RunRecord, Status, Value
from hilbench.runner.fit import Budget, Point, Prospect, binding, choose, measured, promising
from hilbench.variants.variant import Part, Variant


def prospect(arena: int, instructions: float, number: int = 0) -> Prospect:
    return Prospect(Variant(Part("int8"), None, Part("rolling", f"arena={number or arena}")), arena, instructions)


def record(each: Prospect, status: Status = Status.OK, **figures: float) -> RunRecord:
    values = tuple(Value(name, value, "", Provenance.STATIC) for name, value in figures.items())
    return RunRecord("r", "s", "m", "b", "qemu", str(each.variant), status, "why", "", "", "", values)


def point(sram: float, latency: float | None, instructions: float = 1.0, why: tuple[str, ...] = ()) -> Point:
    return Point(prospect(int(sram), 1), sram, 100.0, latency, instructions, None, why)


def test_only_the_front_is_measured() -> None:
    found = [prospect(100, 50), prospect(200, 60), prospect(300, 20), prospect(400, 10)]
    assert [each.arena for each in promising(found, Budget(), 9)] == [100, 300, 400]


def test_arenas_that_cannot_fit_are_not_measured_but_the_least_always_is() -> None:
    found = [prospect(100, 50), prospect(300, 20), prospect(400, 10)]
    assert [each.arena for each in promising(found, Budget(sram=300), 9)] == [100, 300]
    assert [each.arena for each in promising(found, Budget(sram=1), 9)] == [100]


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
    assert (found.sram, found.latency, found.accuracy) == (1000, 2.5, 0.9)


def test_a_figure_that_is_not_known_does_not_meet_its_budget() -> None:
    each = prospect(500, 1)
    (found,) = measured([each], [record(each, sram_model_bytes=1000)], Budget(latency=5))
    assert found.why_not == ("latency: not known",)


def test_a_variant_that_failed_says_why() -> None:
    each = prospect(500, 1)
    (found,) = measured([each], [replace(record(each), status=Status.FAILED)], Budget())
    assert found.why_not == ("why",)


def test_the_least_objective_within_the_budgets_is_chosen() -> None:
    points = [point(100, 9.0), point(200, 3.0), point(300, 1.0, why=("sram 50 B over",))]
    assert choose(points, "latency") is points[1]
    assert choose(points, "sram") is points[0]
    assert choose(points[2:], "sram") is None


def test_without_latency_instructions_decide() -> None:
    points = [point(100, None, 9.0), point(200, None, 3.0)]
    assert choose(points, "latency") is points[1]


def test_the_binding_budget_is_the_one_that_alone_keeps_most_out() -> None:
    points = [
        point(1, 1, why=("sram 5 B over",)),
        point(1, 1, why=("sram 1 B over",)),
        point(1, 1, why=("latency: not known",)),
    ]
    assert binding(points) == "sram"
