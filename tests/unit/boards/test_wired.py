"""A board as it is attached: probe, serial port, clock profile."""

from __future__ import annotations

import pytest

from hilbench.boards import clocked, find, wired
from hilbench.errors import ConfigError, UsageError

BOARD = find("disco_l475iot")


def test_probe_and_port_do_not_change_what_a_board_is() -> None:
    attached = wired(BOARD, probe="066A", port="/dev/ttyACM3")
    assert (attached.probe.unique_id, attached.serial.port) == ("066A", "/dev/ttyACM3")
    assert attached.model_dump_json() == BOARD.model_dump_json()


def test_rtt_is_another_link() -> None:
    assert wired(BOARD, port="rtt").serial.link == "rtt"
    assert wired(wired(BOARD, port="rtt"), port="/dev/ttyACM3").serial.link == "uart"
    assert wired(BOARD) == BOARD


def test_probe_for_a_chip_that_no_probe_knows() -> None:
    with pytest.raises(ConfigError, match="probe"):
        wired(find("mps2-an386"), probe="066A")


def test_clock_profile() -> None:
    assert clocked(BOARD, "reset").clock.default == "reset"
    with pytest.raises(UsageError, match="full, reset"):
        clocked(BOARD, "turbo")
