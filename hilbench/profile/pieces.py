"""Putting blocks together again that the emulator cut: at the end of a page, or where a timer was due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from hilbench.profile.blocks import Block
from hilbench.profile.decode import Kind, decode

_ENDS = frozenset({Kind.BRANCH, Kind.TABLE_BRANCH, Kind.SYSTEM, Kind.BARRIER, Kind.HINT, Kind.UNKNOWN})

Counts = list[int]


def whole_blocks(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """`blocks` with every first piece joined to the block that it falls through into.

    A block that ends in the middle of straight code (no branch, never taken) goes on in the block that begins at its
    end, once for each of its executions; a processor sees one block there. The executions, taken exits and changes that
    the second one had add up to the same: those of the joined block are its share of them, rounded.
    """
    found = {(block.address, block.code): [block.executions, block.taken, block.changes] for block in blocks}
    starts: dict[int, set[bytes]] = defaultdict(set)
    for address, code in found:
        starts[address].add(code)
    # From the highest address down, so that a block cut twice is joined from its end.
    for address, code in sorted(found, reverse=True):
        _join(address, code, found, starts)
    return tuple(Block(address, code, *counts) for (address, code), counts in sorted(found.items()) if counts[0])


def _join(address: int, code: bytes, found: dict[tuple[int, bytes], Counts], starts: dict[int, set[bytes]]) -> None:
    """Join one first piece, where what follows it is not in doubt."""
    piece = found[address, code]
    following = [rest for rest in starts[address + len(code)] if found[address + len(code), rest][0]]
    if piece[1] or not _is_cut(address, code) or len(following) != 1:
        return
    rest = found[address + len(code), following[0]]
    times = piece[0]
    if times > rest[0]:
        return
    whole = found.setdefault((address, code + following[0]), [0, 0, 0])
    starts[address].add(code + following[0])
    for index, share in enumerate(_share(rest, times)):
        whole[index] += share
        rest[index] -= share
    piece[0] = piece[2] = 0


def _is_cut(address: int, code: bytes) -> bool:
    last = decode(address, code)[-1]
    return last.kind not in _ENDS and "pc" not in last.results


def _share(counts: Counts, times: int) -> Counts:
    """What `times` of the executions of a block had of its taken exits and changes."""
    executions = counts[0]
    left = executions - times
    shares = (min(max(round(count * times / executions), count - left), times, count) for count in counts[1:])
    return [times, *shares]
