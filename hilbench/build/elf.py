"""Reading an ELF: sections, symbols, bytes, and the function and source line of an address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from hilbench.build.image import Symbol

_ALLOC, _NOBITS = 0x2, "SHT_NOBITS"


@dataclass(frozen=True)
class Section:
    """An allocated section: address, bytes, and whether its contents lie in the file (and hence in flash)."""

    name: str
    address: int
    size: int
    loaded: bool
    data: bytes


@dataclass(frozen=True)
class Elf:
    """What is needed of an ELF, read once."""

    entry: int
    sections: Mapping[str, Section]
    symbols: Mapping[str, Symbol]
    functions: Mapping[int, str]
    """Names by address (without the Thumb bit)."""
    mapping: tuple[tuple[int, str], ...]
    """Arm mapping symbols in order: from this address on "t" code or "d" data (Arm IHI 0044, 4.5.5)."""

    def read(self, address: int, size: int) -> bytes:
        """Bytes at an address of a loaded section; KeyError where there are none."""
        for section in self.sections.values():
            offset = address - section.address
            if section.loaded and offset >= 0 and offset + size <= section.size:
                return section.data[offset : offset + size]
        raise KeyError(f"nothing is loaded at 0x{address:08x}")

    def word(self, address: int) -> int:
        """The little-endian 32-bit word at an address."""
        return int.from_bytes(self.read(address, 4), "little")


@contextmanager
def _opened(path: Path) -> Iterator[ELFFile]:
    with path.open("rb") as file:
        yield ELFFile(file)


def read_elf(path: Path) -> Elf:
    """Sections and symbols of an ELF file."""
    with _opened(path) as elf:
        names = [section.name for section in elf.iter_sections()]
        sections = {s.name: _section(s) for s in elf.iter_sections() if s["sh_flags"] & _ALLOC and s["sh_size"]}
        table = elf.get_section_by_name(".symtab")
        raw = list(table.iter_symbols()) if isinstance(table, SymbolTableSection) else []
        return Elf(elf.header["e_entry"], sections, _symbols(raw, names), _functions(raw), _mapping(raw))


def _section(section: Any) -> Section:
    loaded = section["sh_type"] != _NOBITS
    return Section(
        section.name, section["sh_addr"], section["sh_size"], loaded, section.data() if loaded else b""
    )  # fmt: skip


def _symbols(raw: list[Any], names: list[str]) -> dict[str, Symbol]:
    found = {}
    for symbol in raw:
        place = symbol["st_shndx"]
        if symbol.name and not symbol.name.startswith("$") and place != "SHN_UNDEF":
            section = names[place] if isinstance(place, int) else ""
            found[symbol.name] = Symbol(symbol["st_value"], symbol["st_size"], section)
    return found


def _functions(raw: list[Any]) -> dict[int, str]:
    return {
        s["st_value"] & ~1: s.name for s in raw if s["st_info"]["type"] == "STT_FUNC" and s["st_shndx"] != "SHN_UNDEF"
    }


def _mapping(raw: list[Any]) -> tuple[tuple[int, str], ...]:
    return tuple(sorted((s["st_value"], s.name[1]) for s in raw if s.name[:2] in ("$t", "$d")))


def function_at(elf: Elf, address: int) -> str:
    """Name of the function that holds `address`, "" for none."""
    at = address & ~1
    start = max((start for start in elf.functions if start <= at), default=None)
    if start is None:
        return ""
    size = elf.symbols[elf.functions[start]].size
    return elf.functions[start] if at < start + max(size, 2) else ""


def resolve(path: Path, address: int) -> str:
    """`function file:line` of a code address, as far as symbols and DWARF line tables know it; "" for nothing."""
    function, line = function_at(read_elf(path), address), _line(path, address & ~1)
    return " ".join(filter(None, (function, line)))


def _line(path: Path, address: int) -> str:
    with _opened(path) as elf:
        if not elf.has_dwarf_info():
            return ""
        dwarf = elf.get_dwarf_info()
        ranges = dwarf.get_aranges()
        unit = ranges.cu_offset_at_addr(address) if ranges is not None else None
        program = None if unit is None else dwarf.line_program_for_CU(dwarf.get_CU_at(unit))
        return "" if program is None else _line_in(program, address)


def _line_in(program: Any, address: int) -> str:
    """`file:line` of the row of a line table that covers `address`."""
    before = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if before is not None and not before.end_sequence and before.address <= address < state.address:
            files, index = program["file_entry"], before.file - (0 if program["version"] >= 5 else 1)
            return f"{files[index].name.decode()}:{before.line}"
        before = state
    return ""
