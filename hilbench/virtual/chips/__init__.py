"""Chips of the virtual board, one file each: memories, identity, flash controller, clocks, pins, serial unit."""
