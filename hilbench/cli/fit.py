"""`hilbench fit`: find the variant of a model that fits a board's budgets best, and show what else there is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import TypeAdapter, ValidationError

from hilbench.boards import Board, find
from hilbench.boards.board import Bytes
from hilbench.cli.progress import Live
from hilbench.cli.run import RUNS
from hilbench.cli.table import plain_grid
from hilbench.errors import ConfigError, UsageError
from hilbench.runner.fit import Budget, Point, Prospect, binding, choose, measured, promising, prospects
from hilbench.runner.run import choose_folder, run
from hilbench.suite import Suite, of_model
from hilbench.variants.schedules.rolling import INPUTS

MILLISECONDS = {"us": 1e-3, "ms": 1.0, "": 1.0, "s": 1e3}


def command(
    model: Annotated[str, typer.Argument(metavar="MODEL.tflite", help="A model: file, or name of a shipped one.")],
    *,
    board: Annotated[str, typer.Option(help="Board: name, or a .toml file.")],
    sram: Annotated[str, typer.Option(help="Most SRAM of the model, as in '32 KiB'. [default: the board's]")] = "",
    flash: Annotated[str, typer.Option(help="Most flash of the model. [default: the board's]")] = "",
    latency: Annotated[str, typer.Option(help="Most time of an inference, as in '100ms'. [default: any]")] = "",
    accuracy: Annotated[float | None, typer.Option(help="Least accuracy; needs --dataset.", min=0, max=1)] = None,
    objective: Annotated[Literal["latency", "sram", "flash"], typer.Option(help="What is to be least.")] = "latency",
    input: Annotated[
        Literal["resident", "streamed", "reread"],
        typer.Option(
            help="Whether inputs lie in SRAM whole, arrive row by row once, or as often as they are asked for."
        ),
    ] = "resident",
    count: Annotated[int, typer.Option(help="Variants to measure.", min=2, max=50)] = 6,
    dataset: Annotated[str, typer.Option(metavar="FILE.npz", help="Samples x, and labels y for accuracy.")] = "",
    calibration: Annotated[str, typer.Option(metavar="FILE.npz", help="Samples x to quantize a float model.")] = "",
    out: Annotated[Path | None, typer.Option(help="Run folder. [default: runs/NAME-fit-N]")] = None,
) -> None:
    """Search formats and schedules by prediction, measure the most promising, and choose.

    Where --accuracy is given, pruned weights are tried as well. Exit code 6 where no variant is within all budgets; the
    table says by how much each misses.
    """
    where = find(board)
    if accuracy is not None and not dataset:
        raise UsageError("--accuracy needs labels to compare with; give --dataset FILE.npz with x and y")
    most = _size("sram", sram, where)
    budget = Budget(most, _size("flash", flash, where), _milliseconds(latency), accuracy)
    suite = replace(of_model(model, dataset, calibration), boards=(where,), repeats=1)
    found = prospects(suite.models[0], where, input, accuracy is not None, most)
    if not found:
        raise UsageError(f"no variant of '{model}' can have its input {input}; right: --input {INPUTS[0]}")
    chosen = promising(found, budget, count)
    points = _measure(suite, chosen, budget, out)
    _front(points, len(found))
    _verdict(choose(points, objective), points, objective)


def _size(name: Literal["sram", "flash"], text: str, board: Board) -> int:
    region = board.memory.ram if name == "sram" else board.memory.flash
    try:
        return TypeAdapter(Bytes).validate_python(text) if text else region.size
    except ValidationError as error:
        raise UsageError(f"--{name} is a size, got '{text}'; right: --{name} 32KiB") from error


def _milliseconds(text: str) -> float | None:
    """A time with its unit; a bare number is milliseconds."""
    if not text:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d*)?)\s*(us|ms|s|)", text.strip())
    if found is None:
        raise UsageError(f"--latency is a time, got '{text}'; right: --latency 100ms (us, ms or s)")
    return float(found[1]) * MILLISECONDS[found[2]]


def _measure(suite: Suite, chosen: list[Prospect], budget: Budget, out: Path | None) -> list[Point]:
    named = replace(suite.models[0], variants=tuple(each.variant for each in chosen))
    wanted = replace(suite, name=f"{suite.name}-fit", models=(named,))
    with Live() as live:
        records = run(wanted, out or choose_folder(wanted.name, RUNS), 1, live)
    return measured(chosen, records, budget)


def _front(points: list[Point], count: int) -> None:
    """Predicted and measured side by side; the prediction is for a Cortex-M4."""
    print(f"{count} variants predicted, {len(points)} measured; the front, from the smallest arena on:")
    headers = ("variant", "arena B", "SRAM B", "flash B", "cycles", "predicted", "error", "ms", "accuracy", "")
    plain_grid(headers, [_row(point) for point in points])


def _row(point: Point) -> tuple[str, ...]:
    guess, got = point.prospect.cycles, point.figures
    real = got["cycles"]
    error = f"{guess / real - 1:+.0%}" if real else "-"
    numbers = [f"{point.prospect.arena:,}", *(_text(v, ",.0f") for v in (got["sram"], got["flash"], real))]
    rest = (f"{guess:,.0f}", error, _text(got["latency"], ",.2f"), _text(got["accuracy"], ".4f"))
    return (str(point.prospect.variant), *numbers, *rest, "; ".join(point.why_not) or "fits")


def _text(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _verdict(best: Point | None, points: list[Point], objective: str) -> None:
    if best is not None:
        print(f"chosen for least {objective}: {best.prospect.variant}")
        return
    miss = binding(points)
    if miss is None:
        raise ConfigError("no variant is within all budgets; each that ran misses several", right="see the table")
    unit = "ms" if miss.budget == "latency" else ""
    right = f"--{miss.budget} {miss.needed:.6g}{unit} would do" if miss.needed is not None else "nothing here counts it"
    raise ConfigError(f"no variant is within all budgets; the binding one: {miss}", right=right)
