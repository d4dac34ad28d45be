"""A profile in the shape that people read: layers, functions, lines, instruction mix and the hottest blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hilbench.boards.board import Timing
from hilbench.profile import attribution
from hilbench.profile.attribution import Cost, HotBlock, Share, attribute, hottest, shares
from hilbench.profile.blocks import Profile
from hilbench.profile.lines import Source
from hilbench.profile.price import Priced, executed, price
from hilbench.profile.timing import TIMINGS


@dataclass(frozen=True)
class Layer:
    """One step (or what runs between steps). What is modelled is None where the board has no timing.

    `macs_per_cycle` stands next to `peak_macs`, the int8 multiply-accumulates per cycle that the core can reach.
    """

    name: str
    step: int
    macs: int
    instructions: int
    cycles: int | None = None
    error_pct: float | None = None
    flash_share: float | None = None
    cycles_per_mac: float | None = None
    macs_per_cycle: float | None = None


@dataclass(frozen=True)
class Summary:
    """All that `hilbench profile` shows; `layers` add up to `total`, and so do functions, lines and kinds."""

    name: str
    total: Layer
    layers: tuple[Layer, ...]
    functions: tuple[Share, ...]
    lines: tuple[Share, ...]
    kinds: tuple[Share, ...]
    hottest: tuple[HotBlock, ...]
    costs: tuple[Cost, ...]
    warnings: tuple[str, ...]
    peak_macs: float | None


@dataclass(frozen=True)
class Subject:
    """What is profiled: its name, the board's timing if it has one, and multiply-accumulates by step if known."""

    name: str
    timing: Timing | None
    macs: Mapping[int, int]


def summarize(subject: Subject, profile: Profile, source: Source, blocks: int) -> Summary:
    """Everything about `profile`, with its `blocks` hottest blocks."""
    timing, macs = subject.timing, subject.macs
    priced = price(profile, timing) if timing else None
    costs = attribute(profile, source, timing)
    return Summary(
        name=subject.name,
        total=_total(profile, priced, sum(macs.values())),
        layers=tuple(_layers(profile, priced, macs)),
        functions=tuple(shares(costs, attribution.by_function)),
        lines=tuple(shares(costs, attribution.by_line)),
        kinds=tuple(shares(costs, attribution.by_kind)),
        hottest=tuple(hottest(profile, source, timing, blocks)),
        costs=costs,
        warnings=priced.warnings if priced else (),
        peak_macs=TIMINGS[timing.model].peak_macs if timing else None,
    )


def _total(profile: Profile, priced: Priced | None, macs: int) -> Layer:
    counted = Layer("total", -1, macs, sum(executed(section.blocks) for section in profile.sections))
    return _modelled(counted, priced)


def _layers(profile: Profile, priced: Priced | None, macs: Mapping[int, int]) -> list[Layer]:
    parts = priced.sections if priced else [None] * len(profile.sections)
    return [
        _modelled(Layer(section.name, section.step, macs.get(section.step, 0), executed(section.blocks)), part)
        for section, part in zip(profile.sections, parts, strict=True)
    ]


def _modelled(layer: Layer, priced: Priced | None) -> Layer:
    if priced is None:
        return layer
    return Layer(
        layer.name, layer.step, layer.macs, layer.instructions, priced.cycles, priced.error_pct, priced.flash_share,
        priced.cycles / layer.macs if layer.macs else None,
        layer.macs / priced.cycles if layer.macs and priced.cycles else None,
    )  # fmt: skip


def as_json(summary: Summary) -> dict[str, Any]:
    """`summary` as JSON values."""
    return {
        "name": summary.name,
        "total": asdict(summary.total),
        "layers": [asdict(layer) for layer in summary.layers],
        "functions": [asdict(share) for share in summary.functions],
        "lines": [asdict(share) for share in summary.lines],
        "instruction_mix": [asdict(share) for share in summary.kinds],
        "hottest_blocks": [_block(hot) for hot in summary.hottest],
        "warnings": list(summary.warnings),
        "peak_macs_per_cycle": summary.peak_macs,
    }


def _block(hot: HotBlock) -> dict[str, Any]:
    return {
        "address": f"0x{hot.block.address:08x}",
        "steps": list(hot.steps),
        "function": hot.function,
        "executions": hot.block.executions,
        "taken": hot.block.taken,
        "changes": hot.block.changes,
        "cycles": round(hot.cycles, 1),
        "instructions": [
            {"address": f"0x{i.address_of:08x}", "text": i.text, "cycles": round(cycles, 2)}
            for i, cycles in hot.instructions
        ],
    }
