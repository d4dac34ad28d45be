"""GNU compiler for bare-metal Arm, with newlib: what Debian calls gcc-arm-none-eabi."""

from __future__ import annotations

from hilbench.boards.board import Core
from hilbench.build.toolchain import TOOLCHAINS, Toolchain

_FPU = {
    ("cortex-m4", "sp"): "fpv4-sp-d16",
    ("cortex-m7", "sp"): "fpv5-sp-d16",
    ("cortex-m7", "dp"): "fpv5-d16",
    ("cortex-m33", "sp"): "fpv5-sp-d16",
}


def machine(core: Core) -> tuple[str, ...]:
    """-mcpu, instruction set and floating-point convention (GCC manual, "ARM Options")."""
    base = ("-mthumb", f"-mcpu={core.name}", "-masm-syntax-unified")
    if core.name == "cortex-m55":
        return (*base, "-mfloat-abi=hard", "-mfpu=auto")
    if core.fpu == "none":
        return (*base, "-mfloat-abi=soft")
    return (*base, "-mfloat-abi=hard", f"-mfpu={_FPU[core.name, core.fpu]}")


_BARE_METAL = ("-fno-delete-null-pointer-checks",)
"""Address 0 is memory like any other here. Without this, gcc 12 drops calls of functions whose stores its loop
optimiser has rewritten relative to address 0 (seen on Cortex-M0: a whole step of a model was left out)."""

TOOLCHAINS.add(
    "gcc",
    Toolchain(
        name="arm-none-eabi-gcc",
        program=("arm-none-eabi-gcc",),
        version_argument="-dumpfullversion",
        repair="sudo apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi",
        machine=machine,
        compile=_BARE_METAL,
        harness=("-ffreestanding", "-fno-tree-loop-distribute-patterns"),
        link=("-nostartfiles", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments", "-Wl,--build-id=none"),
        libraries=("-lm",),
    ),
)
