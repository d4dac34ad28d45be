"""Generation: a plan becomes the text of model.c and weights.c. Pure: the same plan gives the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from hilbench.codegen.rolling import rolling_stages
from hilbench.codegen.steps import Known, StepText, patch_tensors, printable, short, step_text
from hilbench.plan.plan import Plan
from hilbench.variants.schedule import Patches, Rolling

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class StageText:
    """Consecutive steps, run once, or once per patch of a grid.

    Then `tensors` are those that the stage writes, and `rows` and `cols` the ranges of each that a row and a column of
    the grid holds. Whether it `rolls`: then there is a `RollingText` of it.
    """

    index: int
    steps: tuple[StepText, ...]
    tensors: tuple[str, ...] = ()
    rows: tuple[Ranges, ...] = ()
    cols: tuple[Ranges, ...] = ()
    rolls: bool = False


@dataclass(frozen=True)
class Port:
    """A graph input or output: its place in the arena, as C says it, and its bytes."""

    name: str
    offset: str
    size: int


def generate(plan: Plan, name: str) -> dict[str, str]:
    """The C sources of a plan by file name; `name` is what the comments call the model.

    model.c includes the kernels' headers and hb_model.h; weights.c needs nothing but the C library's <stdint.h>.
    """
    known: Known = {}
    steps = [step_text(step, plan, known) for step in plan.steps]
    facts = {
        "name": printable(name),
        "plan": plan,
        "stages": _stages(plan, steps),
        "steps": steps,
        "rolling": rolling_stages(plan, steps),
        "kernels": sorted({step.kernel for step in steps if step.kernel}),
        "arrays": [array for step in steps for array in step.arrays],
        "inputs": [_port(plan, tensor) for tensor in plan.graph.inputs],
        "outputs": [_port(plan, tensor) for tensor in plan.graph.outputs],
    }
    return {file: _templates().get_template(f"{file}.j2").render(facts) for file in ("model.c", "weights.c")}


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("hilbench.codegen"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _stages(plan: Plan, texts: list[StepText]) -> list[StageText]:
    return [_stage(plan, index, texts) for index in range(len(plan.schedule.stages))]


def _stage(plan: Plan, index: int, texts: list[StepText]) -> StageText:
    members = tuple(text for text, step in zip(texts, plan.steps, strict=True) if step.stage == index)
    stage = plan.schedule.stages[index]
    if isinstance(stage, Rolling):
        return StageText(index, members, rolls=True)
    if not isinstance(stage, Patches):
        return StageText(index, members)
    tensors = patch_tensors(stage, plan.graph)
    rows, cols = (
        tuple(tuple(spans[tensor] for tensor in tensors) for spans in axis) for axis in (stage.rows, stage.cols)
    )
    return StageText(index, members, tuple(printable(short(tensor)) for tensor in tensors), rows, cols)


def _port(plan: Plan, tensor: str) -> Port:
    buffer = plan.buffer_of(tensor)
    again = any(isinstance(stage, Rolling) and stage.reread for stage in plan.schedule.stages)
    streamed = "HB_REREAD" if again else "HB_STREAMED"
    offset = streamed if buffer.kind == "ring" else str(buffer.offset)
    return Port(printable(short(tensor)), offset, plan.graph[tensor].nbytes)
