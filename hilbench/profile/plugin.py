"""The block profiler as a QEMU plugin: built once for the host, and the arguments that load it."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from hilbench.errors import ToolError
from hilbench.profile.blocks import Cache
from hilbench.resources import cache_dir, shipped

_REPAIR = "install a C compiler for this computer (Debian: apt-get install gcc), or name one in $CC"
_FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-fvisibility=hidden")

INTERFACES = (((6, 0), 1), ((9, 0), 2), ((9, 1), 3), ((9, 2), 4), ((10, 1), 5))
"""Version of the plugin interface by the first QEMU release that has it. Tried with 1; the later ones as documented."""
_NEXT = (10, 2)

REGIONS = (("flash", 0x00000000, 0x20000000), ("ram", 0x20000000, 0x20000000), ("ram", 0x60000000, 0x40000000))
"""Name, origin, bytes: Code, SRAM and external RAM of the architecture's memory map (Arm DDI 0403, B3.1). Reads of
the first one are reads of flash; what lies in none is a device."""


@dataclass(frozen=True)
class Watch:
    """What to look for in the firmware.

    `function` is the address of the one whose calls cut time into segments, `mark` that of the bytes in which it spells
    numbers. After `calls` returns QEMU is stopped, where that is given. Code in `ignore` (address, bytes), an interrupt
    handler that calls nothing, is left out of every count.
    """

    function: int
    mark: int | None = None
    calls: int | None = None
    ignore: tuple[int, int] | None = None


def build(qemu: str = "qemu-system-arm") -> Path:
    """The plugin for the program `qemu`, compiled unless an equal one is cached.

    Raises:
        ToolError: QEMU or a C compiler is missing, the compiler fails, or this QEMU's interface is not supported.
    """
    sources = sorted(shipped("firmware", "qemu_plugin").glob("*.[ch]"))
    command = (*_compiler(), *_FLAGS, f"-DHB_PLUGIN_VERSION={interface(qemu_version(qemu))}")
    identity = hashlib.sha256(repr((command, [source.read_bytes() for source in sources])).encode()).hexdigest()
    built = cache_dir() / "plugin" / f"block_profiler-{identity[:16]}.so"
    built.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{built}.lock"):
        if not built.exists():
            _compile(command, [source for source in sources if source.suffix == ".c"], built)
    return built


def arguments(plugin: Path, out: Path, watch: Watch, cache: Cache | None = None) -> tuple[str, ...]:
    """What to add to QEMU's command line so that it writes `out`, which `hilbench.profile.record` reads."""
    parts = [str(plugin), f"out={out}", f"function={watch.function:#x}"]
    if watch.mark is not None:
        parts.append(f"mark={watch.mark:#x}")
    if watch.calls is not None:
        parts.append(f"calls={watch.calls}")
    if watch.ignore is not None:
        parts.append(f"ignore={watch.ignore[0]:#x}:{watch.ignore[1]:#x}")
    parts += [f"region={name}:{origin:#x}:{size:#x}" for name, origin, size in REGIONS]
    if cache is not None:
        parts.append(f"cache={cache.size}:{cache.ways}:{cache.line}")
    for part in parts:
        if "," in part:
            raise ToolError("block profiler", f"a path with a comma cannot be passed to QEMU: {part}", "another folder")
    return ("-plugin", ",".join(parts))


def interface(version: tuple[int, int]) -> int:
    """Version of the plugin interface of a QEMU release.

    Raises:
        ToolError: the release has none, or one that the profiler does not know.
    """
    if not INTERFACES[0][0] <= version < _NEXT:
        first, after = (".".join(map(str, v)) for v in (INTERFACES[0][0], _NEXT))
        have = ".".join(map(str, version))
        raise ToolError(
            "qemu-system-arm",
            f"the block profiler does not know the plugin interface of release {have}",
            f"use a release from {first} to before {after}; without the profiler, instructions are still counted",
        )
    return max(number for first, number in INTERFACES if first <= version)


def qemu_version(qemu: str) -> tuple[int, int]:
    """Release of QEMU as (major, minor)."""
    if shutil.which(qemu) is None:
        raise ToolError(qemu, "not found on the PATH", "apt-get install qemu-system-arm")
    text = subprocess.run((qemu, "--version"), capture_output=True, text=True, check=False, timeout=60).stdout
    found = re.search(r"version (\d+)\.(\d+)", text)
    if found is None:
        raise ToolError(qemu, f"says no version: {text[:80]!r}", "apt-get install qemu-system-arm")
    return int(found[1]), int(found[2])


def _compiler() -> tuple[str, ...]:
    named = shlex.split(os.environ.get("CC", "")) or ["cc"]
    if shutil.which(named[0]) is None:
        raise ToolError(named[0], "not found on the PATH, and the block profiler must be compiled once", _REPAIR)
    return tuple(named)


def _compile(command: Sequence[str], sources: Sequence[Path], built: Path) -> None:
    partial = built.with_suffix(".partial")
    done = subprocess.run(
        (*command, *map(str, sources), "-o", str(partial)), capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode != 0:
        raise ToolError(command[0], f"cannot compile the block profiler:\n{done.stderr.strip()}", _REPAIR)
    partial.replace(built)
