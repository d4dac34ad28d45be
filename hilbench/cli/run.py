"""`hilbench run`: measure a suite, or one model, and compare its variants."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from hilbench.boards import clocked, find, wired
from hilbench.cli.progress import Live
from hilbench.cli.table import print_table
from hilbench.errors import UsageError
from hilbench.report.table import comparison
from hilbench.results.frame import tidy, write
from hilbench.results.schema import RunRecord, Status
from hilbench.runner.run import choose_folder, exit_code, run
from hilbench.suite import Optimize, Suite, changed, find_suite, of_model, replace_given, suites
from hilbench.variants.schedules.rolling import with_input
from hilbench.variants.variant import Variant

RUNS = Path("runs")
_PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def command(
    what: Annotated[str, typer.Argument(metavar="SUITE.toml|MODEL.tflite", help="A suite or model: file, or name.")],
    *,
    board: Annotated[list[str] | None, typer.Option(help="Board: name, or a .toml file. May be given again.")] = None,
    variant: Annotated[
        list[str] | None, typer.Option(help="As in int8+sparse:0.8+patch (hilbench variants). May be given again.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="auto, qemu, board or host. [default: auto]")] = None,
    probe: Annotated[str, typer.Option(metavar="ID", help="Debug probe of the board, where several are there.")] = "",
    serial: Annotated[str, typer.Option(metavar="PORT", help="Its serial port, a URL of pySerial, or rtt.")] = "",
    clock: Annotated[str, typer.Option(help="Clock profile of the boards: full, or reset (no flash waits).")] = "",
    input: Annotated[
        str, typer.Option(help="Of rolling variants: resident, streamed or reread. [default: resident]")
    ] = "",
    no_eliminate: Annotated[bool, typer.Option("--no-eliminate", help="Add +keep to every variant.")] = False,
    kernel: Annotated[
        list[str] | None, typer.Option(metavar="[STEP=]NAME", help="Take this kernel: adds +kernel:NAME.")
    ] = None,
    repeats: Annotated[int | None, typer.Option(min=1, max=1000, help="Runs of the first input. [default: 3]")] = None,
    dataset: Annotated[str, typer.Option(metavar="FILE.npz", help="Samples x, and labels y for accuracy.")] = "",
    calibration: Annotated[str, typer.Option(metavar="FILE.npz", help="Samples x to quantize a float model.")] = "",
    toolchain: Annotated[list[str] | None, typer.Option(help="gcc or zig. May be given again. [default: gcc]")] = None,
    optimize: Annotated[list[Optimize] | None, typer.Option(help="May be given again. [default: -O2]")] = None,
    baseline: Annotated[str, typer.Option(help="The variant to compare with. [default: the first]")] = "",
    out: Annotated[Path | None, typer.Option(help="Run folder. [default: runs/NAME-N]")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Cells to build and run at once.")] = _PROCESSORS,
) -> None:
    """Measure every variant on every board, and compare them.

    A folder given with --out is resumed: rows that the same hilbench, compiler, model and board made are kept, failures
    of tools and targets are tried again, everything else is measured. Without --out the newest unfinished run of that
    name is resumed, and a new folder is begun where there is none. Builds are cached in every case.

    The exit code is 0 also where variants do not fit or are not supported, as long as one was measured; a wrong output
    gives 7, before anything else.
    """

    def change(one: Variant) -> Variant:
        return (one.keeping() if no_eliminate else one).forcing(kernel or ())

    suite = replace_given(
        changed(_suite(what, dataset, calibration), change),
        boards=tuple(find(name) for name in board or ()),
        variants=tuple(with_input(change(Variant.parse(text)), input) for text in variant or ()),
        target=target,
        repeats=repeats,
        toolchain=tuple(toolchain or ()),
        optimize=tuple(optimize or ()),
        baseline=baseline and str(change(Variant.parse(baseline))),
    )
    suite = _on_this_desk(suite, clock, probe, serial)
    folder = out or choose_folder(suite.name, RUNS)
    with Live() as live:
        records = run(suite, folder, jobs, live)
    _report(suite, folder, records)
    raise typer.Exit(int(exit_code(records)))


def _suite(what: str, dataset: str, calibration: str) -> Suite:
    """The suite at a path or of a name; a model becomes a suite of its own."""
    known = suites()
    if not what.endswith(".toml") and what not in known:
        return of_model(what, dataset, calibration)
    if dataset or calibration:
        raise UsageError("--dataset and --calibration belong to a model; a suite names them in its [[model]]")
    return find_suite(what)


def _on_this_desk(suite: Suite, clock: str, probe: str, serial: str) -> Suite:
    """The suite with its boards clocked and wired as the command line says."""
    if clock:
        suite = replace(suite, boards=tuple(clocked(board, clock) for board in suite.boards))
    if probe or serial:
        if len(suite.boards) != 1:
            raise UsageError("--probe and --serial are those of one board: name it with --board")
        suite = replace(suite, boards=(wired(suite.boards[0], probe, serial),))
    return suite


def _report(suite: Suite, folder: Path, records: list[RunRecord]) -> None:
    frame = tidy(records)
    write(frame, folder)
    print_table(comparison(frame, suite.baseline_row))
    for record in records:
        if record.status is not Status.OK:
            print(f"{record.model} {record.variant} on {record.board}: {record.status}: {record.detail}")
    for why in dict.fromkeys(r.provenance.get("unprofiled", "") for r in records if r.target == "qemu"):
        if why:
            print(f"no modelled cycles, instructions from the emulator's counter alone: {why}")
    print(f"rows: {folder}/results.csv   device outputs: {folder}/outputs   report: hilbench report {folder}")
