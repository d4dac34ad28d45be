"""A debug probe for pyOCD whose wires end at the virtual chip."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from pyocd.core import exceptions
from pyocd.probe.debug_probe import DebugProbe

from hilbench.virtual.debugport import DebugPort, TransferFaultError
from hilbench.virtual.faults import Faults

T = TypeVar("T")


class VirtualProbe(DebugProbe):  # type: ignore[misc]  # pyOCD is not typed for us
    """SWD to one chip. `reset_line(asserted)` drives nRESET; `unplug()` is what happens when the cable comes out."""

    def __init__(
        self, name: str, port: DebugPort, reset_line: Callable[[bool], None], unplug: Callable[[], None], faults: Faults
    ) -> None:
        super().__init__()
        self._name, self._port, self._faults = name, port, faults
        self._reset_line, self._unplug = reset_line, unplug
        self._open = self._connected = self._reset_asserted = False
        self._requests = 0
        self._dice = random.Random(faults.seed)

    # -- identity ----------------------------------------------------------------------------------------------------

    @property
    def vendor_name(self) -> str:
        """Who makes it."""
        return "hilbench"

    @property
    def product_name(self) -> str:
        """What it is."""
        return f"virtual {self._name}"

    @property
    def supported_wire_protocols(self) -> Collection[DebugProbe.Protocol]:
        """SWD only."""
        return [DebugProbe.Protocol.DEFAULT, DebugProbe.Protocol.SWD]

    @property
    def unique_id(self) -> str:
        """Its serial number."""
        return f"virtual-{self._name}"

    @property
    def wire_protocol(self) -> DebugProbe.Protocol | None:
        """SWD once connected."""
        return DebugProbe.Protocol.SWD if self._connected else None

    @property
    def is_open(self) -> bool:
        """Whether a client has opened it."""
        return self._open

    @property
    def capabilities(self) -> set[DebugProbe.Capability]:
        """The line sequences that select SWD are ours to send."""
        return {DebugProbe.Capability.SWJ_SEQUENCE}

    # -- connection --------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Nothing to open."""
        self._open = True

    def close(self) -> None:
        """Nothing to close."""
        self._open = False

    def lock(self) -> None:
        """A probe on USB has one client at a time; a client that dies must not leave a lock behind."""

    def unlock(self) -> None:
        """See `lock`."""

    def connect(self, protocol: DebugProbe.Protocol | None = None) -> None:
        """Bring up the wires."""
        self._connected = True

    def disconnect(self) -> None:
        """Let go of the wires."""
        self._connected = False

    def swj_sequence(self, length: int, bits: int) -> None:
        """Line resets and the switch to SWD: the port is SWD already."""
        self._count()

    def set_clock(self, frequency: float) -> None:
        """Any rate will do."""

    def reset(self) -> None:
        """Pulse nRESET."""
        self.assert_reset(True)
        self.assert_reset(False)

    def assert_reset(self, asserted: bool) -> None:
        """Drive nRESET low, or let go of it."""
        self._count()
        self._reset_asserted = asserted
        self._reset_line(asserted)

    def is_reset_asserted(self) -> bool:
        """Whether this probe drives nRESET."""
        return self._reset_asserted

    def flush(self) -> None:
        """Nothing is queued."""

    # -- transfers ---------------------------------------------------------------------------------------------------

    def read_dp(self, addr: int, now: bool = True) -> Any:
        """Read a register of the debug port."""
        return self._answer(lambda: self._port.read_dp(addr), now)

    def write_dp(self, addr: int, data: int) -> None:
        """Write a register of the debug port."""
        self._transfer(lambda: self._port.write_dp(addr, data))

    def read_ap(self, addr: int, now: bool = True) -> Any:
        """Read a register of the selected access port."""
        return self._answer(lambda: self._port.read_ap(addr)[0], now)

    def write_ap(self, addr: int, data: int) -> None:
        """Write a register of the selected access port."""
        self._transfer(lambda: self._port.write_ap(addr, [data]))

    def read_ap_multiple(self, addr: int, count: int = 1, now: bool = True) -> Any:
        """Read one register `count` times."""
        return self._answer(lambda: self._port.read_ap(addr, count), now)

    def write_ap_multiple(self, addr: int, values: Sequence[int]) -> None:
        """Write one register several times."""
        self._transfer(lambda: self._port.write_ap(addr, list(values)))

    def _answer(self, work: Callable[[], T], now: bool) -> T | Callable[[], T]:
        value = self._transfer(work)
        return value if now else lambda: value

    def _transfer(self, work: Callable[[], T]) -> T:
        self._count()
        if self._faults.nack and self._dice.random() < self._faults.nack:
            raise exceptions.TransferError("no acknowledge")
        try:
            return work()
        except TransferFaultError as error:
            raise exceptions.TransferFaultError(str(error)) from error

    def _count(self) -> None:
        self._requests += 1
        if self._faults.unplug_after is not None and self._requests > self._faults.unplug_after:
            self._unplug()
            raise exceptions.ProbeDisconnected("the probe is gone")
