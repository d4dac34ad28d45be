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


TOOLCHAINS.add(
    "gcc",
    Toolchain(
        name="arm-none-eabi-gcc",
        program=("arm-none-eabi-gcc",),
        version_argument="-dumpfullversion",
        repair="sudo apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi (macOS: brew install --cask gcc-arm-embedded)",
        machine=machine,
        link=("-nostartfiles", "-Wl,--gc-sections", "-Wl,--no-warn-rwx-segments", "-Wl,--build-id=none"),
        libraries=("-lm",),
    ),
)
