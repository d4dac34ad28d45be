"""`hilbench plan` and `hilbench variants`."""

from __future__ import annotations

from pathlib import Path

import pytest

from hilbench.cli import plan, variants
from hilbench.errors import DoesNotFit, UsageError
from hilbench.variants.variant import FORMATS, SCHEDULES, SPARSITIES


def test_every_technique_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    variants.command()
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*FORMATS, *SPARSITIES, *SCHEDULES))


def test_a_plan_shows_steps_arena_and_peak(capsys: pytest.CaptureFixture[str]) -> None:
    plan.command("digits", board="nucleo_l4r5zi", variant="int8+rolling:input=streamed")
    shown = capsys.readouterr().out
    assert "rolling" in shown
    assert "◀ peak" in shown
    assert "lower bound" in shown
    assert "calibrated on 16 synthetic samples" in shown


def test_the_arena_is_drawn(tmp_path: Path) -> None:
    plan.command("digits", board="nucleo_l4r5zi", variant="int8+patch:2x2", plot=tmp_path / "arena.svg")
    assert (tmp_path / "arena.svg").read_text().startswith("<svg")
    with pytest.raises(UsageError, match="--plot writes SVG"):
        plan.command("digits", board="nucleo_l4r5zi", plot=tmp_path / "arena.png")


def test_an_arena_beyond_the_ram_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DoesNotFit, match="the arena alone"):
        plan.command("mobilenetv2_035_96", board="microbit", variant="float32")
    assert "lower bound" in capsys.readouterr().out


def test_inputs_may_be_streamed(capsys: pytest.CaptureFixture[str]) -> None:
    plan.command("digits", board="nucleo_l4r5zi", variant="int8+rolling:pixels=4", input="streamed")
    assert "int8+rolling:pixels=4,input=streamed" in capsys.readouterr().out
    with pytest.raises(UsageError, match="only 'rolling' streams"):
        plan.command("digits", board="nucleo_l4r5zi", variant="int8+patch", input="streamed")
