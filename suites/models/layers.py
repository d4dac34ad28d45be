"""Layers of small networks in numpy float64: forward, backward, and how each is written to a TensorFlow Lite file.

Activations are [batch, rows, columns, channels]. Weights lie as TensorFlow Lite stores them. Convolutions pad as its
SAME does: an odd pixel of padding goes after the map.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from tflite_writer import TfliteModel, activation_type, conv_options, pool_options

Array = NDArray[np.float64]
Spot = tuple[slice, slice, slice]


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pixels before and after one axis, such that the output has ceil(size / stride) pixels."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class Layer:
    """A function with parameters; `forward` keeps what `backward` needs."""

    def __init__(self) -> None:
        self.parameters: list[Array] = []
        self.gradients: list[Array] = []

    def forward(self, x: Array) -> Array:
        """The output for a batch."""
        raise TypeError(f"{type(self).__name__} has no forward")

    def backward(self, gradient: Array) -> Array:
        """Gradient of the loss with respect to the input; fills `gradients`."""
        raise TypeError(f"{type(self).__name__} is not trained")

    def write(self, model: TfliteModel, x: int, name: str) -> int:
        """Add this layer to `model` after tensor `x`; the index of its output."""
        raise TypeError(f"{type(self).__name__} cannot be written")

    def leaves(self) -> Iterator[Layer]:
        """This layer, or those that it is made of."""
        yield self


class _Window(Layer):
    """What slides a square window over a map: `_spots` yields each tap with the input pixels it meets."""

    def __init__(self, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def _pad(self, x: Array, fill: float = 0.0) -> Array:
        pads = [same_padding(n, self.kernel, self.stride) for n in x.shape[1:3]]
        self._crop = tuple(slice(before, before + n) for (before, _), n in zip(pads, x.shape[1:3], strict=True))
        return np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=fill)

    def _unpad(self, x: Array) -> Array:
        return x[:, self._crop[0], self._crop[1]]

    def _spots(self, padded: Array) -> Iterator[tuple[int, int, Spot]]:
        rows, cols = ((n - self.kernel) // self.stride + 1 for n in padded.shape[1:3])
        for i, j in product(range(self.kernel), repeat=2):
            yield (
                i,
                j,
                (slice(None), *(slice(k, k + n * self.stride, self.stride) for k, n in ((i, rows), (j, cols)))),
            )


class Conv(_Window):
    """CONV_2D with a fused activation: "NONE", "RELU" or "RELU6"."""

    def __init__(
        self, rng: np.random.Generator, channels: tuple[int, int], kernel: int = 1, stride: int = 1, act: str = "NONE"
    ) -> None:
        super().__init__(kernel, stride)
        self.activation = act
        fan_in = kernel * kernel * channels[0]
        weights = rng.normal(0.0, np.sqrt(2.0 / fan_in), (channels[1], kernel, kernel, channels[0]))  # He et al. 2015
        self.parameters = [weights, np.zeros(channels[1])]

    def forward(self, x: Array) -> Array:
        """Sum over the taps of a matrix product each."""
        weights, bias = self.parameters
        self._x = self._pad(x)
        y = bias + sum(self._x[spot] @ weights[:, i, j].T for i, j, spot in self._spots(self._x))
        return self._activate(y)

    def backward(self, gradient: Array) -> Array:
        """Transposed products of the forward pass."""
        gradient = gradient * self._passed
        weights, dx, dw = self.parameters[0], np.zeros_like(self._x), np.zeros_like(self.parameters[0])
        for i, j, spot in self._spots(self._x):
            dw[:, i, j] = np.tensordot(gradient, self._x[spot], axes=((0, 1, 2), (0, 1, 2)))
            dx[spot] += gradient @ weights[:, i, j]
        self.gradients = [dw, gradient.sum((0, 1, 2))]
        return self._unpad(dx)

    def write(self, model: TfliteModel, x: int, name: str) -> int:
        """One operator with weights and bias."""
        return self._write(model, x, name, "CONV_2D", {})

    def standardise(self, x: Array, mean: float, deviation: float) -> None:
        """Scale weights and set biases so that each channel has this mean and deviation before the activation.

        What batch normalization leaves behind in a trained network (Ioffe and Szegedy 2015), and what keeps the
        activations of an untrained one in a range that can be quantized.
        """
        activation, self.activation = self.activation, "NONE"
        y = self.forward(x)
        self.activation = activation
        factor = deviation / y.std((0, 1, 2))
        self._scale_channels(factor)
        self.parameters[1] = self.parameters[1] * factor + mean - y.mean((0, 1, 2)) * factor

    def _scale_channels(self, factor: Array) -> None:
        self.parameters[0] = self.parameters[0] * factor[:, None, None, None]

    def _activate(self, y: Array) -> Array:
        low, high = {"NONE": (-np.inf, np.inf), "RELU": (0.0, np.inf), "RELU6": (0.0, 6.0)}[self.activation]
        self._passed = (y > low) & (y < high)
        return np.clip(y, low, high)

    def _write(self, model: TfliteModel, x: int, name: str, kind: str, extra: dict[str, int]) -> int:
        weights, bias = (p.astype(np.float32) for p in self.parameters)
        rows, cols = (-(-n // self.stride) for n in model.tensors[x].shape[1:3])
        inputs = [x, model.constant(f"{name}/weights", weights), model.constant(f"{name}/bias", bias)]
        options = conv_options("SAME", (self.stride, self.stride), activation=self.activation) | extra
        return model.op(kind, inputs, name, (1, rows, cols, bias.size), options=options)


class Depthwise(Conv):
    """DEPTHWISE_CONV_2D with a fused activation and multiplier 1."""

    def __init__(
        self, rng: np.random.Generator, channels: int, kernel: int = 3, stride: int = 1, act: str = "NONE"
    ) -> None:
        super().__init__(rng, (1, channels), kernel, stride, act)
        self.parameters[0] = self.parameters[0].transpose(3, 1, 2, 0)  # to [1, rows, columns, channels]

    def forward(self, x: Array) -> Array:
        """Sum over the taps of a product per channel."""
        weights, bias = self.parameters
        self._x = self._pad(x)
        return self._activate(bias + sum(self._x[spot] * weights[0, i, j] for i, j, spot in self._spots(self._x)))

    def backward(self, gradient: Array) -> Array:
        """Products of the forward pass, summed the other way."""
        gradient = gradient * self._passed
        weights, dx, dw = self.parameters[0], np.zeros_like(self._x), np.zeros_like(self.parameters[0])
        for i, j, spot in self._spots(self._x):
            dw[0, i, j] = (gradient * self._x[spot]).sum((0, 1, 2))
            dx[spot] += gradient * weights[0, i, j]
        self.gradients = [dw, gradient.sum((0, 1, 2))]
        return self._unpad(dx)

    def write(self, model: TfliteModel, x: int, name: str) -> int:
        """One operator with weights and bias."""
        return self._write(model, x, name, "DEPTHWISE_CONV_2D", {"DepthMultiplier": 1})

    def _scale_channels(self, factor: Array) -> None:
        self.parameters[0] = self.parameters[0] * factor


class MaxPool(_Window):
    """MAX_POOL_2D over windows that touch and do not overlap."""

    def __init__(self, size: int) -> None:
        super().__init__(size, size)

    def forward(self, x: Array) -> Array:
        """The largest of each window."""
        self._x = self._pad(x, -np.inf)
        self._y = np.max([self._x[spot] for _, _, spot in self._spots(self._x)], axis=0)
        return self._y

    def backward(self, gradient: Array) -> Array:
        """The gradient goes to every input that equals the largest."""
        dx = np.zeros_like(self._x)
        for _, _, spot in self._spots(self._x):
            dx[spot] = gradient * (self._x[spot] == self._y)
        return self._unpad(dx)

    def write(self, model: TfliteModel, x: int, name: str) -> int:
        """One operator."""
        _, rows, cols, channels = model.tensors[x].shape
        shape = (1, -(-rows // self.stride), -(-cols // self.stride), channels)
        window = (self.kernel, self.kernel)
        return model.op("MAX_POOL_2D", [x], name, shape, options=pool_options("SAME", window, window))


class GlobalMean(Layer):
    """MEAN over rows and columns."""

    def forward(self, x: Array) -> Array:
        """[batch, channels]."""
        self._shape = x.shape
        return x.mean((1, 2))

    def backward(self, gradient: Array) -> Array:
        """The gradient spread evenly."""
        pixels = self._shape[1] * self._shape[2]
        return np.broadcast_to(gradient[:, None, None, :] / pixels, self._shape)

    def write(self, model: TfliteModel, x: int, name: str) -> int:
        """One operator with its axes as a constant."""
        axes = model.constant(f"{name}/axes", np.array([1, 2], np.int32))
        shape = (1, model.tensors[x].shape[3])
        return model.op("MEAN", [x, axes], name, shape, options={"KeepDims": False})


class Dense(Layer):
    """FULLY_CONNECTED on [batch, channels]."""

    def __init__(self, rng: np.random.Generator, channels: tuple[int, int]) -> None:
        super().__init__()
        weights = rng.normal(0.0, np.sqrt(1.0 / channels[0]), (channels[1], channels[0]))
        self.parameters = [weights, np.zeros(channels[1])]

    def forward(self, x: Array) -> Array:
        """A matrix product and the bias."""
        self._x = x
        return x @ self.parameters[0].T + self.parameters[1]

    def backward(self, gradient: Array) -> Array:
        """Transposed product."""
        self.gradients = [gradient.T @ self._x, gradient.sum(0)]
        return gradient @ self.parameters[0]

    def write(self, model: TfliteModel, x: int, name: str) -> int:
        """One operator with weights and bias."""
        weights, bias = (p.astype(np.float32) for p in self.parameters)
        inputs = [x, model.constant(f"{name}/weights", weights), model.constant(f"{name}/bias", bias)]
        options = {"FusedActivationFunction": activation_type("NONE"), "KeepNumDims": False}
        return model.op("FULLY_CONNECTED", inputs, name, (1, weights.shape[0]), options=options)


class Softmax(Layer):
    """SOFTMAX at the end of a classifier; left out while training, where the loss contains it."""

    def forward(self, x: Array) -> Array:
        """Probabilities."""
        exponentials = np.exp(x - x.max(-1, keepdims=True))
        return exponentials / exponentials.sum(-1, keepdims=True)

    def write(self, model: TfliteModel, x: int, name: str) -> int:
        """One operator."""
        return model.op("SOFTMAX", [x], name, model.tensors[x].shape, options={"Beta": 1.0})


class Chain(Layer):
    """Layers one after the other."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.layers = list(layers)

    def forward(self, x: Array) -> Array:
        """Through all layers."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, gradient: Array) -> Array:
        """Back through all layers."""
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return gradient

    def write(self, model: TfliteModel, x: int, name: str) -> int:
        """All layers, numbered."""
        for number, layer in enumerate(self.layers):
            x = layer.write(model, x, f"{name}/{number}_{type(layer).__name__.lower()}")
        return x

    def leaves(self) -> Iterator[Layer]:
        """The layers inside, in order."""
        for layer in self.layers:
            yield from layer.leaves()


class Residual(Chain):
    """Layers whose input is added to their output (ADD)."""

    def forward(self, x: Array) -> Array:
        """Input plus what the layers make of it."""
        return x + super().forward(x)

    def backward(self, gradient: Array) -> Array:
        """Both ways."""
        return gradient + super().backward(gradient)

    def write(self, model: TfliteModel, x: int, name: str) -> int:
        """The layers and one ADD."""
        y = super().write(model, x, name)
        options = {"FusedActivationFunction": activation_type("NONE")}
        return model.op("ADD", [x, y], f"{name}/add", model.tensors[x].shape, options=options)


def write_model(network: Chain, name: str, input_shape: tuple[int, int, int]) -> bytes:
    """The float32 TensorFlow Lite file of `network`, for inputs of [rows, columns, channels]."""
    model = TfliteModel(name)
    x = model.input("input", (1, *input_shape))
    return model.to_bytes([network.write(model, x, name)])
