"""Blocks of a rolling stage: where one map alone crosses, what comes after asks for it in order.

So what a block needs does not depend on the rest of its stage, and is found once for all stages that it is part of.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from hilbench.ir.graph import Graph
from hilbench.variants.demand import Followed, Raster, follow, least_rings


@dataclass(frozen=True)
class Block:
    """Operators of a stage from `start` to before `stop`, joined to the others by one map at each end.

    `sources` flow in, `ends` flow on; `maps` are all that are written in it, sources included.
    """

    start: int
    stop: int
    sources: tuple[str, ...]
    ends: frozenset[str]
    maps: tuple[str, ...]


class Blocks:
    """The blocks of the stages of a graph whose inputs in `streamed` arrive in pieces."""

    def __init__(self, graph: Graph, streamed: tuple[str, ...]) -> None:
        self.graph, self.streamed = graph, streamed
        self._blocks: dict[tuple[int, int], list[Block]] = {}
        self._least: dict[tuple[Block, tuple[Raster, ...]], dict[str, int]] = {}
        self._followed: dict[tuple[Block, tuple[Raster, ...], frozenset[str]], Followed] = {}

    def follow(self, start: int, stop: int, rasters: Mapping[str, Raster], outputs: frozenset[str]) -> list[Followed]:
        """What each block of a stage needs; maps in `outputs` are kept in full."""
        found = []
        for block in self._cut_up(start, stop):
            whole = outputs.intersection(block.maps)
            key = (block, tuple(rasters[name] for name in block.maps), whole)
            if key not in self._followed:
                ops = range(block.start, block.stop)
                self._followed[key] = follow(self.graph, ops, rasters, block.sources, whole | block.ends)
            found.append(self._followed[key])
        return found

    def least(self, start: int, stop: int, rasters: Mapping[str, Raster], outputs: frozenset[str]) -> dict[str, int]:
        """Pixels that the rings of a stage need at least, found in less time."""
        rings: dict[str, int] = {}
        for block in self._cut_up(start, stop):
            key = (block, tuple(rasters[name] for name in block.maps))
            if key not in self._least:
                ops = range(block.start, block.stop)
                self._least[key] = least_rings(self.graph, ops, rasters, block.sources)
            rings |= {name: pixels for name, pixels in self._least[key].items() if name not in outputs | block.ends}
        return rings

    def _cut_up(self, start: int, stop: int) -> list[Block]:
        """The blocks of a stage."""
        if (start, stop) not in self._blocks:
            crossing = self._crossing(start, stop)
            bounds = [start, *(cut for cut, names in crossing.items() if len(names) == 1), stop]
            self._blocks[start, stop] = [
                self._block(first, last, crossing.get(first, frozenset()), crossing.get(last, frozenset()))
                for first, last in itertools.pairwise(bounds)
            ]
        return self._blocks[start, stop]

    def _block(self, start: int, stop: int, before: frozenset[str], after: frozenset[str]) -> Block:
        fed = {n for n in self.streamed if any(start <= p < stop for p in self.graph.consumers[n])}
        written = [self.graph.ops[p].outputs[0] for p in range(start, stop)]
        sources = sorted(before | fed)
        return Block(start, stop, tuple(sources), after.difference(sources), (*sources, *written))

    def _crossing(self, start: int, stop: int) -> dict[int, frozenset[str]]:
        """For every cut inside a stage the maps that flow across it within the stage."""
        found: dict[int, set[str]] = {cut: set() for cut in range(start + 1, stop)}
        made = [(self.graph.ops[p].outputs[0], p) for p in range(start, stop)]
        for name, position in [*made, *((name, -1) for name in self.streamed)]:
            readers = [p for p in self.graph.consumers[name] if start <= p < stop]
            if readers:
                for cut in range((readers[0] if position < 0 else position) + 1, readers[-1] + 1):
                    found[cut].add(name)
        return {cut: frozenset(names) for cut, names in found.items()}
