"""The sweep that moves receptive field out of the patch stage: what it measures, and that it shows what it is for."""

from __future__ import annotations

from itertools import pairwise

import mobilenet
from redistribution import architectures, chart, receptive_fields, sweep

from hilbench.report.plots.plot import spec
from tests.unit.ir.test_eliminate import two_convolutions


def test_a_receptive_field_is_that_of_the_windows_on_the_way() -> None:
    """A 1x1 and a 3x3 convolution."""
    assert receptive_fields(two_convolutions(0, 0)) == {"x": 1, "m": 1, "y": 3}


def test_the_shipped_network_is_one_of_them() -> None:
    assert dict(architectures())[0] == mobilenet.GROUPS


def test_moving_receptive_field_away_makes_patches_cheaper() -> None:
    """From each network to the next, with a 3x3 grid."""
    rows = list(sweep(("3x3",)))
    layers, patched = ([row for row in rows if row.variant == variant] for variant in ("layers", "patch:3x3"))
    assert [row.moves for row in patched] == [-2, -1, 0, 1, 2]
    assert [(row.total_field, row.macs) for row in patched] == [(row.total_field, row.macs) for row in layers]
    for whole, cut in zip(layers, patched, strict=True):
        assert cut.arena < whole.arena
    for one, other in pairwise(patched):
        assert other.stage_field < one.stage_field < one.total_field < other.total_field
        assert other.extra_pct < one.extra_pct
        assert other.arena <= one.arena
    assert len(spec(chart(rows))["vconcat"]) == 2
