"""Boards as data: one TOML file each."""

from hilbench.boards.board import Board, boards, find, load

__all__ = ["Board", "boards", "find", "load"]
