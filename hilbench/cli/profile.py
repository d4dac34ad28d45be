"""`hilbench profile`: where the time of a model, or of one function of anybody's firmware, goes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hilbench.cli.profilesource import Asked, Taken, take
from hilbench.cli.profiletable import show
from hilbench.errors import ToolError, UsageError, one_of
from hilbench.profile import jsonform
from hilbench.profile.export import weigh
from hilbench.profile.exports import EXPORTS
from hilbench.profile.summary import Summary, as_json, summarize
from hilbench.suite import Optimize

FORMATS = ("table", "json")


def command(
    what: Annotated[
        str, typer.Argument(metavar="MODEL|RUN|FILE.elf", help="A model, a run folder, or a firmware image.")
    ],
    *,
    board: Annotated[str, typer.Option(help="The board whose timing prices the profile; of a run: which one.")] = "",
    variant: Annotated[str, typer.Option(help="Of a model: as in int8+patch. [default: as it is stored]")] = "",
    no_eliminate: Annotated[bool, typer.Option("--no-eliminate", help="Add +keep to the variant.")] = False,
    kernel: Annotated[
        list[str] | None, typer.Option(metavar="[STEP=]NAME", help="Take this kernel: adds +kernel:NAME.")
    ] = None,
    optimize: Annotated[Optimize, typer.Option(help="Of a model.")] = Optimize.O2,
    call: Annotated[
        int, typer.Option(min=0, help="Which run or call since boot, from 1. [default: 2 of a model, 1 of an image]")
    ] = 0,
    function: Annotated[str, typer.Option(help="Of an image: the function (or 0xADDRESS) to profile a call of.")] = "",
    machine: Annotated[str, typer.Option(help="Of an image: QEMU's machine that boots it (mps2-an386).")] = "",
    top: Annotated[int, typer.Option(min=1, help="Rows of functions, lines and instruction classes.")] = 10,
    blocks: Annotated[int, typer.Option(min=0, help="How many of the hottest blocks are disassembled.")] = 3,
    form: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    export: Annotated[
        list[str] | None, typer.Option(metavar="FORMAT=FILE", help="speedscope, chrome, collapsed or profile (JSON).")
    ] = None,
) -> None:
    """Show where the time goes: layers, functions, source lines, instruction mix, hottest blocks.

    Instructions are counted exactly; cycles are modelled, where the board has a [timing], with their error band.

    Examples: hilbench profile digits --board nucleo_l4r5zi --export speedscope=digits.speedscope.json

    hilbench profile firmware.elf --function invoke --machine mps2-an386 --board nucleo_l4r5zi
    """
    if form not in FORMATS:
        raise UsageError(one_of("format", form, FORMATS))
    wanted = [_wanted(text) for text in export or ()]
    taken = take(what, Asked(board, variant, no_eliminate, tuple(kernel or ()), optimize, function, machine, call))
    summary = summarize(taken.subject, taken.profile, taken.source, blocks)
    if form == "json":
        typer.echo(json.dumps(as_json(summary), indent=2))
    else:
        show(summary, top)
    for kind, path in wanted:
        _export(kind, path, summary, taken)


def _wanted(text: str) -> tuple[str, Path]:
    """The parts of FORMAT=FILE."""
    kind, _, path = text.partition("=")
    if kind not in (*EXPORTS, "profile"):
        raise UsageError(one_of("export format", kind, (*EXPORTS, "profile")))
    if not path:
        raise UsageError(f"--export {text} names no file; right: --export {kind}=FILE")
    return kind, Path(path)


def _export(kind: str, path: Path, summary: Summary, taken: Taken) -> None:
    try:
        if kind == "profile":
            jsonform.write(taken.profile, path)
        else:
            path.write_text(EXPORTS[kind].write(weigh(summary.name, summary.costs, taken.hz)), encoding="utf-8")
    except OSError as error:
        raise ToolError(str(path), error.strerror or str(error), "another FILE") from error
    typer.echo(f"{kind}: {path}", err=True)
