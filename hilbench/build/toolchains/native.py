"""The machine's own C compiler, with sanitizers: for correctness, never for figures."""

from __future__ import annotations

from hilbench.boards.board import Core
from hilbench.build.toolchain import TOOLCHAINS, Toolchain

_SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fsanitize-sections=.arena")


def machine(core: Core) -> tuple[str, ...]:
    """Nothing: the host is what it is. Contraction is off, as on the targets."""
    del core
    return ("-ffp-contract=off",)


TOOLCHAINS.add(
    "native",
    Toolchain(
        name="gcc",
        program=("gcc",),
        version_argument="-dumpfullversion",
        repair="sudo apt-get install gcc libc6-dev",
        machine=machine,
        compile=_SANITIZE,
        link=_SANITIZE,
        libraries=("-lm",),
    ),
)
