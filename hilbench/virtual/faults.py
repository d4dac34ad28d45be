"""What goes wrong with a board: the faults that can be injected, and how they are written on the command line."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

from hilbench.errors import UsageError, one_of


@dataclass(frozen=True)
class Faults:
    """Faults of one virtual board; nothing is wrong by default. Rates are probabilities per byte or transfer.

    dead_erase: erased pages keep what they held. stuck_bit: this bit of flash (address × 8 + bit) reads 0 always.
    program_error: the controller refuses to program at this address. unplug_after: the probe vanishes after that many
    requests. unplug_running: it vanishes once the core has run that many cycles. nack: a transfer is not acknowledged.
    held_in_reset: nRESET is stuck low. wrong_chip: the identity registers are those of another chip. locked: readout
    protection. silent_uart: the transmit pin is not wired. loss, dup, flip: bytes of the serial line. lockup_after:
    the core locks up, reset_after: it resets by itself, after that many cycles since reset.
    """

    dead_erase: bool = False
    stuck_bit: int | None = None
    program_error: int | None = None
    unplug_after: int | None = None
    unplug_running: int | None = None
    nack: float = 0.0
    held_in_reset: bool = False
    wrong_chip: bool = False
    locked: bool = False
    silent_uart: bool = False
    loss: float = 0.0
    dup: float = 0.0
    flip: float = 0.0
    lockup_after: int | None = None
    reset_after: int | None = None
    seed: int = 1
    dice: random.Random = field(default_factory=random.Random, compare=False, repr=False)

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Faults:
        """Faults from `kind` and `kind:number` texts, such as "dead-erase", "loss:0.001", "stuck-bit:0x8000010:3".

        Raises:
            UsageError: an unknown kind, or a number that is missing or not one.
        """
        faults = cls()
        for text in texts:
            faults = faults._with(text)
        return replace(faults, dice=random.Random(faults.seed))

    def _with(self, text: str) -> Faults:
        kind, _, value = text.partition(":")
        name = kind.replace("-", "_")
        kinds = {f.name: f.type for f in fields(self) if f.name != "dice"}
        if name not in kinds:
            raise UsageError(one_of("fault", kind, (k.replace("_", "-") for k in kinds)))
        try:
            changes: dict[str, Any] = {name: _number(name, kinds[name], value)}
            return replace(self, **changes)
        except ValueError:
            raise UsageError(f"fault '{text}' needs a number: {_EXAMPLES.get(name, kind + ':1000')}") from None


_EXAMPLES = {"stuck_bit": "stuck-bit:0x08001000:3", "loss": "loss:0.001", "dup": "dup:0.001", "flip": "flip:0.001"}


def _number(name: str, kind: object, value: str) -> bool | int | float:
    if kind == "bool":
        return True
    if kind == "float":
        return float(value)
    if name == "stuck_bit":
        address, _, bit = value.partition(":")
        return 8 * int(address, 0) + int(bit or "0")
    return int(value, 0)
