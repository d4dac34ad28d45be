"""Which debug probes are attached, and whether one of them belongs to a board."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from serial.tools.list_ports import comports

from hilbench.boards import Board
from hilbench.errors import TargetError, ToolError
from hilbench.targets.probe import debugger

LOG = logging.getLogger(__name__)


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
    """Whether `board` names a probe, or a probe is attached that says it sits beside the board's chip.

    pyOCD is asked only where a USB device of the board's kinds is there; that it cannot look is a warning.
    """
    if board.probe is None:
        return False
    if board.probe.unique_id:
        return True
    if not {f"{port.vid:04x}:{port.pid:04x}" for port in comports() if port.vid} & set(board.probe.usb_ids):
        return False
    try:
        return board.probe.target in {probe.target for probe in attached_probes()}
    except (TargetError, ToolError) as error:
        LOG.warning("%s: cannot look for its probe, taken as not attached: %s", board.name, error)
        return False
