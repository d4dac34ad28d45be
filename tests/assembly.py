"""Assembling snippets: what the tests of the timing models are written in."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

from hilbench.profile.decode import Instruction, decode

BASE = 0x0800_0000


@cache
def assemble(text: str, cpu: str = "cortex-m7", fpu: str = "fpv5-d16") -> bytes:
    """Machine code of Thumb assembly (instructions separated by newlines or semicolons)."""
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder) / "a.s", Path(folder) / "a.o"
        head = f".syntax unified\n.cpu {cpu}\n" + (f".fpu {fpu}\n" if fpu else "") + ".thumb\n"
        source.write_text(head + text + "\n")
        subprocess.run(("arm-none-eabi-as", str(source), "-o", str(binary)), check=True)
        subprocess.run(
            ("arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", str(binary), f"{binary}.bin"), check=True
        )
        return Path(f"{binary}.bin").read_bytes()


def instructions(text: str, cpu: str = "cortex-m7", address: int = BASE) -> tuple[Instruction, ...]:
    """Decoded instructions of `text` at `address`."""
    return decode(address, assemble(text, cpu, "" if cpu in ("cortex-m0plus", "cortex-m3") else "fpv5-d16"))


_BOOT = """
    .syntax unified
    .cpu {cpu}
    {fpu}
    .thumb
    .section .vectors, "a"
    .word 0x20010000, reset + 1, hang + 1, hang + 1
    .text
    .type hang, %function
hang:
    b hang
    .type reset, %function
reset:
{setup}
    bl snippet
    bl snippet
    b hang
    .align 2
    .global snippet
    .type snippet, %function
snippet:
{body}
    .size snippet, . - snippet
"""
_SCRIPT = """
SECTIONS {{
    .vectors {flash} : {{ *(.vectors) }}
    .text : {{ *(.text*) *(.rodata*) }}
    .bss {ram} (NOLOAD) : {{ *(.bss*) }}
}}
"""


def firmware(
    folder: Path,
    body: str,
    *,
    setup: str = "",
    cpu: str = "cortex-m4",
    fpu: str = "",
    flash: str = "0",
    ram: str = "0x20000000",
) -> Path:
    """An image whose reset handler runs `setup` and then calls `snippet` (the assembly `body`) twice."""
    source, script, elf = folder / "image.s", folder / "image.ld", folder / "image.elf"
    source.write_text(_BOOT.format(cpu=cpu, fpu=f".fpu {fpu}" if fpu else "", setup=setup, body=body))
    script.write_text(_SCRIPT.format(flash=flash, ram=ram))
    subprocess.run(("arm-none-eabi-as", "-g", str(source), "-o", str(folder / "image.o")), check=True)
    subprocess.run(("arm-none-eabi-ld", "-T", str(script), str(folder / "image.o"), "-o", str(elf)), check=True)
    return elf
