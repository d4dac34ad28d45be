"""What a core's timing model is: documented cycles of each instruction of a block, and fixed costs of events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hilbench.profile.decode import Instruction, Kind

Issue = Callable[[Sequence[Instruction]], tuple[float, ...]]


@dataclass(frozen=True)
class CoreTiming:
    """The timing of one core.

    Args:
        name: the core as board files call it: "cortex-m4".
        source: the documents that the figures come from.
        issue: cycles of each instruction of one block, in order; their sum is the block's cycles without events.
        covers: classes of instructions that the core has and `issue` has a rule for.
        events: cycles per event (FEATURES in `hilbench.profile.price`) that belong to the core, not to a board.
        peak_macs: int8 multiply-accumulates per cycle that the core can reach at best.
    """

    name: str
    source: str
    issue: Issue
    covers: frozenset[Kind]
    events: Mapping[str, float] = field(default_factory=dict)
    peak_macs: float = 1.0
