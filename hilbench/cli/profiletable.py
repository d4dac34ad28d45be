"""How `hilbench profile` looks in a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from hilbench.cli.table import plain_grid
from hilbench.profile.attribution import HotBlock, Share
from hilbench.profile.summary import Layer, Summary


def show(summary: Summary, top: int) -> None:
    """Print layers, functions, lines, instruction mix and the hottest blocks."""
    print(f"{summary.name}: {_headline(summary)}\n")
    _layers(summary)
    for title, shares in (("function", summary.functions), ("source line", summary.lines)):
        print()
        _shares(title, shares, summary, top)
    print()
    _shares("instruction class", summary.kinds, summary, top)
    for hot in summary.hottest:
        print()
        _block(hot, summary)
    for warning in summary.warnings:
        print(f"warning: {warning}")


def _headline(summary: Summary) -> str:
    total = summary.total
    counted = f"{total.instructions:,} instructions (counted)"
    if total.cycles is None:
        return f"{counted}; no cycles: no board with [timing] was named"
    return f"{counted}, {total.cycles:,} cycles (modelled, ±{total.error_pct:g} %)"


def _layers(summary: Summary) -> None:
    peak = f" of {summary.peak_macs:g}" if summary.peak_macs else ""
    headers = ("step", "MACs", "instructions", "cycles", "share", "±", "cycles/MAC", f"MACs/cycle{peak}", "flash wait")
    plain_grid(headers, (_layer(layer, summary.total) for layer in (*summary.layers, summary.total)))


def _layer(layer: Layer, total: Layer) -> tuple[str, ...]:
    whole = total.instructions if layer.cycles is None else total.cycles
    part = layer.instructions if layer.cycles is None else layer.cycles
    return (
        layer.name, f"{layer.macs:,}" if layer.macs else "", f"{layer.instructions:,}",
        "" if layer.cycles is None else f"{layer.cycles:,}", _percent(part, whole or 1),
        "" if layer.error_pct is None else f"{layer.error_pct:g} %",
        "" if layer.cycles_per_mac is None else f"{layer.cycles_per_mac:.2f}",
        "" if layer.macs_per_cycle is None else f"{layer.macs_per_cycle:.2f}",
        "" if layer.flash_share is None else f"{100 * layer.flash_share:.1f} %",
    )  # fmt: skip


def _shares(title: str, shares: Iterable[Share], summary: Summary, top: int) -> None:
    kept = list(shares)
    shown, rest = kept[:top], kept[top:]
    if rest:
        others = Share(f"{len(rest)} others", sum(s.instructions for s in rest), sum(s.cycles for s in rest))
        shown.append(others)
    plain_grid((title, "instructions", "cycles", "share"), (_share(share, summary.total) for share in shown))


def _share(share: Share, total: Layer) -> tuple[str, ...]:
    if total.cycles is None:
        return share.name, f"{share.instructions:,}", "", _percent(share.instructions, total.instructions)
    return share.name, f"{share.instructions:,}", f"{share.cycles:,.0f}", _percent(share.cycles, total.cycles)


def _block(hot: HotBlock, summary: Summary) -> None:
    block, total = hot.block, summary.total
    cost = "" if total.cycles is None else f", {hot.cycles:,.0f} cycles ({_percent(hot.cycles, total.cycles)})"
    where = hot.steps[0] if len(hot.steps) == 1 else f"{len(hot.steps)} steps"
    print(f"{hot.function} in {where}: {block.executions:,} times, left by a jump {block.taken:,} times{cost}")
    for instruction, cycles in hot.instructions:
        each = "" if total.cycles is None else f"{cycles:6.2f}  "
        print(f"  {instruction.address_of:08x}  {each}{instruction.text}")


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / max(whole, 1):.1f} %"
