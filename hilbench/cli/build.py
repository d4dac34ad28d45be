"""`hilbench build`: the generated sources and the ELF of one variant, in a folder where they can be built by hand."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from hilbench.boards import find
from hilbench.build import execute, export
from hilbench.build.toolchain import CROSS
from hilbench.errors import ToolError
from hilbench.runner.cell import choose_target
from hilbench.runner.firmware import plan_model, prepare_model
from hilbench.suite import Compiler, Model, Optimize, find_data, find_model
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
    target: Annotated[str, typer.Option(help="auto, qemu, board or host: what the firmware is to run on.")] = "auto",
    calibration: Annotated[str, typer.Option(metavar="FILE.npz", help="Samples x to quantize a float model.")] = "",
    toolchain: Annotated[str, typer.Option(help="gcc, or zig (its clang).")] = CROSS,
    optimize: Annotated[Optimize, typer.Option(help="The model's optimisation level.")] = Optimize.O2,
    out: Annotated[Path, typer.Option(help="Folder for the sources, build.sh and firmware.elf.")],
) -> None:
    """Write the sources of a variant's firmware to a folder, and build it; `sh build.sh` there does the same again."""
    path, chosen, where = (
        find_model(model),
        Variant.parse(variant, keep=no_eliminate).forcing(kernel or ()),
        find(board),
    )
    _, plan = plan_model(Model(path.stem, path, calibration=find_data(calibration)), chosen, where, toolchain)
    build = prepare_model(plan, path.stem, where, choose_target(where, target), Compiler(toolchain, optimize))
    image = execute(build)
    try:
        export(build, out)
        shutil.copyfile(image.elf, out / image.elf.name)
    except OSError as error:
        raise ToolError(str(out), error.strerror or str(error), "make room, or choose another --out") from error
    print(f"{out / image.elf.name}: {path.stem} {chosen} for {build.title}, build id {image.build_id}")
