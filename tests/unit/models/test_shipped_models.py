"""The models in suites/models are what their scripts make, and good for what they are there for."""

from __future__ import annotations

from pathlib import Path

import digits
import mobilenet
import numpy as np
import pytest
import tflite
from ai_edge_litert.interpreter import Interpreter
from layers import Chain, Softmax, write_model

FOLDER = Path(digits.__file__).parent


def constants(content: bytes) -> dict[str, np.ndarray]:
    """Float constants of a model file by name."""
    model = tflite.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
    found = {t.Name().decode(): (t.ShapeAsNumpy(), model.Buffers(t.Buffer())) for t in tensors}
    return {
        name: buffer.DataAsNumpy().view(np.float32).reshape(shape)
        for name, (shape, buffer) in found.items()
        if buffer.DataLength() and not name.endswith("axes")
    }


def interpret(path: Path, samples: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    into, out = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    results = []
    for sample in samples:
        interpreter.set_tensor(into, sample[None])
        interpreter.invoke()
        results.append(interpreter.get_tensor(out)[0])
    return np.array(results)


def assert_same_model(made: bytes, committed: bytes, tolerance: float) -> None:
    """Equal but for rounding: linear algebra libraries sum in different orders."""
    mine, theirs = constants(made), constants(committed)
    assert mine.keys() == theirs.keys()
    assert len(made) == len(committed)
    for name, value in mine.items():
        np.testing.assert_allclose(value, theirs[name], rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.fixture(scope="module")
def trained() -> Chain:
    x, _, labels, _ = digits.images()
    return digits.train(x, labels)


def test_training_reproduces_the_committed_digits(trained: Chain) -> None:
    made = write_model(Chain([*trained.layers, Softmax()]), "digits", digits.SHAPE)
    assert_same_model(made, (FOLDER / "digits.tflite").read_bytes(), tolerance=1e-5)


def test_data_sets_are_those_of_the_script() -> None:
    x_train, x_test, _, y_test = digits.images()
    with np.load(FOLDER / "digits_test.npz") as test, np.load(FOLDER / "digits_calibration.npz") as calibration:
        assert np.array_equal(test["x"], x_test.astype(np.float32)) and np.array_equal(test["y"], y_test)
        assert np.array_equal(calibration["x"], x_train[: digits.CALIBRATION_SAMPLES].astype(np.float32))


def test_training_never_saw_a_test_image() -> None:
    x_train, x_test, _, _ = digits.images()
    seen = {sample.tobytes() for sample in x_train}
    assert not [i for i, sample in enumerate(x_test) if sample.tobytes() in seen]


def test_digits_are_recognised_by_the_interpreter() -> None:
    with np.load(FOLDER / "digits_test.npz") as test:
        correct = interpret(FOLDER / "digits.tflite", test["x"]).argmax(1) == test["y"]
    assert len(correct) == 360
    assert correct.mean() >= 0.97


def test_mobilenet_script_reproduces_the_committed_file() -> None:
    made = write_model(mobilenet.make(), "mobilenetv2_035_96", mobilenet.SHAPE)
    assert_same_model(made, (FOLDER / "mobilenetv2_035_96.tflite").read_bytes(), tolerance=1e-5)


def test_mobilenet_in_the_interpreter_equals_the_script() -> None:
    images = mobilenet.images(np.random.default_rng(7), 2)
    got = interpret(FOLDER / "mobilenetv2_035_96.tflite", images.astype(np.float32))
    np.testing.assert_allclose(got, mobilenet.make().forward(images), atol=1e-5)


def test_mobilenet_activations_can_be_quantized() -> None:
    """No channel is dead and none dwarfs the others: 8 bits per tensor leave each channel at least a few steps."""
    x = mobilenet.images(np.random.default_rng(7), 2)
    for block in mobilenet.make().layers[:-3]:
        x = block.forward(x)
        spread = x.std((0, 1, 2))
        step = (x.max() - x.min()) / 255
        assert (spread > 4 * step).all()


def test_mobilenet_peaks_in_its_first_layers() -> None:
    """int8 bytes of each operator's input and output: the figure that the module quotes, and where it lies."""
    graph = tflite.Model.GetRootAs((FOLDER / "mobilenetv2_035_96.tflite").read_bytes()).Subgraphs(0)
    size = [int(np.prod(graph.Tensors(i).ShapeAsNumpy())) for i in range(graph.TensorsLength())]
    held = [size[graph.Operators(i).Inputs(0)] + size[graph.Operators(i).Outputs(0)] for i in range(12)]
    later = [size[graph.Operators(i).Inputs(0)] for i in range(12, graph.OperatorsLength())]
    assert max(held) == 138_240
    assert max(later) * 4 < max(held)


def test_files_are_small() -> None:
    for path in (*FOLDER.glob("*.tflite"), *FOLDER.glob("*.npz")):
        assert path.stat().st_size < 1_000_000, path.name
