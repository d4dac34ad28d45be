"""Longer pieces for single maps of a rolling stage, wherever that costs fewer cycles and still fits."""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.variants.cuts import Candidate, Cuts
from hilbench.variants.handed import readers
from hilbench.variants.schedule import Rolling, Schedule, Stage

LONGER = (2, 3, 4, 6, 8, 12, 16, 24, 1 << 15)
"""Lengths that are tried: kernels compute up to three or four pixels together; the last means whole rows."""


def refined(cuts: Cuts, schedule: Schedule, limit: float) -> Schedule:
    """The schedule with longer pieces in its rolling stages, each of which needs at most `limit` bytes.

    All maps of a stage start from pieces of one length. Those on which most time is spent are lengthened first, as far
    as it pays; what is left of the bytes goes to the next.
    """
    stages = (_refined(cuts, stage, limit) if isinstance(stage, Rolling) else stage for stage in schedule.stages)
    return Schedule(tuple(stages))


def _refined(cuts: Cuts, stage: Rolling, limit: float) -> Rolling:
    best = cuts.again(stage, stage.pieces, limit)
    if best is None:
        return stage
    before = None
    while before is not best:
        before = best
        for name in _slowest_first(cuts, best, limit):
            best = _lengthened(cuts, best, name, limit)
    assert isinstance(best.stage, Rolling)
    return best.stage


def _lengthened(cuts: Cuts, candidate: Candidate, name: str, limit: float) -> Candidate:
    """The best of a stage and the same one with longer pieces of a map, and of those that go with it if that helps."""
    for names in (_together(cuts, candidate.stage, name), {name}):
        best = min((candidate, *_longer(cuts, candidate, names, limit)), key=lambda each: each.cost(limit))
        if best is not candidate or len(names) == 1:
            break
    return best


def _longer(cuts: Cuts, candidate: Candidate, names: set[str], limit: float) -> Iterator[Candidate]:
    """The stage with longer pieces of some maps, as far as it fits; none if neither whole rows nor the shortest do."""
    stage = candidate.stage
    assert isinstance(stage, Rolling)
    longer = [most for most in LONGER if most > min(stage.pieces[name] for name in names)]
    ends = {*longer[:1], *longer[-1:]}
    found = {most: cuts.again(stage, {**stage.pieces, **dict.fromkeys(names, most)}, limit) for most in ends}
    if any(found.values()):
        rest = (most for most in longer if most not in ends)
        found |= {most: cuts.again(stage, {**stage.pieces, **dict.fromkeys(names, most)}, limit) for most in rest}
    return (each for _, each in sorted(found.items()) if each)


def _together(cuts: Cuts, stage: Stage, name: str) -> set[str]:
    """A map, what is handed over to make it, what it is handed over for, and so on: pieces are to be of one length."""
    assert isinstance(stage, Rolling)
    found = {name}
    for each, reader in readers(cuts.graph).items():
        out = cuts.graph.ops[reader.position].outputs[0]
        if {each, out} <= stage.pieces.keys() and found & {each, out}:
            found |= {each, out}
    return found


def _slowest_first(cuts: Cuts, candidate: Candidate, limit: float) -> list[str]:
    """What the operators of a stage write, then what arrives for them."""
    assert isinstance(candidate.stage, Rolling)
    spent = zip(candidate.stage.ops, candidate.loads, strict=True)
    written = [cuts.graph.ops[p].outputs[0] for p, _ in sorted(spent, key=lambda each: -each[1].cost(limit))]
    return [*written, *candidate.stage.streamed]
