"""A first version of a board file, for its author to complete."""

from __future__ import annotations

_TEXT = """\
# A board is this one file. What stands here comes from pyOCD's knowledge of the chip{seen}; lines with CHECK
# are for you to look up in the chip's reference manual and the board's user guide.
title = "{target} board"  # CHECK: maker, board, chip, core and clock, as they should stand in a report
proven = "never run"  # or "QEMU", "virtual board": how far the file has been proven
reference = ""  # CHECK: the manuals that the figures come from
port = ""  # CHECK: the C file in firmware/ports that serves this family of chips; without one, only [emulator] runs

[core]
name = "{core}"{core_remark}
fpu = "none"  # CHECK: "none", "sp" (single precision) or "dp"

[memory]
flash = {{ origin = 0x{flash[0]:08x}, size = {flash[1]} }}
ram = {{ origin = 0x{ram[0]:08x}, size = {ram[1]} }}  # one contiguous region: arena, data and stacks

[clock]
hz = {{ full = 64_000_000 }}  # CHECK: profiles by name, in Hz; "full" is used where none is asked for

[probe]
target = "{target}"
# The register that says which chip this is, read before anything is erased. CHECK: DBGMCU_IDCODE, FICR INFO.PART, ...
# id_address = 0xE0042000
# id_mask = 0xFFF
# id_value = 0x415
# Its USB devices, vendor:product in hexadecimal, by which an attached board is noticed.
# usb_ids = ["0483:374b"]

[serial]
baud = 115200

# Without hardware at hand: a machine of QEMU with the same core, inside this board's memory sizes.
# [emulator]
# machine = "mps2-an386"
# port = "mps2"
# clock_hz = 25_000_000
# flash_origin = 0x00000000
# ram_origin = 0x20000000
"""


def draft(target: str, flash: tuple[int, int], ram: tuple[int, int], core: str = "") -> str:
    """TOML of a board with the chip `target`; `flash`, `ram`: origin and bytes; `core`: what the chip itself says."""
    remark = "" if core else "  # CHECK"
    seen = " and from the attached chip" if core else ""
    return _TEXT.format(target=target, flash=flash, ram=ram, core=core or "cortex-m4", core_remark=remark, seen=seen)
