"""Units that the families of STM32 share: ports of pins, and the USART that they have had since the F3."""

from __future__ import annotations

from collections.abc import Callable

from hilbench.virtual.bus import Peripheral
from hilbench.virtual.chip import Wiring


class Gpio(Peripheral):
    """A port of pins: modes and alternate functions are kept, levels are not modelled (RM0351, 8.5)."""

    MODER, AFRL = 0x00, 0x20

    def on_function(self, pin: int, function: int) -> bool:
        """Whether `pin` is in alternate function mode with this function."""
        mode = self.registers.get(self.MODER, 0) >> 2 * pin & 3
        chosen = self.registers.get(self.AFRL + pin // 8 * 4, 0) >> 4 * (pin % 8) & 0xF
        return mode == 2 and chosen == function


class Usart(Peripheral):
    """A USART without interrupts: CR1, BRR, ISR, ICR, RDR, TDR (RM0351, 40.8). Dead while its clock is off."""

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
