"""The host's side of the protocol: one command at a time, repeated until its answer comes or the deadline passes."""

from __future__ import annotations

import secrets
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hilbench.build.elf import resolve
from hilbench.build.image import FirmwareImage
from hilbench.errors import LinkError, TargetFault, TargetTimeout
from hilbench.targets.line import Line
from hilbench.targets.target import Hello, Session, StepSample, Watermark
from hilbench.wire import messages
from hilbench.wire.frame import PAYLOAD_MAX, Decoder, Frame
from hilbench.wire.messages import ANSWER, HelloAnswer, Kind, Want

_INPUT_CHUNK = PAYLOAD_MAX - 5
_LONGEST_PAUSE = 8.0
"""Seconds between repetitions of a command at most; each pause is twice the one before, until something is heard."""
_LAST_BYTES = 64
"""How many of the last bytes from the target a timeout shows."""


@dataclass(frozen=True)
class Deadlines:
    """Seconds: for the first answer, for any other, for an inference, and between repetitions of a command."""

    hello: float = 20.0
    answer: float = 10.0
    run: float = 300.0
    repeat: float = 0.5


class LinkSession(Session):
    """A session over a line.

    `check` is called while waiting, and raises when the target is known to be dead; `describe` says what a timeout
    should show (a command line).

    `dropped` counts frames that came and were not good or not ours, by reason; `repeated` commands sent again.
    """

    def __init__(
        self,
        line: Line,
        image: FirmwareImage,
        deadlines: Deadlines,
        *,
        check: Callable[[], None] = lambda: None,
        describe: Callable[[], str] = str,
        nonce: int = 0,
    ) -> None:
        self._line, self._image, self.deadlines = line, image, deadlines
        self._check, self._describe = check, describe
        self._nonce = nonce or secrets.randbits(31) + 1
        self._decoder = Decoder(self._nonce)
        self._frames: deque[Frame] = deque()
        self._sequence = 0
        self._last = b""
        self._log: list[str] = []
        self._streamed: dict[int, bytes] = {}
        self._sent: dict[int, int] = {}
        self._wanted = -1
        self.repeated = 0
        self.answer = self._greet()
        self.hello = self._hello(self.answer)

    @property
    def dropped(self) -> dict[str, int]:
        """Frames that were dropped, by reason."""
        return dict(self._decoder.dropped)

    def write_input(self, index: int, data: bytes) -> None:
        """See `Session`. A streamed input is kept, and sent when the target asks for it."""
        if index in self.answer.streamed:
            self._streamed[index] = data
            return
        for offset in range(0, len(data), _INPUT_CHUNK):
            self._command(Kind.INPUT, messages.pack_input(index, offset, data[offset : offset + _INPUT_CHUNK]))

    def run(self) -> list[StepSample]:
        """See `Session`."""
        self._sent.clear()
        total = messages.unpack_done(self._command(Kind.RUN, seconds=self.deadlines.run, doing="running an inference"))
        ticks: list[int] = []
        while len(ticks) < self.answer.steps:
            first, more = messages.unpack_samples(self._command(Kind.SAMPLE, messages.pack_sample(len(ticks))))
            if first != len(ticks) or not more:
                raise LinkError(f"asked for the samples from step {len(ticks)} on, got {len(more)} from {first} on")
            ticks += more
        steps = [StepSample(step, count) for step, count in enumerate(ticks)]
        return [*steps, StepSample(-1, total - sum(ticks))]

    def read_output(self, index: int) -> bytes:
        """See `Session`."""
        data, size = b"", 1
        while len(data) < size:
            chunk = messages.unpack_output(self._command(Kind.OUTPUT, messages.pack_output(index, len(data))))
            if (chunk.index, chunk.offset) != (index, len(data)) or (not chunk.data and chunk.size > len(data)):
                raise LinkError(f"asked for output {index} from byte {len(data)} on, got {chunk}")
            data, size = data + chunk.data, chunk.size
        return data

    def watermarks(self) -> list[Watermark]:
        """See `Session`; regions whose mark the target cannot know are left out."""
        marks = messages.unpack_watermarks(self._command(Kind.WATERMARK))
        return [Watermark(mark.region, mark.used, mark.size) for mark in marks if mark.size]

    def ping(self, data: bytes) -> bytes:
        """Send bytes there and back."""
        return self._command(Kind.PING, data)

    def _greet(self) -> HelloAnswer:
        payload = self._command(Kind.HELLO, seconds=self.deadlines.hello, doing="waiting for the firmware to say hello")
        answer = messages.unpack_hello(payload)
        if answer.build_id != self._image.build_id:
            raise LinkError(
                f"the target runs build {answer.build_id or '?'}, not {self._image.build_id}: stale firmware"
            )
        return answer

    def _hello(self, answer: HelloAnswer) -> Hello:
        return Hello(
            answer.build_id, answer.core, answer.clock_hz, answer.counter, answer.empty_step_ticks, answer.guards,
            tuple(self._log),
        )  # fmt: skip

    def _command(self, kind: Kind, payload: bytes = b"", seconds: float = 0, doing: str = "") -> bytes:
        """Payload of the answer.

        Raises:
            TargetTimeout, TargetFault, LinkError: no answer, a crash, or an answer that makes no sense.
        """
        self._sequence = (self._sequence + 1) & 0xFFFF
        frame = Frame(kind, self._sequence, self._nonce, payload).encode()
        seconds = seconds or self.deadlines.answer
        try:
            return self._exchange(kind, frame, seconds, doing or f"waiting for the answer to {kind.name}")
        except struct.error as error:
            raise LinkError(f"the answer to {kind.name} is malformed: {error}") from error

    def _exchange(self, kind: Kind, frame: bytes, seconds: float, doing: str) -> bytes:
        end = time.monotonic() + seconds
        pause = self.deadlines.repeat
        self.repeated -= 1
        while time.monotonic() < end:
            self._line.write(frame)
            self.repeated += 1
            heard = False
            for received in self._received(min(end, time.monotonic() + pause)):
                if (payload := self._judge(received, kind)) is not None:
                    return payload
                heard = heard or received.kind == Kind.WANT
            pause = self.deadlines.repeat if heard else min(2 * pause, _LONGEST_PAUSE)
        raise TargetTimeout(doing, seconds, self._context())

    def _received(self, until: float) -> Iterator[Frame]:
        """Good frames of this run as they come, until a point in time."""
        while time.monotonic() < until:
            while self._frames:
                yield self._frames.popleft()
            data = self._line.read()
            self._last = (self._last + data)[-_LAST_BYTES:]
            self._frames.extend(self._decoder.feed(data))
            if not data:
                self._check()
        while self._frames:
            yield self._frames.popleft()

    def _judge(self, frame: Frame, kind: Kind) -> bytes | None:
        """The answer's payload; None for what is not the answer."""
        if frame.kind == Kind.FAULT:
            raise self._fault(frame.payload)
        if frame.kind == Kind.LOG:
            self._log.append(frame.payload.decode("utf-8", "replace"))
        if frame.kind == Kind.WANT:
            self._send_rows(frame)
            return None
        if frame.sequence != self._sequence:
            return None
        if frame.kind == Kind.REFUSED:
            reason = messages.named(messages.REFUSALS, frame.payload[0]) if frame.payload else "refused"
            raise LinkError(f"the target refuses {kind.name}: {reason}")
        return frame.payload if frame.kind == kind | ANSWER else None

    def _send_rows(self, frame: Frame) -> None:
        want = messages.unpack_want(frame.payload)
        if frame.sequence != self._wanted:
            self._check_order(want)
            self._wanted = frame.sequence
        rows = self._streamed.get(want.index, b"")[want.offset : want.offset + want.size]
        if len(rows) != want.size:
            raise LinkError(f"the target asks for {want}, which no input was given for")
        self._line.write(Frame(Kind.ROWS, frame.sequence, self._nonce, rows).encode())

    def _check_order(self, want: Want) -> None:
        """A streamed input comes once, as from a camera: what has been sent is gone, unless it can be read again."""
        sent = self._sent.get(want.index, 0)
        if want.offset < sent and want.index not in self.answer.reread:
            raise LinkError(f"the target asks for {want}, but input {want.index} comes once and is at byte {sent}")
        self._sent[want.index] = want.offset + want.size

    def _fault(self, payload: bytes) -> TargetFault:
        fault = messages.unpack_fault(payload)
        step = "no step" if fault.step is None else f"step {fault.step}"
        place = resolve(self._image.elf, fault.registers["pc"]) if fault.registers["pc"] else ""
        return TargetFault(fault.kind, step, fault.registers, place or self._step_function(fault.step))

    def _step_function(self, step: int | None) -> str:
        """The function of a step, where the crash left no program counter; "" where its name is not known."""
        if step is None:
            return ""
        return next((name for name in self._image.symbols if name.startswith(f"hb_step_{step:02d}_")), "")

    def _context(self) -> str:
        said = f"last bytes from the target: {self._last.hex(' ')}" if self._last else "the target sent nothing"
        dropped = ", ".join(f"{count} by {reason}" for reason, count in self.dropped.items())
        return "\n".join(filter(None, (self._describe(), said, dropped and f"dropped frames: {dropped}")))
