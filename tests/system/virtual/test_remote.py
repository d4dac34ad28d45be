"""A board on another machine: its probe by pyOCD's remote protocol, its serial port by a URL (here on loopback)."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import serial
import serial.rfc2217

from hilbench.boards import wired
from hilbench.build import execute, prepare
from hilbench.errors import LinkError
from hilbench.targets.board import OnBoard
from hilbench.targets.session import Deadlines
from tests.system.tiny import expected, tiny
from tests.system.virtual.rig import QUICK, Rig, Start

PATIENT = Deadlines(hello=10, answer=10, run=10, repeat=1.0)

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")


class Port(serial.Serial):
    """A pseudo terminal has no modem lines, which RFC 2217 wants to tell about."""

    cts = dsr = ri = cd = property(lambda self: False)

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass


@contextmanager
def shared(port: str, rfc2217: bool) -> Iterator[str]:
    """A serial port behind a TCP socket, plain or by RFC 2217; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server, Port(port, 115200, timeout=0.05) as line:
        done = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, line, rfc2217, done))
        thread.start()
        try:
            yield f"{'rfc2217' if rfc2217 else 'socket'}://127.0.0.1:{server.getsockname()[1]}"
        finally:
            done.set()
            thread.join(timeout=10)


def _serve(server: socket.socket, line: serial.Serial, rfc2217: bool, done: threading.Event) -> None:
    client, _ = server.accept()
    client.settimeout(0.02)
    with client:
        manager = serial.rfc2217.PortManager(line, _Writer(client)) if rfc2217 else None
        while not done.is_set():
            try:
                data = client.recv(4096)
            except TimeoutError:
                data = None
            if data == b"":
                return
            line.write((b"".join(manager.filter(data)) if manager else data) if data else b"")
            back = line.read(line.in_waiting or 1)
            client.sendall(b"".join(manager.escape(back)) if manager else back)


class _Writer:
    def __init__(self, client: socket.socket) -> None:
        self.write = client.sendall


@pytest.mark.filterwarnings("ignore::DeprecationWarning:serial.rfc2217")  # pySerial's own
@pytest.mark.parametrize("rfc2217", [False, True], ids=["socket", "rfc2217"])
def test_serial_port_over_the_network(start: Start, rfc2217: bool) -> None:
    rig = start("nrf52840dk")
    with shared(rig.board.serial.port, rfc2217) as url:
        assert Rig(rig.process, wired(rig.board, port=url)).run(rig.build()) == expected(bytes(range(8)))


@pytest.mark.parametrize("name", ["disco_l475iot", "nrf52840dk", "nucleo_f767zi"])
def test_clock_as_it_is_after_reset(start: Start, name: str) -> None:
    rig = start(name)
    image = execute(prepare(tiny(), rig.board, target="board", clock="reset"))
    with OnBoard().open(rig.board, image, deadlines=QUICK) as session:
        assert session.hello.clock_hz == rig.board.clock.hz["reset"]


@pytest.mark.parametrize("name", ["disco_l475iot", "nrf52840dk"])
def test_link_through_the_probe(start: Start, name: str) -> None:
    rig = start(name, "silent-uart")
    board = wired(rig.board, port="rtt")
    image = execute(prepare(tiny(), board, target="board"))
    for data in (bytes(range(8)), bytes(8)):
        with OnBoard().open(board, image, deadlines=PATIENT) as session:
            session.write_input(0, data)
            session.run()
            assert session.read_output(0) == expected(data)
            assert session.ping(bytes(range(256))) == bytes(range(256))


def test_rtt_with_an_image_for_the_uart(start: Start) -> None:
    rig = start("nrf52840dk")
    with pytest.raises(LinkError, match="not built for RTT"), OnBoard().open(wired(rig.board, port="rtt"), rig.build()):
        pass
