"""A toolchain: the program that compiles and links, what it calls itself, and how it is told about a core."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from hilbench.boards.board import Core
from hilbench.errors import ToolError
from hilbench.registry import Registry


@dataclass(frozen=True)
class Toolchain:
    """One module of `hilbench.build.toolchains` registers one.

    `program` is the compiler driver and its leading arguments; `version_argument` makes it print its version.
    `machine(core)` gives the arguments that name the core, for compiling and linking alike. `compile` are further
    arguments for every C file, `harness` for those of the harness: no library may come along with it, so that its
    loops must not become calls of memcpy and memset. `link` are for linking, `libraries` come after the objects.
    `headers` are files of firmware/ that stand in for those of a C library.
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
