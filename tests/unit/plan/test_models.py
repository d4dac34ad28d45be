"""Plans of real models: no placement is larger than the largest live set, which no placement can beat."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from hilbench.boards import find
from hilbench.importers import load_model
from hilbench.plan.make import make_plan
from hilbench.plan.plan import Plan
from hilbench.suite import shipped_models
from hilbench.variants.transform import transform
from hilbench.variants.variant import Variant

FEATURES = find("nucleo_l4r5zi").core.features


@cache
def plan_of(path: Path, text: str) -> Plan:
    variant = Variant.parse(text)
    return make_plan(transform(load_model(path), variant).graph, variant.schedule, FEATURES)


def gap(plan: Plan) -> int:
    return plan.arena_bytes - plan.lower_bound_bytes


@pytest.mark.parametrize("variant", ["int8", "int8+patch:2x2", "int8+rolling"])
def test_shipped_models_are_placed_without_a_gap(variant: str) -> None:
    assert {name: gap(plan_of(path, variant)) for name, path in shipped_models().items()} == dict.fromkeys(
        shipped_models(), 0
    )


@pytest.mark.parametrize("variant", ["int8", "int8+patch", "int8+rolling", "int8+rolling:input=streamed"])
@pytest.mark.parametrize("model", ["kws_ref_model", "pretrainedResnet_quant"])
def test_other_models_are_placed_without_a_gap(model: str, variant: str, shared: Path) -> None:
    assert gap(plan_of(shared / "models" / f"{model}.tflite", variant)) == 0


def test_a_resident_frame_needs_little_besides_itself() -> None:
    plan = plan_of(shipped_models()["mobilenetv2_035_96"], "int8+rolling")
    (frame,) = plan.graph.inputs
    assert plan.arena_bytes <= plan.graph[frame].nbytes + 2048
