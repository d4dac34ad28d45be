"""Units that the families of STM32 share: clock control, flash controller, pins, and the USART since the F3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from hilbench.virtual.bus import Memory, Peripheral
from hilbench.virtual.chip import Wiring
from hilbench.virtual.faults import Faults
from hilbench.virtual.flash import FlashPeripheral

HSI_HZ = 16_000_000


class ClockControl(Peripheral):
    """RCC: oscillators are ready at once, the system clock is the one chosen. A family adds where its registers are.

    `CR`, `CFGR` and `PLLCFGR` are offsets; `READY` gives the ready bit of CR for every enable bit.
    """

    CR: ClassVar[int] = 0x00
    CFGR: ClassVar[int]
    PLLCFGR: ClassVar[int]
    READY: ClassVar[Mapping[int, int]]

    def __init__(self, base: int, initial: Mapping[int, int]) -> None:
        super().__init__(base, initial)
        self.on_clock: Callable[[], None] = lambda: None

    def read(self, offset: int) -> int:
        """Ready bits follow enable bits; SWS of CFGR follows SW."""
        value = super().read(offset)
        if offset == self.CR:
            return value | sum((value >> enable & 1) << ready for enable, ready in self.READY.items())
        return (value & ~0xC) | (value & 3) << 2 if offset == self.CFGR else value

    def write(self, offset: int, value: int) -> None:
        """A change of the clock may be one that flash or regulator cannot follow."""
        super().write(offset, value)
        if offset in (self.CR, self.CFGR, self.PLLCFGR):
            self.on_clock()

    def enabled(self, offset: int, bit: int) -> bool:
        """Whether this bit of an enable register is set."""
        return bool(self.registers.get(offset, 0) >> bit & 1)


class FlashController(FlashPeripheral):
    """Keys, erasing, and errors that stand until they are cleared; a family adds its registers and rules.

    ACR, KEYR, SR, CR are offsets; STRT, LOCK, EOPIE bits of CR; ERRORS the error bits of SR. EOP, bit 0 of SR, shows
    only where its interrupt is enabled.
    """

    ACR: ClassVar[int] = 0x00
    KEYR: ClassVar[int]
    SR: ClassVar[int]
    CR: ClassVar[int]
    ERRORS: ClassVar[int]
    EOP, STRT, EOPIE, LOCK = 1 << 0, 1 << 16, 1 << 24, 1 << 31

    def __init__(self, base: int, initial: Mapping[int, int], array: Memory, faults: Faults) -> None:
        super().__init__(base, initial, array, faults)
        self._keys: list[int] = []

    @property
    def wait_states(self) -> int:
        """ACR.LATENCY."""
        return self.registers.get(self.ACR, 0) & 0xF

    def write(self, offset: int, value: int) -> None:
        """Keys unlock CR; STRT erases; status bits are cleared by writing 1."""
        if offset == self.KEYR:
            self._keys = [*self._keys, value][-2:]
            if self._keys == [0x4567_0123, 0xCDEF_89AB]:
                self.registers[self.CR] &= ~self.LOCK
        elif offset == self.SR:
            self.registers[self.SR] = self.read(self.SR) & ~value
        elif offset == self.CR:
            self._control(value)
        else:
            super().write(offset, value)

    def _control(self, value: int) -> None:
        if self.registers[self.CR] & self.LOCK:
            return
        self.registers[self.CR] = value & ~self.STRT
        if value & self.LOCK:
            self._keys = []
        if value & self.STRT:
            self._erase(value)

    def _erase(self, control: int) -> None:
        """Erase what the bits of CR say; a family's own."""

    def _status(self, bits: int) -> None:
        self.registers[self.SR] = self.read(self.SR) | bits

    def _done(self) -> None:
        if self.registers[self.CR] & self.EOPIE:
            self._status(self.EOP)

    def _failed(self) -> bool:
        return bool(self.read(self.SR) & self.ERRORS)


class Gpio(Peripheral):
    """A port of pins: modes and alternate functions are kept, levels are not modelled (RM0351, GPIO registers).

    `modes` is MODER after reset.
    """

    MODER, AFRL = 0x00, 0x20

    def __init__(self, base: int, modes: int) -> None:
        super().__init__(base, {self.MODER: modes})

    def on_function(self, pin: int, function: int) -> bool:
        """Whether `pin` is in alternate function mode with this function."""
        mode = self.registers.get(self.MODER, 0) >> 2 * pin & 3
        chosen = self.registers.get(self.AFRL + pin // 8 * 4, 0) >> 4 * (pin % 8) & 0xF
        return mode == 2 and chosen == function


class Usart(Peripheral):
    """CR1, BRR, ISR, ICR, RDR, TDR of a USART without interrupts (RM0351, USART). Dead while its clock is off."""

    CR1, BRR, ISR, ICR, RDR, TDR = 0x00, 0x0C, 0x1C, 0x20, 0x24, 0x28

    def __init__(self, base: int, wiring: Wiring, clocked: Callable[[], bool], wired: Callable[[], bool]) -> None:
        super().__init__(base)
        self.line, self.clocked, self.wired, self._doze = wiring.line, clocked, wired, wiring.doze
        self.hz: Callable[[], float] = lambda: 0.0
        self._polls = 0
        wiring.line.baud = self.baud

    def baud(self) -> float:
        """fck / USARTDIV, oversampling by 16; 0 while it is off."""
        divider = self.registers.get(self.BRR, 0)
        return self.hz() / divider if divider and self._on() else 0.0

    def _on(self) -> bool:
        return self.clocked() and self.wired() and bool(self.registers.get(self.CR1, 0) & 1)

    def read(self, offset: int) -> int:
        """RXNE shows whether a byte came; the transmitter is always ready."""
        if not self.clocked():
            return 0
        if offset == self.ISR:
            return self._status()
        if offset == self.RDR:
            self._polls = 0
            return self._receive()
        return super().read(offset)

    def _status(self) -> int:
        waiting = self._on() and bool(self.line.received) and self.registers.get(self.CR1, 0) & 4
        self._polls = 0 if waiting else self._polls + 1
        if self._polls > 200:
            self._doze()
            waiting = self._on() and bool(self.line.received)
        return 0x0060_00C0 | (0x20 if waiting else 0)

    def _receive(self) -> int:
        return self.line.received.popleft() if self.line.received and self._on() else 0

    def write(self, offset: int, value: int) -> None:
        """TDR sends, where transmitter and pin are on."""
        if not self.clocked():
            return
        if offset == self.TDR:
            self._polls = 0
            if self._on() and self.registers.get(self.CR1, 0) & 8:
                self.line.send(bytes([value & 0xFF]))
        else:
            super().write(offset, value)
            if offset == self.CR1 and not value & 1:
                self.line.received.clear()
