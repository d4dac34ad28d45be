"""hilbench: which variant of a neural network to ship on a microcontroller, and whether last night made it worse."""

__version__ = "0.1.0"
