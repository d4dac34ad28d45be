"""Profiler and counter: agreed to what marks cost, and to no more."""

from __future__ import annotations

import pytest

from hilbench.boards import find
from hilbench.errors import TargetError
from hilbench.plan.make import make_plan
from hilbench.profile.blocks import Block, Counters, Profile, Section
from hilbench.runner.session import _compare, _marks
from hilbench.targets.target import StepSample
from hilbench.variants.variant import Part
from tests.nets import NETS

FEATURES = find("nucleo_l4r5zi").core.features


def profile(*steps: tuple[int, int]) -> Profile:
    """One of so many executions of an instruction per step."""
    blocks = {step: (Block(0, b"\x00\xbf", count, 0, 0),) for step, count in steps}
    return Profile(tuple(Section(step, str(step), each, Counters()) for step, each in blocks.items()), "")


def samples(*steps: tuple[int, int]) -> list[StepSample]:
    return [StepSample(step, ticks) for step, ticks in steps]


@pytest.mark.parametrize("differ", [0, 1, 10])
def test_what_marks_explain_is_agreement(differ: int) -> None:
    _compare(profile((0, 500 + differ), (1, 50), (-1, 9)), samples((0, 500), (1, 50), (-1, 70)), 2)


@pytest.mark.parametrize("differ", [-1, 11, 500])
def test_anything_else_is_not(differ: int) -> None:
    with pytest.raises(TargetError, match="in the steps, the counter 550"):
        _compare(profile((0, 500 + differ), (1, 50)), samples((0, 500), (1, 50)), 2)


def test_marks_are_counted_by_piece_and_by_patch() -> None:
    graph = NETS["sequence"](1)
    assert _marks(make_plan(graph, Part("layers"), FEATURES)) == len(graph.ops)
    patched = make_plan(graph, Part("patch", "1x4"), FEATURES)
    (stage, *rest) = patched.schedule.stages
    assert _marks(patched) == 4 * len(stage.ops) + len(rest)  # type: ignore[union-attr]
    rolled = make_plan(graph, Part("rolling", "input=streamed,pixels=rows"), FEATURES)
    assert _marks(rolled) == len(graph.ops) + 1, "one row each, and one that is fetched"
