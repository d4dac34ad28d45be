"""The books of an image: bytes of flash and RAM by item, which add up to what the image takes."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from hilbench.build.elf import Elf
from hilbench.build.image import Ledger
from hilbench.build.stack import stack_bound
from hilbench.codegen.linker import GUARD_BYTES, LinkRegion
from hilbench.errors import DoesNotFit

_INFO = struct.Struct("<IIHHHxxIII")
"""hb_model_info of firmware/runtime/hb_model.h: arena, arena bytes, steps, inputs, outputs, two pointers, run."""
_STEP_SUM_BYTES = 8
_SWITCHED = {"hb_step_begin": 8}
"""What the model calls and goes on on the harness's stack, and the bytes that it leaves on the model's."""


@dataclass(frozen=True)
class ModelInfo:
    """What the image says of the model it holds."""

    arena_bytes: int
    steps: int
    run: int


def model_info(elf: Elf) -> ModelInfo:
    """The constant `hb_model` of an image."""
    raw = elf.read(elf.symbols["hb_model"].address, _INFO.size)
    _, arena_bytes, steps, _, _, _, _, run = _INFO.unpack(raw)
    return ModelInfo(arena_bytes, steps, run & ~1)


def exception_frame(flags: Iterable[str]) -> int:
    """Bytes that an interrupt pushes at most: 8 words, with FPU 26, and a word to align (Arm DDI 0403, B1.5.6)."""
    hard = any("float-abi=hard" in flag or flag.endswith("eabihf") for flag in flags)
    return 4 * (26 if hard else 8) + 4


def make_ledger(elf: Elf, regions: tuple[LinkRegion, ...], flags: tuple[str, ...]) -> Ledger:
    """The ledger of a linked image.

    Raises:
        DoesNotFit: the RAM that is left is less than the model's stack needs.
        NoBound: the model's stack has no bound.
    """
    info = model_info(elf)
    bound = stack_bound(elf, info.run, _SWITCHED) + exception_frame(flags)
    sizes = {name: section.size for name, section in elf.sections.items()}
    ram = next(region for region in regions if region.name == "ram")
    stack_begin = _stack_begin(elf, info)
    _check_stack(ram, stack_begin, bound)
    weights, tables = sizes.get(".rodata.weights", 0), sizes.get(".rodata.model", 0)
    code = sizes.get(".text.model", 0) + sizes.get(".data.model", 0)
    static_model = sizes.get(".data.model", 0) + sizes.get(".bss.model", 0)
    return Ledger(
        flash_weights=weights,
        flash_model_code=code,
        flash_model_tables=tables,
        flash_harness=elf.symbols["hb_flash_used"].address - weights - tables - code,
        static_model=static_model,
        static_harness=stack_begin - ram.origin - static_model - info.arena_bytes,
        stack_bound=bound,
    )


def _stack_begin(elf: Elf, info: ModelInfo) -> int:
    """Where the model's stack ends, as hb_stack_bottom of the runtime reckons it."""
    sums_end = elf.symbols["hb_free"].address + _STEP_SUM_BYTES * info.steps
    return -(-sums_end // GUARD_BYTES) * GUARD_BYTES + GUARD_BYTES


def _check_stack(ram: LinkRegion, begin: int, bound: int) -> None:
    needed = begin - ram.origin + bound
    if needed > ram.size:
        raise DoesNotFit("ram", needed, ram.size, f"{bound:,} of them for the model's stack")
