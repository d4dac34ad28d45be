"""Which probe is meant, and whether a board is attached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from hilbench.boards import find, wired
from hilbench.errors import LinkError, TargetError
from hilbench.targets import attached, board, probe
from hilbench.targets.attached import Attached, is_attached
from hilbench.targets.board import port_of
from hilbench.targets.probe import choose

BOARD = find("disco_l475iot")
PROBES = [["066AFF1", "ST-Link B-L475E-IOT01A", "stm32l475xg"], ["066AFF2", "ST-Link", ""]]


def port(device: str, serial_number: str = "", vid: int | None = 0x0483, pid: int = 0x374B) -> Any:
    return SimpleNamespace(device=device, serial_number=serial_number, vid=vid, pid=pid, description="VCP")


def plug(monkeypatch: pytest.MonkeyPatch, probes: list[list[str]], ports: list[Any]) -> None:
    """Let pyOCD and pySerial see these devices."""

    @contextmanager
    def fake() -> Iterator[Any]:
        yield SimpleNamespace(ask=lambda do: {"probes": probes}[do])

    monkeypatch.setattr(probe, "debugger", fake)
    monkeypatch.setattr(attached, "attached_probes", lambda: tuple(Attached(*found) for found in probes))
    monkeypatch.setattr(attached, "comports", lambda: ports)
    monkeypatch.setattr(board, "comports", lambda: ports)


def test_the_only_probe_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, PROBES[:1], [])
    assert choose("") == "066AFF1"


def test_a_part_of_the_id_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, PROBES, [])
    assert choose("aff2") == "066AFF2"


@pytest.mark.parametrize(
    ("wanted", "found", "text"), [("", PROBES, "several"), ("FF9", PROBES, "no debug probe 'FF9'")]
)
def test_what_is_attached_is_listed(
    monkeypatch: pytest.MonkeyPatch, wanted: str, found: list[list[str]], text: str
) -> None:
    plug(monkeypatch, found, [])
    with pytest.raises(TargetError, match=text) as caught:
        choose(wanted)
    assert all(unique_id in str(caught.value) for unique_id, *_ in found)


def test_no_probe_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, [], [])
    with pytest.raises(TargetError, match="attached: none"):
        choose("")


def test_attached_by_usb_device_and_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, PROBES, [port("/dev/ttyACM0")])
    assert is_attached(BOARD)
    assert not is_attached(find("nucleo_f446re")), "the probes are of the right kind, but sit beside other chips"
    assert not is_attached(find("mps2-an386"))


def test_not_attached_without_its_usb_device(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, PROBES, [port("/dev/ttyS0", vid=None)])
    assert not is_attached(BOARD)
    assert is_attached(wired(BOARD, probe="remote:lab:5555")), "naming a probe says that it is there"


def test_serial_port_of_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, PROBES, [port("/dev/ttyACM0", "066AFF2"), port("/dev/ttyACM1", "066AFF1")])
    assert port_of(BOARD, "066AFF1") == "/dev/ttyACM1"
    with pytest.raises(LinkError, match="several serial ports"):
        port_of(BOARD, "other")


def test_no_serial_port(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, PROBES, [port("/dev/ttyS0", vid=None)])
    with pytest.raises(LinkError, match="/dev/ttyS0"):
        port_of(BOARD, "066AFF1")
