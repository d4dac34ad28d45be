"""`hilbench doctor`: what hilbench may need, whether it is there, and the command that repairs it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

from hilbench.build.toolchain import TOOLCHAINS, Toolchain
from hilbench.cli.table import plain_grid
from hilbench.errors import ExitCode, HilbenchError, ToolError
from hilbench.profile import plugin
from hilbench.resources import cache_dir

_QEMU = "qemu-system-arm"
_QEMU_REPAIR = "sudo apt-get install qemu-system-arm (macOS: brew install qemu)"
_BOARD_REPAIR = "pip install 'hilbench[board]'"


@dataclass(frozen=True)
class Finding:
    """What was found of one thing; `repair` is empty where nothing is to be done."""

    found: str
    repair: str = ""


@dataclass(frozen=True)
class Check:
    """One thing that hilbench may need. `needed` things make the exit code 3 when they are missing."""

    what: str
    why: str
    look: Callable[[], Finding]
    needed: bool = False


def command() -> None:
    """Check compiler, emulator, profiler, probes and serial ports; say how to repair what is missing.

    The exit code is 3 where a thing is missing without which nothing runs.
    """
    findings = [(check, _look(check)) for check in CHECKS]
    plain_grid(("", "what", "found", "needed for"), (_row(check, found) for check, found in findings))
    for check, found in findings:
        if found.repair:
            print(f"to repair {check.what}: {found.repair}")
    if any(check.needed and found.repair for check, found in findings):
        raise typer.Exit(int(ExitCode.TOOL))


def _row(check: Check, found: Finding) -> tuple[str, ...]:
    mark = "ok" if not found.repair else "MISSING" if check.needed else "absent"
    return mark, check.what, found.found, check.why


def _look(check: Check) -> Finding:
    try:
        return check.look()
    except ToolError as error:
        return Finding(error.what, error.repair or f"see what {error.tool} says")
    except HilbenchError as error:
        return Finding("does not work", str(error))


def _compiler() -> Finding:
    """The cross compiler and its C library, which Debian packages apart."""
    tools = TOOLCHAINS["gcc"]
    name = tools.identity()
    library = _output([*tools.program, "-mcpu=cortex-m4", "-mthumb", "-print-file-name=libm.a"])
    if not Path(library).is_absolute():
        return Finding(f"{name}, but no C library for it", tools.repair)
    return Finding(name)


def _identity(tools: Toolchain) -> Finding:
    return Finding(tools.identity())


def _qemu() -> Finding:
    if shutil.which(_QEMU) is None:
        return Finding("not found on the PATH", _QEMU_REPAIR)
    return Finding(_output([_QEMU, "--version"]).splitlines()[0])


def _plugin() -> Finding:
    return Finding(f"built for this QEMU: {plugin.build().name}")


def _pyocd() -> Finding:
    try:
        return Finding(f"pyOCD {version('pyocd')}")
    except PackageNotFoundError:
        return Finding("not installed", _BOARD_REPAIR)


def _probes() -> Finding:
    """Debug probes that pyOCD sees; none attached is nothing to repair."""
    try:
        from pyocd.core.helpers import ConnectHelper  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        return Finding("pyOCD is not installed", _BOARD_REPAIR)
    probes = ConnectHelper.get_all_connected_probes(blocking=False, print_wait_message=False)
    return Finding(", ".join(f"{probe.description} ({probe.unique_id})" for probe in probes) or "none attached")


def _serial_ports() -> Finding:
    from serial.tools.list_ports import comports  # noqa: PLC0415 - only here

    return Finding(", ".join(f"{port.device} ({port.description})" for port in comports()) or "none")


def _renode() -> Finding:
    path = shutil.which("renode")
    return Finding(path or "not installed", "" if path else "https://renode.io, if boards beyond QEMU's are wanted")


def _cache() -> Finding:
    """A build needs some megabytes there."""
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(f"{folder}: {error.strerror}", "set HILBENCH_CACHE to a folder that can be written")
    return Finding(f"{folder}, {free / 2**30:.1f} GiB free", "" if free > 2**26 else "make room, or set HILBENCH_CACHE")


def _output(argv: list[str]) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError(argv[0], f"does not run: {error}") from error


CHECKS = (
    Check("cross compiler", "every build", _compiler, needed=True),
    Check("QEMU", "boards that are not attached", _qemu, needed=True),
    Check("cache", "builds", _cache, needed=True),
    Check("profiler plugin", "cycles and profiles in QEMU", _plugin),
    Check("host compiler", "the profiler plugin, --target host", lambda: _identity(TOOLCHAINS["native"])),
    Check("pyOCD", "attached boards", _pyocd),
    Check("debug probes", "attached boards", _probes),
    Check("serial ports", "attached boards", _serial_ports),
    Check("Renode", "--target renode", _renode),
)
