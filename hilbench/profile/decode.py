"""Instructions as the timing models see them: class, operands by role, and what writes back (decoded by capstone)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import capstone
from capstone import arm


class Kind(StrEnum):
    """Classes of Thumb instructions (Arm DDI 0403, DDI 0553) that a core treats alike."""

    ALU = "alu"
    SHIFT = "shift"
    EXTEND = "extend"
    FIELD = "bit field"
    CLZ = "count zeros"
    REVERSE = "reverse"
    SIMD = "simd"
    SATURATE = "saturate"
    MUL = "multiply"
    MAC = "multiply-accumulate"
    DUAL_MAC = "dual multiply-accumulate"
    LONG_MUL = "long multiply"
    DIV = "divide"
    LOAD = "load"
    STORE = "store"
    LOAD_DUAL = "load dual"
    STORE_DUAL = "store dual"
    LOAD_MULTIPLE = "load multiple"
    STORE_MULTIPLE = "store multiple"
    LOAD_EXCLUSIVE = "load exclusive"
    STORE_EXCLUSIVE = "store exclusive"
    TRANSFER = "move to or from fpu"
    BRANCH = "branch"
    TABLE_BRANCH = "table branch"
    IT = "if-then"
    HINT = "hint"
    BARRIER = "barrier"
    SYSTEM = "system"
    VLOAD = "float load"
    VSTORE = "float store"
    VLOAD_MULTIPLE = "float load multiple"
    VSTORE_MULTIPLE = "float store multiple"
    VALU = "float"
    VMAC = "float multiply-accumulate"
    VDIV = "float divide"
    UNKNOWN = "unknown"


def _words(*texts: str) -> frozenset[str]:
    return frozenset(name for text in texts for name in text.split())


def _names(kind: Kind, *words: str) -> dict[str, Kind]:
    return dict.fromkeys(_words(*words), kind)


def _parallel(*operations: str) -> str:
    return " ".join(prefix + operation for prefix in ("s", "u", "sh", "uh") for operation in operations)


_HALVES = "smulbb smulbt smultb smultt"
_LANES = ("add8", "add16", "sub8", "sub16", "asx", "sax")
_KINDS: dict[str, Kind] = {
    **_names(Kind.ALU, "adc add addw adr and bic cmn cmp eor mov movs movw movt mvn neg orn orr rsb sbc sub subw",
             "teq tst"),
    **_names(Kind.SHIFT, "asr lsl lsr ror rrx"),
    **_names(Kind.EXTEND, "sxtb sxth uxtb uxth"),
    **_names(Kind.FIELD, "bfc bfi sbfx ubfx"),
    **_names(Kind.CLZ, "clz"),
    **_names(Kind.REVERSE, "rev rev16 revsh rbit"),
    **_names(Kind.SIMD, _parallel(*_LANES), "sel pkhbt pkhtb usad8 usada8"),
    **_names(Kind.SIMD, "sxtb16 uxtb16 sxtab sxtah uxtab uxtah sxtab16 uxtab16"),
    **_names(Kind.SATURATE, "ssat usat ssat16 usat16 qadd qsub qdadd qdsub"),
    **_names(Kind.SATURATE, " ".join(q + lane for q in ("q", "uq") for lane in _LANES)),
    **_names(Kind.MUL, "mul smulwb smulwt smmul smmulr smuad smuadx smusd smusdx", _HALVES),
    **_names(Kind.MAC, "mla mls smlabb smlabt smlatb smlatt smlawb smlawt smmla smmlar smmls smmlsr"),
    **_names(Kind.DUAL_MAC, "smlad smladx smlsd smlsdx"),
    **_names(Kind.LONG_MUL, "smull umull smlal umlal umaal smlald smlaldx smlsld smlsldx"),
    **_names(Kind.LONG_MUL, "smlalbb smlalbt smlaltb smlaltt"),
    **_names(Kind.DIV, "sdiv udiv"),
    **_names(Kind.LOAD, "ldr ldrb ldrh ldrsb ldrsh ldrt ldrbt ldrht ldrsbt ldrsht"),
    **_names(Kind.STORE, "str strb strh strt strbt strht"),
    **_names(Kind.LOAD_DUAL, "ldrd"),
    **_names(Kind.STORE_DUAL, "strd"),
    **_names(Kind.LOAD_MULTIPLE, "ldm ldmia ldmdb pop"),
    **_names(Kind.STORE_MULTIPLE, "stm stmia stmdb push"),
    **_names(Kind.LOAD_EXCLUSIVE, "ldrex ldrexb ldrexh lda ldab ldah ldaex ldaexb ldaexh"),
    **_names(Kind.STORE_EXCLUSIVE, "strex strexb strexh stl stlb stlh stlex stlexb stlexh clrex"),
    **_names(Kind.BRANCH, "b bl bx blx cbz cbnz bxns blxns bxj"),
    **_names(Kind.TABLE_BRANCH, "tbb tbh"),
    **_names(Kind.IT, "it"),
    **_names(Kind.HINT, "nop hint yield wfe wfi sev dbg pld pldw pli"),
    **_names(Kind.BARRIER, "dmb dsb isb"),
    **_names(Kind.SYSTEM, "mrs msr cps cpsid cpsie svc bkpt udf tt ttt tta ttat sg"),
    **_names(Kind.VLOAD, "vldr"),
    **_names(Kind.VSTORE, "vstr"),
    **_names(Kind.VLOAD_MULTIPLE, "vldm vldmia vldmdb vpop fldmdbx fldmiax vlldm"),
    **_names(Kind.VSTORE_MULTIPLE, "vstm vstmia vstmdb vpush fstmdbx fstmiax vlstm"),
    **_names(Kind.VALU, "vadd vsub vmul vnmul vneg vabs vcmp vcmpe vcvt vcvtb vcvtt vmov vmrs vmsr fmstat",
             "fconsts fconstd"),
    **_names(Kind.VALU, "vmaxnm vminnm vselge vselgt vseleq vselvs vrinta vrintm vrintn vrintp vrintr vrintx vrintz"),
    **_names(Kind.VALU, "vcvta vcvtm vcvtn vcvtp vcvtr"),
    **_names(Kind.VMAC, "vmla vmls vnmla vnmls vfma vfms vfnma vfnms"),
    **_names(Kind.VDIV, "vdiv vsqrt"),
}  # fmt: skip

FLOAT = frozenset(kind for kind in Kind if kind.name.startswith("V"))
LOADS = frozenset({Kind.LOAD, Kind.VLOAD})
STORES = frozenset({Kind.STORE, Kind.VSTORE})
MULTIPLE = frozenset({Kind.LOAD_MULTIPLE, Kind.STORE_MULTIPLE, Kind.VLOAD_MULTIPLE, Kind.VSTORE_MULTIPLE})
DUAL = frozenset({Kind.LOAD_DUAL, Kind.STORE_DUAL})
_SOURCES_ONLY = _words("cmp cmn tst teq cbz cbnz bx blx bxns blxns tbb tbh msr vcmp vcmpe vmsr")
_READ_MODIFY_WRITE = frozenset({"movt", "bfi", "bfc"})
_TWO_ADDRESS = _words("adc add and asr bic eor lsl lsr orr ror sbc sub")
_LONG_ACCUMULATE = _words("smlal umlal umaal smlald smlaldx smlsld smlsldx smlalbb smlalbt smlaltb smlaltt")


@dataclass(frozen=True)
class Instruction:
    """One decoded instruction. Registers by role, all as capstone spells them ("r0", "sp", "s3", "d8").

    `sources` are all registers that it reads; of these, `address` form the address of a memory access (base and
    index), `shifted` pass through the barrel shifter, `accumulator` is added to a product and `data` is what a store
    writes. `loaded` are the registers that a load fills (a written-back base is not among them), `results` all that
    it writes.
    `count` is the number of registers that a multiple load or store moves, or a move between core and FPU (a double
    counts as two words).
    """

    address_of: int
    size: int
    name: str
    text: str
    kind: Kind
    conditional: bool = False
    sources: frozenset[str] = frozenset()
    address: frozenset[str] = frozenset()
    shifted: frozenset[str] = frozenset()
    accumulator: frozenset[str] = frozenset()
    data: frozenset[str] = frozenset()
    loaded: frozenset[str] = frozenset()
    results: frozenset[str] = frozenset()
    count: int = 0
    register_offset: bool = False
    double: bool = False

    @property
    def wide_unaligned(self) -> bool:
        """A 32-bit instruction that straddles two aligned words."""
        return self.size == 4 and self.address_of % 4 == 2


@lru_cache(maxsize=65536)
def decode(address: int, code: bytes) -> tuple[Instruction, ...]:
    """Instructions of a block; bytes that are no instruction become one of kind UNKNOWN each."""
    return tuple(_walk(address, code))


def _walk(address: int, code: bytes) -> Iterator[Instruction]:
    offset = 0
    while offset < len(code):
        for raw in _CAPSTONE.disasm(code[offset:], address + offset):
            yield _read(raw)
            offset = raw.address + raw.size - address
        if offset < len(code):
            size = min(4 if code[offset + 1] >> 3 in (0b11101, 0b11110, 0b11111) else 2, len(code) - offset)
            word = code[offset : offset + size].hex()
            yield Instruction(address + offset, size, f"0x{word}", f".inst {word}", Kind.UNKNOWN)
            offset += size


def _disassembler() -> Any:
    # M profile with the Armv8-M additions; these decode nothing differently that an older core has.
    engine = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8)
    engine.detail = True
    return engine


_CAPSTONE = _disassembler()


def _read(raw: Any) -> Instruction:
    name = raw.insn_name()
    operands = _Operands.of(raw)
    kind = Kind.TRANSFER if _transfers(name, operands.registers) else _KINDS.get(name, Kind.UNKNOWN)
    text = f"{raw.mnemonic} {raw.op_str}".strip()
    conditional = raw.cc not in (arm.ARM_CC_AL, arm.ARM_CC_INVALID) and kind is not Kind.IT
    return Instruction(
        address_of=raw.address, size=raw.size, name=name, text=text, kind=kind, conditional=conditional,
        double=".f64" in raw.mnemonic or any(register.startswith("d") for register in operands.registers),
        **_roles(name, kind, operands, raw.writeback),
    )  # fmt: skip


@dataclass(frozen=True)
class _Operands:
    """Registers of the operands in order, those of the memory operand, those shifted; how many operands there are."""

    registers: tuple[str, ...]
    base: str
    index: str
    shifted: frozenset[str]
    count: int

    @classmethod
    def of(cls, raw: Any) -> _Operands:
        name = raw.reg_name
        plain = [operand for operand in raw.operands if operand.type == arm.ARM_OP_REG]
        memory = next((operand.mem for operand in raw.operands if operand.type == arm.ARM_OP_MEM), None)
        return cls(
            tuple(name(operand.reg) for operand in plain),
            name(memory.base) if memory and memory.base else "",
            name(memory.index) if memory and memory.index else "",
            _registers(name(operand.reg) for operand in plain if operand.shift.type != arm.ARM_SFT_INVALID),
            len(raw.operands),
        )


def _registers(names: Iterable[str]) -> frozenset[str]:
    """Register names as a set, a double-precision register as the two singles that it is made of."""
    found = set()
    for name in names:
        if name.startswith("d") and name[1:].isdigit():
            found |= {f"s{2 * int(name[1:])}", f"s{2 * int(name[1:]) + 1}"}
        else:
            found.add(name)
    return frozenset(found)


Roles = dict[str, Any]


def _roles(name: str, kind: Kind, operands: _Operands, writes_back: bool) -> Roles:
    """Which register plays which part, from the order in which the assembler writes them."""
    if kind in MULTIPLE:
        return _multiple(name, kind, operands, writes_back)
    if operands.base:
        return _single(name, kind, operands, writes_back)
    return _computing(name, kind, operands)


def _multiple(name: str, kind: Kind, operands: _Operands, writes_back: bool) -> Roles:
    implicit = name in ("push", "pop", "vpush", "vpop")
    address = frozenset({"sp"}) if implicit else _registers(operands.registers[:1])
    listed = _registers(operands.registers if implicit else operands.registers[1:])
    back = address if writes_back or implicit else frozenset()
    if kind in (Kind.LOAD_MULTIPLE, Kind.VLOAD_MULTIPLE):
        return {
            "sources": address, "address": address, "loaded": listed, "results": listed | back, "count": len(listed),
        }  # fmt: skip
    return {"sources": address | listed, "address": address, "data": listed, "results": back, "count": len(listed)}


def _single(name: str, kind: Kind, operands: _Operands, writes_back: bool) -> Roles:
    address = frozenset(filter(None, (operands.base, operands.index)))
    back = frozenset({operands.base}) if writes_back else frozenset()
    status = 1 if name.startswith(("strex", "stlex")) else 0
    results, data = _registers(operands.registers[:status]), _registers(operands.registers[status:])
    common = {"address": address, "register_offset": bool(operands.index), "count": len(data)}
    if kind in (Kind.STORE, Kind.STORE_DUAL, Kind.VSTORE, Kind.STORE_EXCLUSIVE):
        return {**common, "sources": address | data, "data": data, "results": results | back}
    return {**common, "sources": address, "loaded": data, "results": data | back}


def _computing(name: str, kind: Kind, operands: _Operands) -> Roles:
    registers = operands.registers
    split = 0 if name in _SOURCES_ONLY else 2 if kind is Kind.LONG_MUL or _moves_two(name, registers) else 1
    results, sources = _registers(registers[:split]), _registers(registers[split:])
    moved = sum(map(_of_fpu, results | sources)) if kind is Kind.TRANSFER else 0
    accumulator: frozenset[str] = frozenset()
    if name in _LONG_ACCUMULATE or kind is Kind.VMAC:
        accumulator = results
    elif kind in (Kind.MAC, Kind.DUAL_MAC) or name == "usada8":
        accumulator = _registers(registers[3:])
    if name in _READ_MODIFY_WRITE or (operands.count == 2 and name in _TWO_ADDRESS):
        sources |= results
    return {
        "sources": sources | accumulator, "accumulator": accumulator, "results": results, "shifted": operands.shifted,
        "count": moved,
    }  # fmt: skip


def _of_fpu(register: str) -> bool:
    return register[:1] in ("s", "d") and register[1:].isdigit()


def _transfers(name: str, registers: tuple[str, ...]) -> bool:
    """VMOV between the core's registers and those of the FPU, which computes nothing."""
    return name == "vmov" and not all(map(_of_fpu, registers))


def _moves_two(name: str, registers: tuple[str, ...]) -> bool:
    """VMOV from two singles or one double to two core registers."""
    return name == "vmov" and len(registers) >= 3 and not _of_fpu(registers[1])
