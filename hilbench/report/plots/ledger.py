"""Stacked bars of a ledger: items, and the rest of a total, per variant; a panel per provenance on one scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from hilbench.report.plots.bars import BAR
from hilbench.report.plots.plot import ITEMS, PAPER, WIDTH, Chart, data, hover, name, quantity
from hilbench.report.select import Reading


def ledger(part: Reading, total: str, items: Mapping[str, str], rest: str, title: str) -> Chart | None:
    """`items` are metrics by the name they are shown with; `rest` names what they leave of `total`.

    Variants whose total or any item is unknown are left out; None where all are.
    """
    found = part.totals
    kinds = part.of(total)["provenance"].drop_duplicates()
    tables = {str(kind): _table(found[found["provenance"] == kind], total, items, rest) for kind in kinds}
    tables = {kind: table for kind, table in tables.items() if len(table)}
    if not tables:
        return None
    top = 1.25 * max(float(table["total"].max()) for table in tables.values())
    panels = [_panel(table, [*items, rest], f"bytes of {title} ({kind})", top) for kind, table in tables.items()]
    return {"vconcat": panels}


def _table(found: pd.DataFrame, total: str, items: Mapping[str, str], rest: str) -> pd.DataFrame:
    by_variant = found.pivot_table(index="variant", columns="metric", values="value", sort=False)
    by_variant = by_variant.reindex(columns=[*items.values(), total]).dropna()
    parts = by_variant.set_axis([*items, "total"], axis=1)
    parts[rest] = parts["total"] - parts[list(items)].sum(axis=1)
    long = parts.reset_index().melt(id_vars=["variant", "total"], var_name="item", value_name="value")
    return long.assign(order=long["item"].map({item: place for place, item in enumerate(parts.columns)}))


def _panel(table: pd.DataFrame, items: list[str], title: str, top: float) -> Chart:
    names = list(dict.fromkeys(table["variant"]))
    colours = {"domain": items, "range": list(ITEMS[: len(items)])}
    bar: dict[str, Any] = {
        "data": data(table, "variant", "item", "value", "order"),
        "mark": {"type": "bar", "stroke": PAPER, "strokeWidth": 1},
        "encoding": {
            "x": quantity("value", title, axis={"format": "~s"}, scale={"domain": [0, top]}, stack=True),
            "color": name("item", "item", scale=colours),
            "order": {"field": "order", "type": "quantitative"},
            "tooltip": hover(variant="", item="", value=","),
        },
    }
    whole = {
        "data": data(table.drop_duplicates("variant"), "variant", "total"),
        "mark": {"type": "text", "align": "left", "dx": 4},
        "encoding": {"x": quantity("total"), "text": {"field": "total", "type": "quantitative", "format": ","}},
    }
    return {
        "encoding": {"y": name("variant", sort=names, axis={"labelLimit": 240})},
        "layer": [bar, whole],
        "width": WIDTH - 120,
        "height": BAR * len(names),
    }
