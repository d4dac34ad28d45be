"""The graph: tensors and operators as frozen values, in execution order, every tensor written once (SSA)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hilbench.ir.dtype import DType

Array = NDArray[Any]


@dataclass(frozen=True)
class QuantParams:
    """Affine quantization, real = scale * (q - zero_point) (Jacob et al. 2018, equation 1).

    One scale and zero point for the whole tensor (`axis` None), or one of each per index of `axis`.
    Scales are float32 values, as model files store them.
    """

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None = None

    def along(self, axes: int) -> tuple[Array, Array]:
        """Scales (float64) and zero points, shaped to go with an array of so many axes."""
        shape = [-1 if axis == self.axis else 1 for axis in range(axes)]
        return np.array(self.scale, np.float64).reshape(shape), np.array(self.zero_point).reshape(shape)

    def real(self, stored: Array) -> Array:
        """The values, float64, that stored integers stand for."""
        scale, zero_point = self.along(stored.ndim)
        return np.asarray(scale * (stored.astype(np.float64) - zero_point))


@dataclass(frozen=True, eq=False)
class Tensor:
    """A named array; a constant when it has `data` (read-only, of this shape and dtype), otherwise computed.

    Layouts are TFLite's: activations NHWC; CONV_2D weights [out, kh, kw, in]; DEPTHWISE_CONV_2D weights
    [1, kh, kw, out]; FULLY_CONNECTED weights [out, in]. `storage` names how a constant lies in flash:
    "dense", or a compressed form that a sparsity technique asked for ("sparse").
    """

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: QuantParams | None = None
    data: Array | None = None
    storage: str = "dense"

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the tensor, stored dense."""
        return self.elements * self.dtype.size

    @property
    def values(self) -> Array:
        """The data of a constant; ValueError for a computed tensor."""
        if self.data is None:
            raise ValueError(f"tensor '{self.name}' is computed, not constant")
        return self.data

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantization."""
        return self._per_tensor().scale[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor quantization."""
        return self._per_tensor().zero_point[0]

    def _per_tensor(self) -> QuantParams:
        if self.quant is None or len(self.quant.scale) != 1:
            raise ValueError(f"tensor '{self.name}' is not quantized per tensor")
        return self.quant


@dataclass(frozen=True)
class Attrs:
    """Attributes of an operator; each kind that has some subclasses this as a frozen dataclass."""


@dataclass(frozen=True)
class Op:
    """One operator: `kind` is TFLite's name of it; an optional input that is absent is None.

    `index` is the operator's place in the model file it came from, so that messages can point there; operators that a
    technique inserts carry the index of the one they serve. `again`: it computes once more what another one computes.
    """

    kind: str
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]
    attrs: Attrs = field(default_factory=Attrs)
    index: int = 0
    again: bool = False

    @property
    def present_inputs(self) -> tuple[str, ...]:
        """Names of the inputs that are there."""
        return tuple(name for name in self.inputs if name is not None)


@dataclass(frozen=True, eq=False)
class Graph:
    """Operators in execution order over named tensors. Compare graphs by `digest()`."""

    name: str
    tensors: Mapping[str, Tensor]
    ops: tuple[Op, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "tensors", MappingProxyType(dict(self.tensors)))
        for tensor in self.tensors.values():
            if tensor.data is not None:
                tensor.data.setflags(write=False)

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    @cached_property
    def producer(self) -> Mapping[str, int]:
        """Position in `ops` of the operator that writes a tensor; graph inputs and constants have none."""
        return {name: position for position, op in enumerate(self.ops) for name in op.outputs}

    @cached_property
    def consumers(self) -> Mapping[str, tuple[int, ...]]:
        """Positions in `ops` of the operators that read a tensor, ascending; every tensor has an entry."""
        readers: dict[str, list[int]] = {name: [] for name in self.tensors}
        for position, op in enumerate(self.ops):
            for name in dict.fromkeys(op.present_inputs):
                readers[name].append(position)
        return {name: tuple(positions) for name, positions in readers.items()}

    def constant(self, name: str | None) -> Array | None:
        """Data of a constant input; None when the input is absent or computed."""
        return None if name is None else self.tensors[name].data

    def with_tensors(self, changed: Iterable[Tensor]) -> Graph:
        """The same graph with some tensors replaced, by name."""
        return replace(self, tensors={**self.tensors, **{tensor.name: tensor for tensor in changed}})

    def digest(self) -> str:
        """SHA-256 over everything that the firmware or the reference depends on, as hex."""
        sha = hashlib.sha256()
        for name in sorted(self.tensors):
            t = self.tensors[name]
            sha.update(repr((name, t.shape, t.dtype.value, t.quant, t.storage)).encode())
            if t.data is not None:
                sha.update(np.ascontiguousarray(t.data).tobytes())
        sha.update(repr((self.ops, self.inputs, self.outputs)).encode())
        return sha.hexdigest()
