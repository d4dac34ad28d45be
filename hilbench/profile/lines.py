"""Which function and source line an address belongs to: symbols and DWARF line tables, read once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile


@dataclass(frozen=True)
class Range:
    """What holds from address `start` to before `end`."""

    start: int
    end: int
    name: str


@dataclass(frozen=True)
class Source:
    """Functions and source lines of an image, each in order of address."""

    functions: tuple[Range, ...]
    lines: tuple[Range, ...]

    def function(self, address: int) -> str:
        """Name of the function at `address`, "?" where the image names none."""
        return _find(self.functions, address)

    def line(self, address: int) -> str:
        """`file:line` at `address`, "?" where the image has no line table for it."""
        return _find(self.lines, address)


def read_source(path: Path) -> Source:
    """Symbols and line tables of the ELF at `path`."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        return Source(_functions(elf), tuple(sorted(_lines(elf), key=lambda line: line.start)))


def _find(ranges: tuple[Range, ...], address: int) -> str:
    place = bisect_right(ranges, address, key=lambda r: r.start) - 1
    if place < 0 or address >= ranges[place].end:
        return "?"
    return ranges[place].name


def _functions(elf: ELFFile) -> tuple[Range, ...]:
    """Functions from the symbol table; one without a size (hand-written assembly) lasts until the next one begins."""
    table: Any = elf.get_section_by_name(".symtab")
    symbols = [] if table is None else [s for s in table.iter_symbols() if s["st_info"]["type"] == "STT_FUNC"]
    found = {s["st_value"] & ~1: s for s in symbols if s["st_shndx"] != "SHN_UNDEF"}
    starts = sorted(found)
    following = dict(zip(starts, [*starts[1:], 1 << 32], strict=True))
    return tuple(
        Range(
            start, start + found[start]["st_size"] if found[start]["st_size"] else following[start], found[start].name
        )
        for start in starts
    )


def _lines(elf: ELFFile) -> Iterator[Range]:
    if not elf.has_dwarf_info():
        return
    dwarf = elf.get_dwarf_info()
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        if program is not None:
            yield from _rows(program)


def _rows(program: Any) -> Iterator[Range]:
    """Ranges between the rows of one line table (DWARF 5, section 6.2)."""
    names = _file_names(program)
    before: Any = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if before is not None and not before.end_sequence and state.address > before.address:
            yield Range(before.address, state.address, f"{names.get(before.file, '?')}:{before.line}")
        before = state


def _file_names(program: Any) -> Mapping[int, str]:
    """Base names by file number, which counts from 1 before DWARF 5 and from 0 since."""
    first = 0 if program["version"] >= 5 else 1
    return {number: entry.name.decode().rsplit("/", 1)[-1] for number, entry in enumerate(program["file_entry"], first)}
