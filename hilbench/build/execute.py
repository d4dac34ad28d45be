"""Executing a build plan: once per digest, whoever asks, and never half."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock

from hilbench.build.elf import read_elf
from hilbench.build.image import FirmwareImage, Ledger, Symbol
from hilbench.build.ledger import make_ledger
from hilbench.build.plan import ELF, BuildPlan, Command
from hilbench.build.stack import NoBound
from hilbench.codegen.linker import LinkRegion
from hilbench.errors import BuildError, DoesNotFit, ToolError
from hilbench.resources import cache_dir

_IMAGE = "image.json"
_OVERFLOW = re.compile(r"region [`'](\w+)':? overflowed by (\d+) bytes")
"""As GNU ld says it, once per region, and lld, once per section: the last and largest of them counts."""
_SECONDS = 600
"""A compiler that takes longer than this hangs."""


def execute(plan: BuildPlan) -> FirmwareImage:
    """Build, or take what was built before from the same plan.

    Raises:
        BuildError: the compiler or the linker refused.
        DoesNotFit: flash or RAM of the board is too small.
        ToolError: the compiler cannot be run, or the cache cannot be written.
    """
    folder = cache_dir() / "builds" / plan.digest()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not (folder / _IMAGE).is_file():
                _build(plan, folder)
    except OSError as error:
        raise ToolError("cache", f"{error}", f"make room in {cache_dir()}, or set HILBENCH_CACHE") from error
    return _load(folder, plan)


def _build(plan: BuildPlan, folder: Path) -> None:
    """Build beside `folder` and move it there when it is complete."""
    work = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    try:
        write_files(plan, work)
        for command in plan.final_commands():
            _run(command, work, plan.regions)
        (work / _IMAGE).write_text(json.dumps(_describe(plan, work / ELF)))
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def write_files(plan: BuildPlan, folder: Path) -> None:
    """Write the files of a plan, and the folders that its objects go to."""
    for path, text in plan.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    for kind in ("harness", "library", "model"):
        (folder / "obj" / kind).mkdir(parents=True, exist_ok=True)


def _run(command: Command, folder: Path, regions: Iterable[LinkRegion]) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, check=False, capture_output=True, text=True, errors="replace", timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(command[0], f"does not run: {error}") from error
    if done.returncode != 0:
        _check_fits(done.stderr, regions)
        raise BuildError(command, done.stderr)


def _check_fits(output: str, regions: Iterable[LinkRegion]) -> None:
    """Turn the linker's "region overflowed" into the error that says how much is needed."""
    over: dict[str, int] = {}
    for name, size in _OVERFLOW.findall(output):
        over[name] = max(int(size), over.get(name, 0))
    for region in regions:
        if region.name in over:
            raise DoesNotFit(region.name, region.size + over[region.name], region.size)


def _describe(plan: BuildPlan, path: Path) -> dict[str, object]:
    """What is read out of the ELF, to be kept beside it."""
    elf = read_elf(path)
    try:
        ledger = make_ledger(elf, plan.regions, plan.flags) if plan.regions else None
    except NoBound as error:
        raise BuildError(plan.final_commands()[-1], f"the model's stack has no bound: {error}") from error
    symbols = {name: asdict(symbol) for name, symbol in elf.symbols.items()} if plan.regions else {}
    return {"entry": elf.entry, "symbols": symbols, "ledger": asdict(ledger) if ledger else None}


def _load(folder: Path, plan: BuildPlan) -> FirmwareImage:
    kept = json.loads((folder / _IMAGE).read_text())
    return FirmwareImage(
        elf=folder / ELF,
        build_id=plan.build_id,
        toolchain=plan.toolchain,
        flags=plan.flags,
        entry=kept["entry"],
        symbols={name: Symbol(**symbol) for name, symbol in kept["symbols"].items()},
        ledger=Ledger(**kept["ledger"]) if kept["ledger"] else None,
    )
