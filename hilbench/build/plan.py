"""The build plan: every file and every command of a build, known before anything is run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from hilbench.boards import Board
from hilbench.build.toolchain import CROSS, Toolchain, toolchain_of
from hilbench.codegen.linker import LinkRegion, link_regions, linker_script
from hilbench.errors import ConfigError
from hilbench.resources import shipped

Place = Literal["emulated", "modelled", "chip", "host"]
"""What the firmware is built for: the board's emulator; a machine modelled on the board, with the emulator's UART but
the board's own addresses; the real chip (in silicon or simulated); or the host."""

_PLACES: dict[str, Place] = {"qemu": "emulated", "renode": "modelled", "host": "host"}
"""Targets that do not run the image of the real chip."""

BUILD_ID = "@BUILD_ID@"
"""Stands for the build id in the commands, which the digest of the commands decides."""
ELF = "firmware.elf"

MODELLED_PORT = "mps2"
"""The port for a modelled machine: its UART is the simplest that Renode has."""
ICOUNT_NS = 1024
"""What each instruction takes of the emulator's time: the coarsest that QEMU has, some 20 ticks of its SysTick."""

_WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-g")
_INCLUDES = ("-Imodel", "-Iruntime", "-Ikernels")
_SECTIONS = ("-ffunction-sections", "-fdata-sections")
_SHARED = ("hb_link.c", "hb_serve.c", "hb_steps.c", "hb_watermark.c")
_CORTEX = ("hb_cortex_start.c", "hb_cortex_counter.c", "hb_cortex_guard.c", "hb_cortex_fault.c")
_LIBRARY = ("hb_libc.c",)
_WRAPPED = ("-Wl,--wrap=hb_port_get", "-Wl,--wrap=hb_port_put")
"""Puts hb_rtt.c in the place of the port's UART."""

Command = tuple[str, ...]


@dataclass(frozen=True)
class BuildPlan:
    """Files (path in the build folder → text), the commands to run there in order, and who runs them.

    `toolchain` is name and version; `flags` are those that matter to a result. `regions` are empty for the host.
    """

    title: str
    files: Mapping[str, str]
    commands: tuple[Command, ...]
    toolchain: str
    flags: tuple[str, ...]
    regions: tuple[LinkRegion, ...]

    def digest(self) -> str:
        """SHA-256 over files, commands and toolchain, as hex."""
        text = json.dumps([dict(self.files), self.commands, self.toolchain], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def build_id(self) -> str:
        """What the firmware says in its HELLO: the first 16 digits of the digest."""
        return self.digest()[:16]

    def final_commands(self) -> tuple[Command, ...]:
        """The commands with the build id in place."""
        return tuple(tuple(word.replace(BUILD_ID, self.build_id) for word in command) for command in self.commands)


def prepare(
    sources: Mapping[str, str],
    board: Board,
    *,
    target: str,
    optimize: str = "-O2",
    toolchain: str = CROSS,
    clock: str = "",
) -> BuildPlan:
    """Plan the build of generated `sources` (file name → C text) for a board; nothing is written or compiled.

    Args:
        sources: what code generation made; every `.c` file is compiled as part of the model.
        board: gives core, memory, port and clock.
        target: name of the target that is to run it.
        optimize: the model's optimisation level; the harness always has -O2.
        toolchain: name in `TOOLCHAINS`; the host always has its own.
        clock: a clock profile of the board; its default when empty.

    Raises:
        ToolError: the compiler is missing.
        ConfigError: the board has no port, no such clock, or no emulator.
    """
    place = _PLACES.get(target, "chip")
    tools = toolchain_of(target, toolchain)
    port, defines = _port(board, place, clock)
    own = ("hb_rtt",) if place == "chip" and board.serial.link == "rtt" else ()
    files = _files(sources, (port, *own), place) | {path: _shipped(path, "a header") for path in tools.headers}
    regions = () if place == "host" else link_regions(board, emulated=place == "emulated")
    if regions:
        files["link.ld"] = linker_script(f"{board.name} ({place})", regions)
    machine = tools.machine(board.core)
    core = () if place == "host" else (f"-DHB_CORE_{_macro(board.core.name)}=1",)
    commands = tuple(_commands(files, tools, machine, (optimize, *core), defines))
    return BuildPlan(f"{board.name} ({place})", files, commands, tools.identity(), (*machine, optimize), regions)


def _port(board: Board, place: Place, clock: str) -> tuple[str, tuple[str, ...]]:
    """Name of the port's C file, and the definitions that ports may ask for (hb_port.h)."""
    if place == "host":
        return "host", ()
    name = clock or board.clock.default
    if name not in board.clock.hz:
        raise ConfigError(f"no clock profile '{name}'", where=board.name, right=f"one of {', '.join(board.clock.hz)}")
    hz, port = board.clock.hz[name], board.port
    extra: tuple[str, ...] = ()
    if place == "emulated":
        if board.emulator is None:
            raise ConfigError("names no emulator", where=board.name, right="a section [emulator], or an attached board")
        hz, port = board.emulator.clock_hz, board.emulator.port
        extra = (f"-DHB_MACHINE_{_macro(board.emulator.machine)}=1", f"-DHB_ICOUNT_NS={ICOUNT_NS}u")
    if place == "modelled":
        port = MODELLED_PORT
    if not port:
        raise ConfigError("names no port for the real chip", where=board.name, right='port = "stm32l4", say')
    names = (f"-DHB_BOARD_{_macro(board.name)}=1", f"-DHB_CLOCK_{_macro(name)}=1")
    return port, (f"-DHB_CLOCK_HZ={hz}u", f"-DHB_BAUD={board.serial.baud}u", *names, *extra)


def _macro(name: str) -> str:
    return re.sub(r"\W", "_", name).upper()


def _files(sources: Mapping[str, str], ports: tuple[str, ...], place: Place) -> dict[str, str]:
    """Every file of the build: the model's, the runtime's, the port, and the kernels that are included."""
    runtime = _SHARED if place == "host" else (*_SHARED, *_CORTEX, *_LIBRARY)
    files = {f"model/{name}": text for name, text in sources.items()}
    files |= {f"runtime/{name}": _shipped(f"runtime/{name}", "the runtime") for name in runtime}
    files |= {f"ports/{port}.c": _shipped(f"ports/{port}.c", f"port '{port}'") for port in ports}
    waiting = list(files)
    while waiting:
        for path in _included(files[waiting.pop()]):
            if path not in files:
                files[path] = shipped("firmware", path).read_text()
                waiting.append(path)
    return dict(sorted(files.items()))


def _shipped(path: str, what: str) -> str:
    place = shipped("firmware", path)
    if not place.is_file():
        raise ConfigError(f"{what} does not exist", where=str(place), right="a C file in firmware/ports")
    return place.read_text()


def _included(text: str) -> Iterator[str]:
    """Headers of firmware/ that a C text includes; those of the model and the C library are found elsewhere."""
    for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.MULTILINE):
        for folder in ("runtime", "kernels", "ports"):
            if shipped("firmware", folder, name).is_file():
                yield f"{folder}/{name}"


def _commands(
    files: Mapping[str, str],
    tools: Toolchain,
    machine: tuple[str, ...],
    model: tuple[str, ...],
    defines: tuple[str, ...],
) -> Iterator[Command]:
    """One command per C file, and one that links; objects lie in folders that the linker script knows.

    `model` are the flags of what is no harness, `defines` those of ports. A core's name, for kernels that suit it:
    compilers define the same macros for a Cortex-M4 and a Cortex-M7.
    """
    objects = []
    for path in (path for path in files if path.endswith(".c")):
        source = PurePosixPath(path)
        is_harness = source.parent.name != "model" and source.name not in _LIBRARY
        folder = "harness" if is_harness else "library" if source.name in _LIBRARY else "model"
        objects.append(f"obj/{folder}/{source.stem}.o")
        harness = ("-O2", *tools.harness, *defines, f'-DHB_BUILD_ID="{BUILD_ID}"')
        own = harness if is_harness else model
        flags = (*machine, *_WARNINGS, *_SECTIONS, *tools.compile, *own, *_INCLUDES)
        yield (*tools.program, *flags, "-c", path, "-o", objects[-1])
    script = ("-T", "link.ld") if "link.ld" in files else ()
    wrapped = _WRAPPED if "ports/hb_rtt.c" in files else ()
    yield (*tools.program, *machine, *tools.link, *wrapped, *script, *objects, *tools.libraries, "-o", ELF)
