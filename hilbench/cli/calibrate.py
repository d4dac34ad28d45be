"""`hilbench calibrate`: fit a board's timing coefficients to measured cycles."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hilbench.boards import Board, find, load
from hilbench.boards.board import Fit
from hilbench.boards.edit import write_timing
from hilbench.cli.price import timing_of
from hilbench.cli.table import plain_grid
from hilbench.errors import UsageError, one_of
from hilbench.profile.calibrate import Calibration, Errors, as_fit, calibrate
from hilbench.profile.points import Table
from hilbench.profile.runpoints import read_run_points

FORMATS = ("table", "json")


def command(
    points: Annotated[
        Path, typer.Argument(metavar="POINTS.csv|RUN", help="Measured cycles: a table, or a run on the board.")
    ],
    *,
    board: Annotated[str, typer.Option(help="The board that was measured; its [timing] names the core model.")],
    profiles: Annotated[
        Path | None, typer.Option(metavar="RUN", help="For a run on the board: one of the same models in the emulator.")
    ] = None,
    fit: Annotated[
        list[str] | None, typer.Option(metavar="EVENT", help="Event to fit. [default: the board's coefficients]")
    ] = None,
    fixed: Annotated[
        list[str] | None, typer.Option(metavar="EVENT=CYCLES", help="Not fitted, and not within core_cycles.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option(metavar="NAME=COLUMN", help="A column that is called otherwise in the table.")
    ] = None,
    where: Annotated[list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="Only rows with this value.")] = None,
    group: Annotated[str, typer.Option(help="Column whose values are left out of the fit one at a time.")] = "",
    source: Annotated[str, typer.Option(help="What was measured. [default: the table's name]")] = "",
    write: Annotated[Path | None, typer.Option(metavar="BOARD.toml", help="Board file to write the fit to.")] = None,
    form: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """Fit cycles per event by least squares, and show the errors of points that were left out of the fit.

    A table has a column cycles (measured), and either a column profile (block profiles as JSON, of the code that was
    measured) or core_cycles (what the core model gives) and one column per event.

    Of two runs (--profiles) each model and each step of some length is a point; both runs are of the same models.

    Example: hilbench calibrate loops.csv --board nucleo_l4r5zi --fit flash_line8_changes --write boards/mine.toml
    """
    if form not in FORMATS:
        raise UsageError(one_of("format", form, FORMATS))
    chosen = find(board)
    timing = timing_of(chosen)
    events = tuple(fit or timing.coefficients)
    if profiles is not None:
        found = read_run_points(points, profiles, events, timing)
    else:
        named, only = _pairs(column, "--column"), _pairs(where, "--where")
        found = Table(points, events, timing, named, only, _constants(fixed), group).points()
    done = calibrate(found, events)
    described = as_fit(done, source or points.name)
    _report(done, described, chosen, form)
    if write is not None:
        write_timing(write, {**timing.coefficients, **done.coefficients}, described)
        load(write)
        typer.echo(f"written: {write}", err=True)


def _report(done: Calibration, fit: Fit, board: Board, form: str) -> None:
    if form == "json":
        typer.echo(json.dumps({**asdict(done), "fit": fit.model_dump()}, indent=2))
    else:
        _show(done, fit, board)


def _constants(fixed: list[str] | None) -> dict[str, float]:
    return {event: _number(event, cycles) for event, cycles in _pairs(fixed, "--fixed").items()}


def _pairs(texts: list[str] | None, option: str) -> dict[str, str]:
    found = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"{option} {text}: not of the form NAME=VALUE")
        found[name] = value
    return found


def _number(event: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--fixed {event}={text}: {text} is not a number of cycles") from None


def _show(done: Calibration, fit: Fit, board: Board) -> None:
    now = timing_of(board).coefficients
    rows = (
        (name, f"{cycles:.3f}", f"{now[name]:g}" if name in now else "") for name, cycles in done.coefficients.items()
    )
    plain_grid(("event", "cycles each", f"{board.name} has"), rows)
    print()
    errors = [("in sample", done.in_sample), ("one point left out", done.one_left_out)]
    errors += [(f"{name or 'no name'} left out", found) for name, found in done.group_left_out.items()]
    plain_grid(("error %", "points", "mean", "worst", "worst point"), (_error(*row) for row in errors if row[1]))
    print(f"\n{fit.points} points, {fit.on}: mean {fit.mean_error_pct} %, worst {fit.worst_error_pct} %")


def _error(name: str, errors: Errors | None) -> tuple[str, ...]:
    assert errors is not None
    worst = max(errors.by_point, key=lambda point: abs(errors.by_point[point]))
    return name, str(len(errors.by_point)), f"{errors.mean:.1f}", f"{errors.worst:.1f}", worst
