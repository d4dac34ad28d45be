"""Constant arrays as C text, compact."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hilbench.ir.graph import Array

_ALIGNMENT = 8
"""A line of flash, as microcontrollers read it: pairs of words that begin with one cost one access."""
_C_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "float32": "float",
}
_PER_LINE = {"int8": 19, "uint8": 23, "int16": 14, "uint16": 16, "int32": 9, "float32": 7}
"""Elements that fit into a line of 120 characters."""


@dataclass(frozen=True)
class ConstArray:
    """A constant array of the generated C: its name, its elements (1-D), and a comment that says what it holds."""

    name: str
    data: Array
    comment: str

    @property
    def declaration(self) -> str:
        """Without storage class and initialiser; an array has at least one element in C."""
        kind = _C_TYPES[self.data.dtype.name]
        return f"const {kind} {self.name}[{max(len(self.data), 1)}]"

    @property
    def definition(self) -> str:
        """The array with its elements, aligned for access by words, and by lines of flash."""
        attribute = f" __attribute__((aligned({_ALIGNMENT})))" if self.data.dtype.itemsize < _ALIGNMENT else ""
        return f"{self.declaration}{attribute} = {{\n{_elements(self.data)}\n}};"


def _elements(data: Array) -> str:
    items = [number(value) for value in data.tolist()] or ["0"]
    per_line = _PER_LINE[data.dtype.name]
    lines = (", ".join(items[start : start + per_line]) for start in range(0, len(items), per_line))
    return ",\n".join(f"    {line}" for line in lines)


def number(value: float | int) -> str:
    """A C literal that denotes exactly this int, or this float32."""
    if isinstance(value, int):
        return "INT32_MIN" if value == -(2**31) else str(value)
    if not math.isfinite(value):
        return "NAN" if math.isnan(value) else f"{'-' if value < 0 else ''}INFINITY"
    text = np.format_float_scientific(np.float32(value), unique=True, trim="0")
    return f"{text}f"
