"""Boards as data: one TOML file each."""

from hilbench.boards.board import Board, boards, find, load, wired

__all__ = ["Board", "boards", "find", "load", "wired"]
