"""The virtual board: a chip at the level of its registers, behind a debug probe and a serial line."""
