"""`hilbench plan`: what a variant of a model needs of a board's memory, step by step, without building it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
import vl_convert

from hilbench.boards import Board, find
from hilbench.cli.table import plain_grid
from hilbench.codegen.steps import short
from hilbench.errors import DoesNotFit, UsageError
from hilbench.plan.describe import describe_schedule
from hilbench.plan.plan import Plan
from hilbench.report.plots.arena import arena_maps
from hilbench.report.plots.plot import spec
from hilbench.results.run import KEY
from hilbench.results.store import write_atomic
from hilbench.runner.firmware import plan_model
from hilbench.suite import Model, find_data, find_model
from hilbench.variants.schedules.rolling import with_input
from hilbench.variants.variant import Variant


def command(
    model: Annotated[str, typer.Argument(metavar="MODEL.tflite", help="A model: file, or name of a shipped one.")],
    *,
    board: Annotated[str, typer.Option(help="Board: name, or a .toml file.")],
    variant: Annotated[str, typer.Option(help="As in int8+sparse:0.8+patch (hilbench variants).")] = "int8",
    no_eliminate: Annotated[bool, typer.Option("--no-eliminate", help="Add +keep to the variant.")] = False,
    kernel: Annotated[
        list[str] | None, typer.Option(metavar="[STEP=]NAME", help="Take this kernel: adds +kernel:NAME.")
    ] = None,
    calibration: Annotated[str, typer.Option(metavar="FILE.npz", help="Samples x to quantize a float model.")] = "",
    input: Annotated[
        str, typer.Option(help="Of a rolling variant: resident, streamed or reread. [default: resident]")
    ] = "",
    plot: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the arena over time.")] = None,
) -> None:
    """Show the arena map and the memory of every step; nothing is built."""
    if plot is not None and plot.suffix != ".svg":
        raise UsageError(f"--plot writes SVG, got '{plot}'; right: --plot arena.svg")
    path = find_model(model)
    chosen, where = with_input(Variant.parse(variant, keep=no_eliminate).forcing(kernel or ()), input), find(board)
    done, plan = plan_model(Model(path.stem, path, calibration=find_data(calibration)), chosen, where)
    print(f"{path.stem} {chosen} on {where.name}: {describe_schedule(plan)}")
    for note in done.notes:
        print(f"note: {note}")
    _steps(plan)
    _arena(plan)
    if plot is not None:
        _plot(plan, (path.stem, where.name, "plan", str(chosen)), plot)
    _summary(plan, where)


def _plot(plan: Plan, key: tuple[str, str, str, str], file: Path) -> None:
    """The arena over time as the report draws it."""
    cell = dict(zip(KEY, key, strict=True))
    buffers = pd.DataFrame([cell | asdict(buffer) for buffer in plan.buffers])
    chart = arena_maps(buffers)
    assert chart is not None, "a plan has buffers"
    write_atomic(file, vl_convert.vegalite_to_svg(spec(chart)).encode())
    print(f"drawn: {file}")


def _steps(plan: Plan) -> None:
    rows = [
        (
            step.name,
            short(plan.graph.ops[step.op].outputs[0]),
            "x".join(str(n) for n in plan.graph[plan.graph.ops[step.op].outputs[0]].shape),
            step.kernel or "-",
            f"{step.macs:,}",
            f"{step.live_bytes:,}" + (" ◀ peak" if step.live_bytes == plan.lower_bound_bytes else ""),
        )
        for step in plan.steps
    ]
    plain_grid(("step", "writes", "shape", "kernel", "MACs", "live bytes"), rows)


def _arena(plan: Plan) -> None:
    rows = [
        (str(b.offset), str(b.size), b.kind, f"{b.first}-{b.last}", ", ".join(map(short, b.holds)) or short(b.name))
        for b in sorted(plan.buffers, key=lambda b: (b.offset, b.first))
    ]
    plain_grid(("offset", "bytes", "kind", "steps", "holds"), rows)


def _summary(plan: Plan, board: Board) -> None:
    """The arena against its lower bound and the board's RAM, which the stack and static data share with it."""
    gap = plan.arena_bytes - plan.lower_bound_bytes
    ram = board.memory.ram.size
    extra = f"{plan.extra_macs:,} ({plan.extra_macs / plan.macs:.1%})" if plan.macs else "0"
    print(f"arena {plan.arena_bytes:,} bytes, lower bound {plan.lower_bound_bytes:,}, gap {gap:,}")
    print(f"MACs {plan.macs:,}, extra MACs {extra}")
    if plan.arena_bytes > ram:
        raise DoesNotFit("ram", plan.arena_bytes, ram, "the arena alone")
    print(f"RAM of {board.name}: {ram:,} bytes, {ram - plan.arena_bytes:,} left for stack and static data")
