"""Clang and its linker as the package `ziglang` brings them: a cross compiler for every core that pip can install.

Kernels in assembly that take every register (ISA features "dsp" and "thumb") are for gcc; plain C takes their place.
It has no C library: firmware/libc declares what models ask of one, and the compiler's own runtime has the bodies.
"""

from __future__ import annotations

import sys

from hilbench.boards.board import Core
from hilbench.build.toolchain import TOOLCHAINS, Toolchain

_FPU = {
    "cortex-m4": "vfp4d16sp",
    "cortex-m7": "fp_armv8d16",
    "cortex-m33": "fp_armv8d16sp",
    "cortex-m55": "fp_armv8d16",
}
"""Features that turn the unit on: a core alone leaves it off. Single precision ends in sp."""


def machine(core: Core) -> tuple[str, ...]:
    """-target and -mcpu in Zig's spelling: underscores, features after a plus."""
    cpu = core.name.replace("-", "_")
    if core.fpu == "none":
        return ("-target", "thumb-freestanding-eabi", f"-mcpu={cpu}")
    unit = _FPU[core.name] + ("sp" if core.fpu == "sp" and not _FPU[core.name].endswith("sp") else "")
    return (
        "-target",
        "thumb-freestanding-eabihf",
        f"-mcpu={cpu}+{unit}" + ("+mve" if core.name == "cortex-m55" else ""),
    )


TOOLCHAINS.add(
    "zig",
    Toolchain(
        name="zig",
        program=(sys.executable, "-m", "ziglang", "cc"),
        version_argument="--version",
        repair="pip install 'hilbench[clang]'",
        machine=machine,
        compile=("-fomit-frame-pointer", "-fno-sanitize=undefined", "-ffp-contract=off", "-Ilibc"),
        harness=("-ffreestanding", "-fno-builtin"),
        link=("-Wl,--gc-sections", "-Wl,-e,hb_reset"),
        headers=("libc/math.h", "libc/string.h"),
        lacks=frozenset({"dsp", "thumb"}),
    ),
)
