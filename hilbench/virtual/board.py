"""A virtual board: chip, core, probe and serial line put together."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from pyocd.core.session import Session
from pyocd.probe.tcp_probe_server import DebugProbeServer

from hilbench.boards import Board
from hilbench.errors import ConfigError
from hilbench.virtual.bus import Bus
from hilbench.virtual.chip import CHIPS, Wiring
from hilbench.virtual.core import Core, State
from hilbench.virtual.coresight import components
from hilbench.virtual.debugport import AccessPort, AhbAp, DebugPort
from hilbench.virtual.faults import Faults
from hilbench.virtual.line import Line
from hilbench.virtual.meter import NEVER
from hilbench.virtual.probe import VirtualProbe
from hilbench.virtual.scs import SystemControl
from hilbench.virtual.timing import COUNTS

LOG = logging.getLogger(__name__)
_DOZE_SECONDS = 0.002


class VirtualBoard:
    """Serves `board`'s chip until closed; its counters count what `count` names (`COUNTS`).

    `unplugged` is called when the cable is pulled by a fault.

    Raises:
        ConfigError: the board file has no [probe], hence names no chip.
        UsageError: no virtual chip of the name that [probe] target gives.
    """

    def __init__(self, board: Board, faults: Faults, count: str, unplugged: Callable[[], None]) -> None:
        if board.probe is None:
            raise ConfigError("no [probe] section", where=board.name, right="a board with a chip that pyOCD knows")
        chip = CHIPS[board.probe.target]
        self.faults, self.line, self._unplugged = faults, Line(faults), unplugged
        self.bus = Bus([], [])
        self.core = Core(chip.core, self.bus, COUNTS[count](chip.core))
        wiring = Wiring(self.line, faults, self._lock_up, lambda: self.core.doze(_DOZE_SECONDS))
        self.parts = chip.build(wiring)
        self.scs = SystemControl(self.core, chip.core, self.bus, self.parts.vectors)
        self.bus.memories += self.parts.memories
        self.bus.peripherals += [*self.parts.peripherals, *components(self.core, self.scs)]
        self.line.on_byte = self.core.nudge
        self.scs.on_reset = self.reset
        self._serve(board.name)

    def _serve(self, name: str) -> None:
        system = AhbAp(self.bus, self.core, self.parts.hidden)
        ports: dict[int, AccessPort] = {0: system, **self.parts.ports}
        self.probe = VirtualProbe(name, DebugPort(ports), self._reset_line, self._unplugged, self.faults)
        session = Session(None, options={"serve_local_only": True})
        self.server = DebugProbeServer(session, self.probe, port=0)

    def start(self) -> None:
        """Power up: the core leaves reset, the probe answers."""
        self.core.map()
        self.core.start()
        self.core.call(self.reset)
        self.server.start()
        while self.server.port == 0:  # it reads the port back a moment after it says that it has started
            time.sleep(0.005)

    @property
    def probe_id(self) -> str:
        """What pyOCD is told to reach the probe."""
        return f"remote:localhost:{self.server.port}"

    def close(self) -> None:
        """Power down."""
        self.server.stop()
        self.core.close()
        self.line.close()

    def reset(self) -> None:
        """System reset: every unit, then the core from its vector table; on the core's thread."""
        for unit in self.bus.peripherals:
            unit.reset()
        self.line.received.clear()
        self.core.protect([], [])
        self._plan()
        if self.faults.held_in_reset:
            self.core.state = State.HELD
        else:
            self.scs.start()

    def _plan(self) -> None:
        """Faults that happen a number of cycles after reset."""
        plans: list[tuple[int | None, Callable[[], None]]] = [
            (self.faults.lockup_after, lambda: self._lock_up("as asked")),
            (self.faults.reset_after, lambda: self.core.later(self.reset)),
            (self.faults.unplug_running, self._unplugged),
        ]
        due = [(self.core.cycles + after, action) for after, action in plans if after is not None]
        self.scs.plan(*min(due, key=lambda plan: plan[0], default=(NEVER, lambda: None)))

    def _reset_line(self, asserted: bool) -> None:
        self.core.call(self._hold if asserted else self.reset)

    def _hold(self) -> None:
        self.core.state = State.HELD

    def _lock_up(self, why: str) -> None:
        LOG.error("core locked up: %s", why)
        self.core.state = State.LOCKUP
        self.core.stop_soon()
