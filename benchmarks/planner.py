"""How long the planner takes, and what it reaches: arena, lower bound and seconds per model and schedule.

    python benchmarks/planner.py [--goals] [--nets] [MODEL.tflite ...]      (default: the shipped models)

Seconds are those of the processor, whatever else the machine does. With --nets the large nets of `tests/nets.py` too.
Prints a Markdown table. The gap column is the arena less the lower bound, the largest live set of the schedule. With
--goals there is one row per model, of `int8:core`: the arena layer by layer, and what rolling makes of it with inputs
that are streamed (no MACs twice), asked for again (up to 5 % more MACs) and resident; gaps in brackets where there are.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
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
from tests.nets import LARGE

BOARD = "nucleo_l4r5zi"
SCHEDULES = ("", "+patch:2x2", "+patch", "+rolling", "+rolling:input=streamed", "+rolling:input=reread,mac=1.05")
GOALS = ("", "+rolling:input=streamed", "+rolling:input=reread,mac=1.05", "+rolling")


def main(graphs: Iterable[tuple[str, Graph]]) -> None:
    """One row per model and schedule."""
    print("| model | variant | arena B | lower bound B | gap B | extra MACs | Mcycles | seconds |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for name, graph in graphs:
        for schedule in SCHEDULES:
            print(row(name, graph, Variant.parse(f"int8{schedule}")), flush=True)


def row(name: str, graph: Graph, variant: Variant) -> str:
    """A line of the table."""
    start = time.process_time()
    try:
        plan = make_plan(graph, variant.schedule, find(BOARD).core.features)
    except UnsupportedModel as error:
        return f"| {name} | {variant} | {error.ops[0].why} | | | | |"
    seconds = time.process_time() - start
    arena, bound = plan.arena_bytes, plan.lower_bound_bytes
    extra = plan.extra_macs / plan.macs if plan.macs else 0
    sizes = f"{arena:,} | {bound:,} | {arena - bound:,} | {extra:.1%}"
    return f"| {name} | {variant} | {sizes} | {plan.cycles / 1e6:.2f} | {seconds:.2f} |"


def goals(graphs: Iterable[tuple[str, Graph]]) -> None:
    """One row per model."""
    print("| model | layer by layer | streamed, 0 % | asked for again, ≤ 5 % | resident | slowest, s |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, graph in graphs:
        found = [_timed(graph, Variant.parse(f"int8:core{schedule}")) for schedule in GOALS]
        arenas = " | ".join(_arena(plan) for plan, _ in found)
        print(f"| {name} | {arenas} | {max(seconds for _, seconds in found):.1f} |", flush=True)


def _timed(graph: Graph, variant: Variant) -> tuple[Plan | None, float]:
    start = time.process_time()
    try:
        plan = make_plan(graph, variant.schedule, find(BOARD).core.features)
    except UnsupportedModel:
        plan = None
    return plan, time.process_time() - start


def _arena(plan: Plan | None) -> str:
    if plan is None:
        return "-"
    gap = plan.arena_bytes - plan.lower_bound_bytes
    return f"{plan.arena_bytes:,}" + (f" ({gap:,})" if gap else "")


def graphs_of(arguments: Sequence[str], variant: Variant) -> Iterator[tuple[str, Graph]]:
    """The models named, as a variant has them, and the nets."""
    named = [Path(argument) for argument in arguments if not argument.startswith("--")]
    for path in named or shipped_models().values():
        yield path.stem, transform(load_model(path), variant).graph
    for name in LARGE if "--nets" in arguments else ():
        yield name, LARGE[name](2)


if __name__ == "__main__":
    wanted = sys.argv[1:]
    if "--goals" in wanted:
        goals(graphs_of(wanted, Variant.parse("int8:core")))
    else:
        main(graphs_of(wanted, Variant.parse("int8")))
