"""Which debug probes are attached, and whether one of them belongs to a board."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from hilbench.boards import Board
from hilbench.targets.probe import debugger


@dataclass(frozen=True)
class Attached:
    """A probe by unique id; `target` is the chip beside it as the probe itself says, "" where it does not know."""

    unique_id: str
    description: str
    target: str = ""


@cache
def attached_probes() -> tuple[Attached, ...]:
    """Every probe on this machine, looked for once; none where pyOCD is not installed.

    Raises:
        TargetError, TargetTimeout: the drivers of a probe fail.
    """
    if find_spec("pyocd") is None:
        return ()
    with debugger() as process:
        return tuple(Attached(*found) for found in process.ask("probes"))


def is_attached(board: Board) -> bool:
    """Whether `board` names a probe, or a probe is attached that says it sits beside the board's chip."""
    if board.probe is None:
        return False
    return bool(board.probe.unique_id) or board.probe.target in {probe.target for probe in attached_probes()}
