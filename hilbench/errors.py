"""Every error that hilbench raises on purpose, and the exit code each one means.

    HilbenchError                     1 is never used here: it means "gate failed"
    ├── UsageError                2   the command line asks for something that does not exist
    ├── ConfigError               6   a board, suite or rules file, or a dataset, is wrong
    │   └── ModelError            6   a model file cannot be read
    ├── UnsupportedModel          6   operators that hilbench does not know, all of them at once
    ├── DoesNotFit                6   a region of memory is too small
    ├── ToolError                 3   a program or package that is needed is missing or failed
    ├── BuildError                5   the compiler refused the generated sources
    └── TargetError               4   the board or emulator
        ├── TargetTimeout         4   silence until a deadline
        ├── FlashError            4   erase, program or verify
        ├── TargetFault           4   the firmware crashed and said where
        └── LinkError             4   the serial link

Two more exit codes come from no error of this tree: 7, a device's output was not the reference's (the row says which),
and 70, a mistake in hilbench itself.

Errors carry fields; their text is derived from the fields, and says what was wrong, where, and what a right value
looks like. The command line maps them to exit codes in one place (`hilbench.cli.main`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from typing import Any, ClassVar


class ExitCode(IntEnum):
    """What the process exit code says about the cause."""

    OK = 0
    GATE_FAILED = 1
    USAGE = 2
    TOOL = 3
    TARGET = 4
    BUILD = 5
    CONFIG = 6
    MISMATCH = 7
    INTERNAL = 70
    INTERRUPTED = 130


class HilbenchError(Exception):
    """Root of the tree; `exit_code` says the cause to a calling script."""

    exit_code: ClassVar[ExitCode]

    def __reduce__(self) -> tuple[Any, ...]:
        """Worker processes hand errors to their parent: pickled by their fields, not through their constructors."""
        return _rebuilt, (type(self), self.args, vars(self))


class UsageError(HilbenchError):
    """The command line names something that does not exist or does not go together."""

    exit_code = ExitCode.USAGE


class ConfigError(HilbenchError):
    """A file that the user wrote is wrong: `what` is wrong `where`; `right` shows a good value."""

    exit_code = ExitCode.CONFIG

    def __init__(self, what: str, *, where: str = "", right: str = "") -> None:
        self.what, self.where, self.right = what, where, right
        super().__init__(": ".join(filter(None, (where, what))) + (f" ({right})" if right else ""))


class ModelError(ConfigError):
    """A model file cannot be read: truncated, of another format, or inconsistent."""


@dataclass(frozen=True)
class UnsupportedOp:
    """One operator that cannot be served: its kind, its index in the model, its output tensor, and why."""

    kind: str
    index: int
    tensor: str
    why: str

    def __str__(self) -> str:
        # Converters chain the names of all that they fused with semicolons; the last says enough.
        return f"operator {self.index} {self.kind} (output '{self.tensor.rpartition(';')[2]}'): {self.why}"


class UnsupportedModel(HilbenchError):
    """The model needs operators or forms of operators that hilbench does not have; all of them are listed."""

    exit_code = ExitCode.CONFIG

    def __init__(self, model: str, ops: Sequence[UnsupportedOp]) -> None:
        self.model, self.ops = model, tuple(ops)
        listed = "\n".join(f"  {op}" for op in ops)
        super().__init__(f"{model}: {len(ops)} unsupported operator{'s' if len(ops) > 1 else ''}\n{listed}")


class DoesNotFit(HilbenchError):
    """`region` of the board holds `available` bytes; the firmware needs `needed`."""

    exit_code = ExitCode.CONFIG

    def __init__(self, region: str, needed: int, available: int, detail: str = "") -> None:
        self.region, self.needed, self.available, self.detail = region, needed, available, detail
        over = needed - available
        text = f"{region} is too small: {needed:,} bytes needed, {available:,} available, {over:,} too many"
        super().__init__(text + (f" ({detail})" if detail else ""))


class ToolError(HilbenchError):
    """A program or package is missing or failed; `repair` is the command that mends it."""

    exit_code = ExitCode.TOOL

    def __init__(self, tool: str, what: str, repair: str = "") -> None:
        self.tool, self.what, self.repair = tool, what, repair
        super().__init__(f"{tool}: {what}" + (f"; repair: {repair}" if repair else ""))


class BuildError(HilbenchError):
    """The compiler or linker refused; `command` can be pasted, `output` is what it printed."""

    exit_code = ExitCode.BUILD

    def __init__(self, command: Sequence[str], output: str) -> None:
        self.command, self.output = tuple(command), output
        super().__init__(f"build failed: {' '.join(command)}\n{output.strip()}")


class TargetError(HilbenchError):
    """The board or emulator failed: infrastructure, never a regression."""

    exit_code = ExitCode.TARGET


class TargetTimeout(TargetError):
    """Nothing came within `seconds` in `phase`; `detail` holds what helps (command line, last frames)."""

    def __init__(self, phase: str, seconds: float, detail: str = "") -> None:
        self.phase, self.seconds, self.detail = phase, seconds, detail
        super().__init__(f"no answer within {seconds:g} s while {phase}" + (f"\n{detail}" if detail else ""))


class FlashError(TargetError):
    """Erasing, programming or verifying flash failed at `address`."""

    def __init__(self, phase: str, what: str, address: int | None = None) -> None:
        self.phase, self.what, self.address = phase, what, address
        at = "" if address is None else f" at 0x{address:08x}"
        super().__init__(f"flash: {phase} failed{at}: {what}")


class TargetFault(TargetError):
    """The firmware crashed in `step`; registers as it reported them, `place` as resolved from the ELF."""

    def __init__(self, kind: str, step: str, registers: dict[str, int], place: str = "") -> None:
        self.kind, self.step, self.registers, self.place = kind, step, dict(registers), place
        listed = " ".join(f"{name}=0x{value:08x}" for name, value in registers.items())
        super().__init__(f"{kind} in {step}" + (f" at {place}" if place else "") + (f" [{listed}]" if listed else ""))


class LinkError(TargetError):
    """The serial link is open but what arrives is not the protocol, or the port failed."""


def _rebuilt(cls: type[HilbenchError], args: tuple[object, ...], fields: dict[str, object]) -> HilbenchError:
    error = cls.__new__(cls, *args)
    error.args = args
    vars(error).update(fields)
    return error


def one_of(kind: str, name: str, known: Iterable[str]) -> str:
    """Text for an unknown `name`: the nearest legal value first, then all legal values."""
    legal = sorted(known)
    near = get_close_matches(name, legal, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"unknown {kind} '{name}'.{hint} Known: {', '.join(legal) or 'none'}"
