"""Chrome's trace event format, which Perfetto opens: steps in order, functions and lines within them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from hilbench.profile.export import Export, Stack, Weighted
from hilbench.profile.exports import EXPORTS


def write(profile: Weighted) -> str:
    """Complete events in microseconds of the board's clock; without a clock one instruction is one microsecond."""
    scale = 1e6 / profile.hz if profile.hz and profile.unit == "cycles" else 1.0
    names = [
        {"name": "process_name", "ph": "M", "pid": 1, "tid": 1, "args": {"name": f"{profile.name} ({profile.unit})"}},
    ]  # fmt: skip
    events = _events(list(profile.stacks), 0, 0, scale, profile.unit)
    return json.dumps({"traceEvents": [*names, *events], "displayTimeUnit": "ms"})


def _events(stacks: list[Stack], depth: int, start: int, scale: float, unit: str) -> Iterator[dict[str, Any]]:
    """Events of `stacks`, which share their first `depth` frames, from `start` on."""
    for frame, group in groupby((s for s in stacks if len(s.frames) > depth), key=lambda s: s.frames[depth]):
        inner = list(group)
        weight = sum(stack.weight for stack in inner)
        yield {
            "name": frame, "ph": "X", "pid": 1, "tid": 1, "ts": start * scale, "dur": weight * scale,
            "args": {unit: weight},
        }  # fmt: skip
        yield from _events(inner, depth + 1, start, scale, unit)
        start += weight


EXPORTS.add("chrome", Export("chrome", ".trace.json", write))
