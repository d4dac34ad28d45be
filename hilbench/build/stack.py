"""The deepest stack of a function: what each function of its call graph pushes, read from the machine code.

Machine code rather than the compiler's own report, because the C library's functions count too and come without one.
Each function is read once from top to bottom; after a jump away or a return, the depth is that of the branches which
lead there, or the deepest so far. An indirect call, recursion or a stack of variable size has no bound: an error.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs, CsInsn
from capstone.arm import ARM_OP_IMM, ARM_OP_MEM, ARM_OP_REG

from hilbench.build.elf import Elf


class NoBound(Exception):
    """A function's stack has no bound that can be read from its code."""


@dataclass(frozen=True)
class Frame:
    """What one function needs: its own deepest point, and the depth at which it calls each callee.

    `unbound` says why there is no bound for what it calls, "" where there is one.
    """

    own: int
    calls: Mapping[int, int]
    unbound: str


@dataclass
class _Walk:
    """Where a reading of one function stands. `known` are registers that hold a constant just loaded."""

    depth: int = 0
    deepest: int = 0
    targets: dict[int, int] = field(default_factory=dict)
    calls: dict[int, int] = field(default_factory=dict)
    known: dict[int, int] = field(default_factory=dict)
    unbound: str = ""

    def move(self, down: int) -> None:
        self.depth += down
        self.deepest = max(self.deepest, self.depth)

    def call(self, address: int) -> None:
        self.calls[address] = max(self.depth, self.calls.get(address, 0))


_ENGINE = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
_ENGINE.detail = True

_REGISTER_BYTES = {"d": 8, "s": 4, "q": 16}


def stack_bound(elf: Elf, root: int, leaves: Mapping[str, int]) -> int:
    """Bytes of stack that the function at address `root` and all that it calls need at most.

    `leaves` gives the need of functions that are not read (they go on on another stack), by name.

    Raises:
        NoBound: see the module.
    """
    known = {elf.symbols[name].address & ~1: need for name, need in leaves.items() if name in elf.symbols}
    return _bound(elf, root & ~1, known, ())


def _bound(elf: Elf, address: int, known: dict[int, int], path: tuple[int, ...]) -> int:
    if address in known:
        return known[address]
    if address in path:
        raise NoBound(f"{_name(elf, address)} calls itself")
    frame = read_frame(elf, address)
    if frame.unbound:
        raise NoBound(frame.unbound)
    below = (depth + _bound(elf, callee, known, (*path, address)) for callee, depth in frame.calls.items())
    known[address] = max([frame.own, *below])
    return known[address]


def _name(elf: Elf, address: int) -> str:
    return elf.functions.get(address, f"0x{address:08x}")


def read_frame(elf: Elf, address: int) -> Frame:
    """Read one function's code."""
    walk = _Walk()
    end = _end(elf, address)
    gone = False
    for insn in _code(elf, address, end):
        if insn.address in walk.targets:
            walk.depth = max(walk.targets[insn.address], 0 if gone else walk.depth)
        elif gone:
            walk.depth = walk.deepest
        gone = _step(elf, insn, walk, address, end)
    return Frame(walk.deepest, walk.calls, walk.unbound)


def _end(elf: Elf, address: int) -> int:
    """First address after a function: its size where the symbol has one, else the next function."""
    size = max((s.size for s in elf.symbols.values() if s.address & ~1 == address and s.section), default=0)
    starts = sorted(elf.functions)
    following = bisect.bisect_right(starts, address)
    section = next(s for s in elf.sections.values() if s.address <= address < s.address + s.size)
    limit = starts[following] if following < len(starts) else section.address + section.size
    return address + size if size else min(limit, section.address + section.size)


def _code(elf: Elf, start: int, end: int) -> Iterator[CsInsn]:
    """Instructions of [start, end), data in between left out."""
    marks = [place for place, _ in elf.mapping]
    at = start
    while at < end:
        index = bisect.bisect_right(marks, at)
        stop = min(end, marks[index] if index < len(marks) else end)
        if index == 0 or elf.mapping[index - 1][1] == "t":
            yield from _ENGINE.disasm(elf.read(at, stop - at), at)
        at = stop


def _step(elf: Elf, insn: CsInsn, walk: _Walk, start: int, end: int) -> bool:
    """Account for one instruction; True when the next one is not reached from it."""
    mnemonic = insn.mnemonic.split(".")[0]
    if moved := _moved(elf, insn, mnemonic, walk):
        walk.move(moved)
    _remember(elf, insn, mnemonic, walk)
    if mnemonic in ("bl", "blx"):
        return _call(insn, walk, start, end)
    if mnemonic in ("tbb", "tbh"):
        return False
    if mnemonic in ("cbz", "cbnz"):
        walk.targets[insn.operands[1].imm & ~1] = walk.depth
        return False
    if mnemonic.startswith("b") and insn.operands and insn.operands[0].type == ARM_OP_IMM:
        return _branch(insn, mnemonic, walk, start, end)
    return _leaves(insn, mnemonic, walk)


def _call(insn: CsInsn, walk: _Walk, start: int, end: int) -> bool:
    """A call; or, on ARMv6-M, a jump within the function that is too far for a branch. True for the latter."""
    if insn.operands[0].type == ARM_OP_IMM:
        target = insn.operands[0].imm & ~1
        if start < target < end:
            walk.targets[target] = max(walk.depth, walk.targets.get(target, 0))
            return True
        walk.call(target)
    else:
        walk.unbound = f"code at 0x{insn.address:08x} calls through a register"
    return False


def _branch(insn: CsInsn, mnemonic: str, walk: _Walk, start: int, end: int) -> bool:
    if len(insn.operands) != 1 or mnemonic in ("bic", "bics", "bfi", "bfc", "bkpt"):
        return False
    target = insn.operands[0].imm & ~1
    if start <= target < end:
        walk.targets[target] = max(walk.depth, walk.targets.get(target, 0))
    else:
        walk.call(target)  # a tail call: the callee returns for us
    return mnemonic == "b"


def _leaves(insn: CsInsn, mnemonic: str, walk: _Walk) -> bool:
    names = [insn.reg_name(op.reg) for op in insn.operands if op.type == ARM_OP_REG]
    if mnemonic == "bx" and names != ["lr"]:
        if names == ["pc"]:
            return False
        walk.unbound = f"code at 0x{insn.address:08x} jumps through a register"
    return mnemonic == "bx" or (mnemonic in ("pop", "ldr", "ldm") and "pc" in names)


def _moved(elf: Elf, insn: CsInsn, mnemonic: str, walk: _Walk) -> int:
    """By how many bytes an instruction moves the stack pointer down."""
    operands = insn.operands
    names = [insn.reg_name(op.reg) if op.type == ARM_OP_REG else "" for op in operands]
    if mnemonic in ("push", "pop", "vpush", "vpop"):
        size = sum(_REGISTER_BYTES.get(name[0], 4) if mnemonic[0] == "v" else 4 for name in names)
        return size if "push" in mnemonic else -size
    if mnemonic[:3] in ("stm", "ldm", "vst", "vld") and names[:1] == ["sp"] and insn.writeback:
        size = sum(_REGISTER_BYTES.get(name[0], 4) if mnemonic[0] == "v" else 4 for name in names[1:])
        return size if "st" in mnemonic else -size
    if insn.writeback and operands and operands[-1].type in (ARM_OP_MEM, ARM_OP_IMM):
        return _indexed(insn)
    if names[:1] == ["sp"] and mnemonic in ("sub", "subw", "subs", "add", "addw", "adds"):
        amount = _amount(elf, insn, walk)
        return amount if mnemonic.startswith("sub") else -amount
    if names[:1] == ["sp"] and mnemonic in ("mov", "bic", "and", "ldr"):
        walk.unbound = f"code at 0x{insn.address:08x} sets the stack pointer"
    return 0


def _indexed(insn: CsInsn) -> int:
    """str r, [sp, #-n]! and ldr r, [sp], #n."""
    for position, operand in enumerate(insn.operands):
        if operand.type == ARM_OP_MEM and insn.reg_name(operand.mem.base) == "sp":
            after = insn.operands[position + 1 :]
            return -int(after[0].imm if after else operand.mem.disp)
    return 0


def _amount(elf: Elf, insn: CsInsn, walk: _Walk) -> int:
    last = insn.operands[-1]
    if last.type == ARM_OP_IMM:
        return int(last.imm)
    if last.reg not in walk.known:
        raise NoBound(f"code at 0x{insn.address:08x} moves the stack pointer by a variable amount")
    value = walk.known[last.reg]
    return value - (1 << 32) if value >> 31 else value


def _remember(elf: Elf, insn: CsInsn, mnemonic: str, walk: _Walk) -> None:
    """Constants in registers, as far as compilers use them to move the stack pointer far."""
    if not insn.operands or insn.operands[0].type != ARM_OP_REG:
        return
    target, last = insn.operands[0].reg, insn.operands[-1]
    if mnemonic in ("mov", "movs", "movw") and last.type == ARM_OP_IMM:
        walk.known[target] = last.imm & 0xFFFFFFFF
    elif mnemonic == "lsls" and last.type == ARM_OP_IMM and target in walk.known:
        walk.known[target] = walk.known[target] << last.imm & 0xFFFFFFFF
    elif mnemonic == "ldr" and last.type == ARM_OP_MEM and insn.reg_name(last.mem.base) == "pc":
        walk.known[target] = elf.word((insn.address + 4 & ~3) + last.mem.disp)
    elif mnemonic in ("rsbs", "negs") and insn.operands[1].type == ARM_OP_REG and insn.operands[1].reg in walk.known:
        walk.known[target] = -walk.known[insn.operands[1].reg] & 0xFFFFFFFF
    elif mnemonic not in ("cmp", "str", "tst"):
        walk.known.pop(target, None)
