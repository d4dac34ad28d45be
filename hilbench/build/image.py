"""A firmware image: the ELF and what is read out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Symbol:
    """A function or object of the ELF: address, bytes, and the section it lies in."""

    address: int
    size: int
    section: str


@dataclass(frozen=True)
class Ledger:
    """Bytes by item, model and harness apart (DESIGN: SRAM and flash).

    Static RAM never contains the arena. `static_harness` is all RAM that the harness takes: its variables, its stack,
    the sums of the steps, guards and what alignment leaves unused. Initial values of data are counted in flash as well,
    with the code of their side. `stack_bound` is the deepest stack of the model over its call graph, with the frame of
    one interrupt on top.
    """

    flash_weights: int
    flash_model_code: int
    flash_model_tables: int
    flash_harness: int
    static_model: int
    static_harness: int
    stack_bound: int


@dataclass(frozen=True)
class FirmwareImage:
    """An ELF that was built for one board (or the host), with its identity.

    `build_id` is the digest of its build plan; the firmware carries it and says it in HELLO. `ledger` is None for the
    host, where no figure means anything.
    """

    elf: Path
    build_id: str
    toolchain: str
    flags: tuple[str, ...]
    entry: int = 0
    symbols: Mapping[str, Symbol] = field(default_factory=dict)
    ledger: Ledger | None = None
