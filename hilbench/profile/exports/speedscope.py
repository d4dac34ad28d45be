"""speedscope's file format: a table of frames, and samples of indices into it (speedscope, file-format-schema.json)."""

from __future__ import annotations

import json

from hilbench.profile.export import Export, Weighted
from hilbench.profile.exports import EXPORTS


def write(profile: Weighted) -> str:
    """A "sampled" profile whose weights are cycles or instructions, which the format knows as unit "none"."""
    frames = {frame: index for index, frame in enumerate(dict.fromkeys(f for s in profile.stacks for f in s.frames))}
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": f"{profile.name} ({profile.unit})",
        "exporter": "hilbench",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": frame} for frame in frames]},
        "profiles": [
            {
                "type": "sampled",
                "name": f"{profile.name} ({profile.unit})",
                "unit": "none",
                "startValue": 0,
                "endValue": profile.total,
                "samples": [[frames[frame] for frame in stack.frames] for stack in profile.stacks],
                "weights": [stack.weight for stack in profile.stacks],
            }
        ],
    }
    return json.dumps(document)


EXPORTS.add("speedscope", Export("speedscope", ".speedscope.json", write))
