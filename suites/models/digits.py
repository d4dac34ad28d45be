"""Trains a small classifier on the handwritten digits of scikit-learn and writes it with its data sets.

    python digits.py [FOLDER]

writes digits.tflite (float32), digits_test.npz (x, y: samples that training never saw) and digits_calibration.npz (x:
training samples, for quantization). The images are 8x8 (E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten
Digits", UCI Machine Learning Repository, 1998); each pixel is drawn as 2x2, so that the first layers hold the most.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from layers import Array, Chain, Conv, Dense, Depthwise, GlobalMean, MaxPool, Residual, Softmax, write_model
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SEED = 2026
SHAPE = (16, 16, 1)
EPOCHS, BATCH, RATE = 45, 32, 8e-3
CALIBRATION_SAMPLES = 64


def images() -> tuple[Array, Array, Array, Array]:
    """Training and test images in [0, 1], training and test labels; a fifth is for the test."""
    digits = load_digits()
    x = np.kron(digits.images / 16.0, np.ones((1, 2, 2)))[..., None]
    split = train_test_split(x, digits.target, test_size=0.2, random_state=SEED, stratify=digits.target)
    return tuple(split)


def network(rng: np.random.Generator) -> Chain:
    """Convolution, pooling, depthwise separable blocks, one of them residual; 10 logits."""
    return Chain(
        [
            Conv(rng, (1, 16), kernel=3, act="RELU"),
            MaxPool(2),
            Depthwise(rng, 16, act="RELU"),
            Conv(rng, (16, 32), act="RELU"),
            Depthwise(rng, 32, stride=2, act="RELU"),
            Conv(rng, (32, 48), act="RELU"),
            Residual([Depthwise(rng, 48, act="RELU"), Conv(rng, (48, 48))]),
            GlobalMean(),
            Dense(rng, (48, 10)),
        ]
    )


def train(x: Array, labels: Array) -> Chain:
    """Adam (Kingma and Ba 2015) on the cross entropy, images shifted by up to a pixel, rate falling to zero."""
    rng = np.random.default_rng(SEED)
    net, batches = network(rng), len(x) // BATCH
    moments = [(np.zeros_like(p), np.zeros_like(p)) for layer in net.leaves() for p in layer.parameters]
    for step in range(EPOCHS * batches):
        if step % batches == 0:
            order = rng.permutation(len(x))
        chosen = order[step % batches * BATCH :][:BATCH]
        shifted = np.roll(x[chosen], rng.integers(-1, 2, 2), (1, 2))
        slope = Softmax().forward(net.forward(shifted)) - np.eye(10)[labels[chosen]]
        net.backward(slope / BATCH)
        rate = RATE * 0.5 * (1 + np.cos(np.pi * step / (EPOCHS * batches)))
        adam(net, moments, step + 1, rate)
    return net


def adam(net: Chain, moments: list[tuple[Array, Array]], step: int, rate: float) -> None:
    """One update of every parameter in place, with the paper's constants."""
    slots = iter(moments)
    for layer in net.leaves():
        for parameter, gradient in zip(layer.parameters, layer.gradients, strict=True):
            first, second = next(slots)
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            update = rate * first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
            np.subtract(parameter, update, out=parameter)


def accuracy(net: Chain, x: Array, labels: Array) -> float:
    """Part of the images whose largest logit is the label's."""
    return float((net.forward(x).argmax(1) == labels).mean())


def main(folder: Path) -> None:
    """Train and write the three files into `folder`."""
    x_train, x_test, y_train, y_test = images()
    net = train(x_train, y_train)
    print(f"accuracy: training {accuracy(net, x_train, y_train):.4f}, test {accuracy(net, x_test, y_test):.4f}")
    classifier = Chain([*net.layers, Softmax()])
    (folder / "digits.tflite").write_bytes(write_model(classifier, "digits", SHAPE))
    np.savez_compressed(folder / "digits_test.npz", x=x_test.astype(np.float32), y=y_test.astype(np.int64))
    np.savez_compressed(folder / "digits_calibration.npz", x=x_train[:CALIBRATION_SAMPLES].astype(np.float32))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
