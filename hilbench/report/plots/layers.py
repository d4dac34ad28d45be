"""Plot `layers`: a waterfall over the steps, a variant beside the baseline."""

from __future__ import annotations

import json

import pandas as pd

from hilbench.report.plots.plot import PALETTE, PLOTS, Chart, Plot, data, hover, name, quantity
from hilbench.report.select import Reading

ROW, PANEL = 18, 245
PANELS = ("cycles", "instructions", "macs", "live_bytes")
TITLES = {"macs": "MACs", "live_bytes": "bytes in use"}
ROLES = ["baseline", "variant"]


def layers(part: Reading, baseline: str = "") -> Chart | None:
    """Costs fall from step to step towards the total; memory stands at each step. A menu chooses the variant."""
    names = part.variants
    first = baseline if baseline in names else names[0]
    tables = {metric: _of_one_kind(part.per_step(metric)) for metric in PANELS if len(part.per_step(metric))}
    if not tables:
        return None
    others = [each for each in names if each != first] or [first]
    menu = {"name": "variant_shown", "value": others[0], "bind": {"input": "select", "options": others}}
    menu["bind"] |= {"name": "variant "}  # type: ignore[operator]
    steps = pd.concat(tables.values()).sort_values("position", kind="stable")["step"]
    order = list(dict.fromkeys(steps))
    panels = [_panel(table, metric, first, order, not place) for place, (metric, table) in enumerate(tables.items())]
    return {"params": [menu], "hconcat": panels, "spacing": 12, "resolve": {"scale": {"y": "shared"}}}


def _of_one_kind(steps: pd.DataFrame) -> pd.DataFrame:
    """Only the first provenance of a metric is drawn."""
    found: pd.DataFrame = steps[steps["provenance"] == steps["provenance"].iloc[0]]
    return found


def _fall(metric: str) -> list[Chart]:
    """Where each step's bar stops: costs add up from step to step, memory does not."""
    if metric == "live_bytes":
        return [{"calculate": "datum.value", "as": "stop"}]
    return [{"window": [{"op": "sum", "field": "value", "as": "stop"}], "groupby": ["variant"]}]


def _panel(table: pd.DataFrame, metric: str, baseline: str, order: list[str], named: bool) -> Chart:
    base = json.dumps(baseline)
    title = f"{TITLES.get(metric, metric)} ({table['provenance'].iloc[0]})"
    return {
        "data": data(table, "variant", "step", "value"),
        "transform": [
            {"filter": f"datum.variant == {base} || datum.variant == variant_shown"},
            {"calculate": f"datum.variant == {base} ? 'baseline' : 'variant'", "as": "role"},
            *_fall(metric),
            {"calculate": "datum.stop - datum.value", "as": "start"},
        ],
        "mark": "bar",
        "encoding": {
            "y": name("step", sort=order, scale={"domain": order}, axis={"labelLimit": 200} if named else None),
            "yOffset": {"field": "role", "type": "nominal", "scale": {"domain": ROLES}},
            "x": quantity("start", title, axis={"format": "~s", "tickCount": 4}),
            "x2": {"field": "stop"},
            "color": name("role", scale={"domain": ROLES, "range": [PALETTE[6], PALETTE[0]]}),
            "tooltip": hover(variant="", step="", value=","),
        },
        "width": PANEL,
        "height": ROW * len(order),
    }


PLOTS.add(
    "layers",
    Plot(
        "layers",
        50,
        "Layer by layer",
        "Each bar begins where the one above ends, so that the last one ends at the total; memory is what is in use "
        "while a step runs. The upper bar of a pair, grey, is the baseline.",
        layers,
    ),
)
