"""A toolchain: the program that compiles and links, what it calls itself, and how it is told about a core."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from hilbench.boards.board import Core
from hilbench.errors import ToolError, UsageError, one_of
from hilbench.registry import Registry

CROSS, NATIVE = "gcc", "native"
"""The toolchains that build where none is named: for boards, and for the host, which has no other."""


@dataclass(frozen=True)
class Toolchain:
    """One module of `hilbench.build.toolchains` registers one.

    `program` is the compiler driver and its leading arguments; `version_argument` makes it print its version.
    `machine(core)` gives the arguments that name the core, for compiling and linking alike. `compile` are further
    arguments for every C file, `harness` for those of the harness: no library may come along with it, so that its
    loops must not become calls of memcpy and memset. `link` are for linking, `libraries` come after the objects.
    `headers` are files of firmware/ that stand in for those of a C library. `lacks` are instruction-set features whose
    kernels it cannot compile, on whatever core.
    """

    name: str
    program: tuple[str, ...]
    version_argument: str
    repair: str
    machine: Callable[[Core], tuple[str, ...]]
    compile: tuple[str, ...] = ()
    harness: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    lacks: frozenset[str] = frozenset()

    def identity(self) -> str:
        """Name and version, as rows carry them.

        Raises:
            ToolError: the program is not there or does not run.
        """
        return f"{self.name} {_version((*self.program, self.version_argument), self.repair)}"


@cache
def _version(command: tuple[str, ...], repair: str) -> str:
    if shutil.which(command[0]) is None:
        raise ToolError(command[0], "not found on the PATH", repair)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError(command[0], f"does not run: {error}", repair) from error
    return done.stdout.splitlines()[0].strip()


TOOLCHAINS: Registry[Toolchain] = Registry("toolchain", "hilbench.build.toolchains")


def toolchain_of(target: str, name: str = CROSS) -> Toolchain:
    """The toolchain that builds for a target.

    Raises:
        UsageError: there is none of that name, or it is not one for this target.
    """
    if target == "host":
        if name not in (CROSS, NATIVE):
            raise UsageError(f"'{name}' does not build for the host, which takes the machine's own compiler")
        return TOOLCHAINS[NATIVE]
    cross = [each for each in TOOLCHAINS if each != NATIVE]
    if name not in cross:
        raise UsageError(one_of("toolchain for boards", name, cross))
    return TOOLCHAINS[name]
