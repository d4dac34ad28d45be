"""Stacked bars of a ledger: items, and the rest of a total, per variant; a panel per provenance on one scale."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd

from hilbench.report import select
from hilbench.report.plots.bars import BAR
from hilbench.report.plots.plot import ITEMS, PAPER, WIDTH, Chart, hover


def ledger(frame: pd.DataFrame, total: str, items: Mapping[str, str], rest: str, title: str) -> Chart | None:
    """`items` are metrics by the name they are shown with; `rest` names what they leave of `total`.

    None where no variant has a total.
    """
    found = select.totals(frame)
    kinds = found[found["metric"] == total]["provenance"].drop_duplicates()
    tables = {str(kind): _table(found[found["provenance"] == kind], total, items, rest) for kind in kinds}
    if not tables:
        return None
    top = 1.25 * max(table["total"].max() for table in tables.values())
    panels = [_panel(table, [*items, rest], f"bytes of {title} ({kind})", top) for kind, table in tables.items()]
    return alt.vconcat(*panels)


def _table(found: pd.DataFrame, total: str, items: Mapping[str, str], rest: str) -> pd.DataFrame:
    by_variant = found.pivot_table(index="variant", columns="metric", values="value", sort=False)
    parts = pd.DataFrame({name: by_variant.get(metric, 0.0) for name, metric in items.items()}, index=by_variant.index)
    parts[rest] = by_variant[total] - parts.sum(axis=1)
    long = parts.reset_index().melt(id_vars="variant", var_name="item", value_name="value")
    long["total"] = long["variant"].map(by_variant[total].to_dict())
    return long[long["total"].notna()]


def _panel(table: pd.DataFrame, items: list[str], title: str, top: float) -> alt.LayerChart:
    names = list(dict.fromkeys(table["variant"]))
    order = {name: place for place, name in enumerate(items)}
    base = alt.Chart(table.assign(order=table["item"].map(order))).encode(
        y=alt.Y("variant:N", sort=names, title=None, axis=alt.Axis(labelLimit=240))
    )
    scale = alt.Scale(domain=[0, float(top)])
    bar = base.mark_bar(stroke=PAPER, strokeWidth=1).encode(
        x=alt.X("value:Q", title=title, axis=alt.Axis(format="~s"), scale=scale, stack=True),
        color=alt.Color("item:N", scale=alt.Scale(domain=items, range=list(ITEMS[: len(items)])), title="item"),
        order=alt.Order("order:Q"),
        tooltip=hover(variant="", item="", value=","),
    )
    number = base.mark_text(align="left", dx=4).encode(x=alt.X("total:Q"), text=alt.Text("total:Q", format=","))
    whole = number.transform_filter(f"datum.item == '{items[0]}'")
    panel: alt.LayerChart = (bar + whole).properties(width=WIDTH - 120, height=BAR * len(names))
    return panel
