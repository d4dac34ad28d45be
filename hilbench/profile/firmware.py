"""Profiling one function of any Cortex-M image that boots on a machine of QEMU: none of our code is in it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from elftools.common.exceptions import ELFError

from hilbench.build.elf import Elf, read_elf
from hilbench.errors import ConfigError, TargetError, TargetTimeout, UsageError, one_of
from hilbench.profile import plugin, record
from hilbench.profile.blocks import Cache, Profile
from hilbench.profile.plugin import Watch

QEMU = "qemu-system-arm"
SECONDS = 120.0


def command(machine: str, elf: Path, extra: Sequence[str]) -> tuple[str, ...]:
    """QEMU's command line: serial output is dropped, semihosting works, time is counted in instructions."""
    return (
        QEMU, "-machine", machine, "-icount", "shift=6", "-kernel", str(elf), "-display", "none", "-monitor", "none",
        "-serial", "null", "-semihosting", *extra,
    )  # fmt: skip


def function_address(elf: Elf, name: str) -> int:
    """Address of the function called `name`, or of a hexadecimal address, without the Thumb bit.

    Raises:
        UsageError: the image has no such function.
    """
    if name.startswith("0x"):
        return int(name, 16) & ~1
    symbol = elf.symbols.get(name)
    if symbol is None:
        raise UsageError(one_of("function", name, elf.functions.values()))
    return symbol.address & ~1


def profile_function(
    elf: Path, function: str, machine: str, *, calls: int = 1, cache: Cache | None = None, seconds: float = SECONDS
) -> tuple[Profile, ...]:
    """Boot `elf` and profile the first `calls` calls of `function`; QEMU is stopped when the last one returned.

    Raises:
        UsageError: the image has no such function.
        ToolError: QEMU or the profiler cannot be had.
        TargetTimeout: the calls did not return within `seconds`.
        TargetError: QEMU ended before they did.
    """
    address = function_address(read_firmware(elf), function)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "recording"
        watch = Watch(address, calls=calls)
        line = command(machine, elf, plugin.arguments(plugin.build(QEMU), out, watch, cache))
        said = _run(line, seconds, function)
        found = record.calls(record.read(out, cache), function, machine)
    if len(found) < calls:
        raise TargetError(
            f"{len(found)} of {calls} calls of {function} returned before QEMU ended\n{' '.join(line)}\n{said}"
        )
    return found


def _run(line: Sequence[str], seconds: float, function: str) -> str:
    """Run QEMU until the profiler stops it; what it said."""
    try:
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        hint = "it was called less often, or never returns (as a reset handler does)"
        detail = f"{' '.join(line)}\n{hint}"
        raise TargetTimeout(f"waiting for {function} to return", seconds, detail) from error
    said = f"{done.stdout[-2000:]}{done.stderr[-2000:]}".strip()
    if done.returncode != 0:
        raise TargetError(f"{QEMU} ended with exit code {done.returncode}\n{' '.join(line)}\n{said}")
    return said


def read_firmware(path: Path) -> Elf:
    """The ELF at `path`.

    Raises:
        ConfigError: it cannot be read or is no ELF.
    """
    try:
        return read_elf(path)
    except (OSError, ELFError) as error:
        raise ConfigError(f"not an ELF image: {error}", where=str(path), right="the linked firmware") from error
