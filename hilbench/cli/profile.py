"""`hilbench profile`: where the time of a model, or of one function of anybody's firmware, goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hilbench.boards import Board, boards, find
from hilbench.cli.profiletable import show
from hilbench.errors import ConfigError, ToolError, UsageError, one_of
from hilbench.profile import Profile, harness, jsonform
from hilbench.profile.export import weigh
from hilbench.profile.exports import EXPORTS
from hilbench.profile.firmware import profile_function
from hilbench.profile.lines import read_source
from hilbench.profile.summary import Subject, Summary, as_json, summarize
from hilbench.runner.firmware import compile_model
from hilbench.runner.inputs import make_inputs
from hilbench.runner.session import observe
from hilbench.suite import of_model
from hilbench.variants.variant import Variant

FORMATS = ("table", "json")


@dataclass(frozen=True)
class Taken:
    """A profile that was taken, with what it is of and the image that ran."""

    subject: Subject
    profile: Profile
    elf: Path
    hz: int


def command(
    what: Annotated[str, typer.Argument(metavar="MODEL.tflite|FILE.elf", help="A model, or a firmware image.")],
    *,
    board: Annotated[str, typer.Option(help="The board whose timing prices the profile.")] = "",
    variant: Annotated[str, typer.Option(help="Of a model: as in int8+patch. [default: as it is stored]")] = "",
    optimize: Annotated[str, typer.Option(help="Of a model: -Os, -O1, -O2 or -O3.")] = "-O2",
    cold: Annotated[bool, typer.Option("--cold", help="The first call after boot, not the second.")] = False,
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
    call = 0 if cold else 1
    taken = (
        _of_image(Path(what), function, machine, board, call)
        if _is_elf(Path(what))
        else _of_model(what, variant, board, optimize, call)
    )
    summary = summarize(taken.subject, taken.profile, read_source(taken.elf), blocks)
    if form == "json":
        typer.echo(json.dumps(as_json(summary), indent=2))
    else:
        show(summary, top)
    for kind, path in wanted:
        _export(kind, path, summary, taken)


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def _of_image(elf: Path, function: str, machine: str, board: str, call: int) -> Taken:
    """One call of a function of somebody's firmware."""
    if not function or not machine:
        raise UsageError("an image needs --function NAME and --machine MACHINE (of QEMU, as mps2-an386)")
    chosen = find(board) if board else None
    cache = harness.cache_of(chosen) if chosen else None
    profile = profile_function(elf, function, machine, calls=call + 1, cache=cache)[call]
    subject = Subject(f"{function} of {elf.name} on {machine}", chosen.timing if chosen else None, {})
    return Taken(subject, profile, elf, _hz(chosen))


def _of_model(model: str, variant: str, board: str, optimize: str, call: int) -> Taken:
    """One run of a model, in hilbench's own firmware."""
    if not board:
        raise UsageError(f"a model needs --board; known: {', '.join(boards())}")
    chosen, (entry,) = find(board), of_model(model).models
    if chosen.emulator is None:
        raise ConfigError("no emulator", where=f"board {board}", right="the profiler runs in QEMU: add [emulator]")
    asked = Variant.parse(variant) if variant else entry.variants[0]
    firmware = compile_model(entry, asked, chosen, chosen.emulator.kind, optimize)
    observed = observe(chosen.emulator.kind, chosen, firmware, make_inputs(firmware.graph, None), call + 1)
    if not observed.profiles:
        raise ToolError("block profiler", observed.unprofiled, "hilbench doctor")
    macs = {step.index: step.macs for step in firmware.plan.steps}
    subject = Subject(f"{entry.name} {asked} on {board}", chosen.timing, macs)
    return Taken(subject, observed.profiles[call], firmware.image.elf, _hz(chosen))


def _hz(board: Board | None) -> int:
    return board.clock.hz[board.timing.clock] if board and board.timing else 0


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
