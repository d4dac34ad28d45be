"""How long the planner takes, and what it reaches: arena, lower bound and seconds per model and schedule.

    python benchmarks/planner.py [--goals] [MODEL.tflite ...]      (default: the shipped models)

Prints a Markdown table. The gap column is the arena less the lower bound, the largest live set of the schedule. With
--goals there is one row per model, of `int8:core`: the arena layer by layer, and what rolling makes of it with inputs
that are streamed (no MACs twice), asked for again (up to 5 % more MACs) and resident; gaps in brackets where there are.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from hilbench.boards import find
from hilbench.errors import UnsupportedModel
from hilbench.importers import load_model
from hilbench.ir.graph import Graph
from hilbench.plan.make import make_plan
from hilbench.plan.plan import Plan
from hilbench.suite import shipped_models
from hilbench.variants.transform import transform
from hilbench.variants.variant import Variant

BOARD = "nucleo_l4r5zi"
SCHEDULES = ("", "+patch:2x2", "+patch", "+rolling", "+rolling:input=streamed", "+rolling:input=reread,mac=1.05")
GOALS = ("", "+rolling:input=streamed", "+rolling:input=reread,mac=1.05", "+rolling")


def main(paths: list[Path]) -> None:
    """One row per model and schedule."""
    print("| model | variant | arena B | lower bound B | gap B | extra MACs | Mcycles | seconds |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for path in paths:
        graph = transform(load_model(path), Variant.parse("int8")).graph
        for schedule in SCHEDULES:
            print(row(path.stem, graph, Variant.parse(f"int8{schedule}")), flush=True)


def row(name: str, graph: Graph, variant: Variant) -> str:
    """A line of the table."""
    start = time.perf_counter()
    try:
        plan = make_plan(graph, variant.schedule, find(BOARD).core.features)
    except UnsupportedModel as error:
        return f"| {name} | {variant} | {error.ops[0].why} | | | | |"
    seconds = time.perf_counter() - start
    arena, bound = plan.arena_bytes, plan.lower_bound_bytes
    extra = plan.extra_macs / plan.macs if plan.macs else 0
    sizes = f"{arena:,} | {bound:,} | {arena - bound:,} | {extra:.1%}"
    return f"| {name} | {variant} | {sizes} | {plan.cycles / 1e6:.2f} | {seconds:.2f} |"


def goals(paths: list[Path]) -> None:
    """One row per model."""
    print("| model | layer by layer | streamed, 0 % | asked for again, ≤ 5 % | resident | slowest, s |")
    print("|---|---:|---:|---:|---:|---:|")
    for path in paths:
        graph = transform(load_model(path), Variant.parse("int8:core")).graph
        found = [_timed(graph, Variant.parse(f"int8:core{schedule}")) for schedule in GOALS]
        arenas = " | ".join(_arena(plan) for plan, _ in found)
        print(f"| {path.stem} | {arenas} | {max(seconds for _, seconds in found):.1f} |", flush=True)


def _timed(graph: Graph, variant: Variant) -> tuple[Plan | None, float]:
    start = time.perf_counter()
    try:
        plan = make_plan(graph, variant.schedule, find(BOARD).core.features)
    except UnsupportedModel:
        plan = None
    return plan, time.perf_counter() - start


def _arena(plan: Plan | None) -> str:
    if plan is None:
        return "-"
    gap = plan.arena_bytes - plan.lower_bound_bytes
    return f"{plan.arena_bytes:,}" + (f" ({gap:,})" if gap else "")


if __name__ == "__main__":
    named = [Path(argument) for argument in sys.argv[1:] if argument != "--goals"]
    (goals if "--goals" in sys.argv else main)(named or list(shipped_models().values()))
