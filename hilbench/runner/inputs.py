"""The inputs of a run: a dataset file's samples as the graph takes them, or seeded random ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from zipfile import BadZipFile

import numpy as np

from hilbench.errors import ConfigError
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Tensor

RANDOM_SEED, RANDOM_COUNT = 0, 2
_INTEGERS = (DType.INT8, DType.UINT8, DType.INT16)
_RIGHT = "an .npz file with x (float32, or the dtype of the model's input) and, for labels, y (integers)"


@dataclass(frozen=True)
class Inputs:
    """Samples for each graph input, stacked on a new first axis: [n, *input shape], in the input's dtype.

    `labels` are integers [n], or None. `source` says where the samples came from.
    """

    arrays: Mapping[str, Array]
    source: str
    labels: Array | None = None

    def __len__(self) -> int:
        return min(len(array) for array in self.arrays.values())

    def sample(self, index: int) -> dict[str, Array]:
        """One sample of every graph input."""
        return {name: array[index] for name, array in self.arrays.items()}

    def digest(self) -> str:
        """SHA-256 over names, shapes and bytes, as hex."""
        sha = hashlib.sha256()
        for name, array in sorted(self.arrays.items()):
            sha.update(repr((name, array.shape, array.dtype.str)).encode())
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()


def make_inputs(graph: Graph, dataset: Path | None) -> Inputs:
    """The dataset's samples for `graph`, or seeded random ones where there is no dataset.

    Raises:
        ConfigError: the dataset is not one, or does not suit the graph's inputs.
    """
    return random_inputs(graph) if dataset is None else _from_dataset(graph, dataset)


def random_inputs(graph: Graph) -> Inputs:
    """Samples from a fixed seed: integers over their whole range, floats from the standard normal distribution."""
    rng = np.random.default_rng(RANDOM_SEED)
    arrays = {name: _random(graph[name], rng) for name in graph.inputs}
    return Inputs(arrays, f"{RANDOM_COUNT} random inputs, seed {RANDOM_SEED}")


def read_calibration(graph: Graph, path: Path | None) -> dict[str, Array] | None:
    """Float32 samples [n, *input shape] of every graph input, to quantize with; None for no file.

    Raises:
        ConfigError: the file does not suit the graph's inputs, or is not float.
    """
    if path is None:
        return None
    arrays = _arrays(graph, path)
    for name, array in arrays.items():
        if not np.issubdtype(array.dtype, np.floating):
            raise ConfigError(f"'{name}' is {array.dtype}", where=str(path), right="calibration samples are float32")
    return {name: _shaped(array, graph[name], str(path)).astype(np.float32) for name, array in arrays.items()}


def _random(tensor: Tensor, rng: np.random.Generator) -> Array:
    shape = (RANDOM_COUNT, *tensor.shape)
    if tensor.dtype is DType.FLOAT32:
        return rng.standard_normal(shape, dtype=np.float32)
    if tensor.dtype in _INTEGERS:
        span = np.iinfo(tensor.dtype.numpy)
        return rng.integers(span.min, span.max, shape, tensor.dtype.numpy, endpoint=True)
    return rng.integers(0, 2, shape).astype(tensor.dtype.numpy)


def _from_dataset(graph: Graph, path: Path) -> Inputs:
    raw = _arrays(graph, path)
    arrays = {name: _as_input(array, graph[name], str(path)) for name, array in raw.items()}
    counts = {len(array) for array in arrays.values()}
    if len(counts) > 1 or 0 in counts:
        raise ConfigError(f"inputs hold {sorted(counts)} samples; all must hold the same number", where=str(path))
    labels = _labels(path, counts.pop())
    return Inputs(arrays, str(path), labels)


def _arrays(graph: Graph, path: Path) -> dict[str, Array]:
    """The file's array for each graph input: `x` where there is one input, else one array of each input's name."""
    held = _read(path)
    keys = {name: name for name in graph.inputs} if len(graph.inputs) > 1 else {graph.inputs[0]: "x"}
    missing = [key for key in keys.values() if key not in held]
    if missing:
        raise ConfigError(f"no array {missing}; it holds {sorted(held)}", where=str(path), right=_RIGHT)
    return {name: held[key] for name, key in keys.items()}


def _read(path: Path) -> dict[str, Array]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            return dict(held)
    except OSError as error:
        raise ConfigError(error.strerror or str(error), where=str(path), right=_RIGHT) from error
    except (ValueError, BadZipFile, AttributeError, TypeError, EOFError) as error:
        raise ConfigError(f"not an .npz file: {error}", where=str(path), right=_RIGHT) from error


def _as_input(array: Array, tensor: Tensor, where: str) -> Array:
    """Samples in the dtype of a graph input; real numbers are quantized with its scale and zero point."""
    array = _shaped(array, tensor, where)
    if array.dtype == tensor.dtype.numpy:
        return array
    if np.issubdtype(array.dtype, np.floating):
        if tensor.dtype is DType.FLOAT32:
            return array.astype(np.float32)
        if tensor.dtype in _INTEGERS and tensor.quant is not None:
            return quantize(array, tensor)
    raise ConfigError(f"x is {array.dtype}, input '{tensor.name}' is {tensor.dtype}", where=where, right=_RIGHT)


def quantize(real: Array, tensor: Tensor) -> Array:
    """Nearest codes of real numbers, ties away from zero, saturated; real = scale * (q - zero_point)."""
    scaled = real.astype(np.float64) / tensor.scale
    nearest = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled) + tensor.zero_point
    span = np.iinfo(tensor.dtype.numpy)
    return cast(Array, np.clip(nearest, span.min, span.max).astype(tensor.dtype.numpy))


def _shaped(array: Array, tensor: Tensor, where: str) -> Array:
    """[n, *tensor.shape]; the model's own leading axis of 1 may be left out."""
    legal = [tensor.shape] + ([tensor.shape[1:]] if tensor.shape[:1] == (1,) else [])
    if array.ndim == 0 or array.shape[1:] not in legal:
        right = " or ".join(str(["n", *shape]).replace("'", "") for shape in legal)
        what = f"samples for input '{tensor.name}' have shape {list(array.shape)}"
        raise ConfigError(what, where=where, right=f"right: {right}")
    return array.reshape(len(array), *tensor.shape)


def _labels(path: Path, count: int) -> Array | None:
    labels = _read(path).get("y")
    if labels is None:
        return None
    if not np.issubdtype(labels.dtype, np.integer) or labels.size != count:
        what = f"y is {labels.dtype} {list(labels.shape)}"
        raise ConfigError(what, where=str(path), right=f"right: {count} integers, the class of each x")
    return labels.reshape(count).astype(np.int64)
