"""Boards as data: one TOML file each."""

from hilbench.boards.board import Board, boards, clocked, find, load, wired

__all__ = ["Board", "boards", "clocked", "find", "load", "wired"]
