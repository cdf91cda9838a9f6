"""ONNX files and the page's bundle: they answer as Keras does, whole or not at all."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from onnx import TensorProto, helper

from fer_utils import export, labels, models, runs, weights
from fer_utils.errors import FerError


@pytest.fixture(scope="module")
def network():
    return models.build("tiny", labels.FER2013, (48, 48), 24)


@pytest.fixture(scope="module")
def onnx_file(network):
    return export.to_onnx(network)


@pytest.mark.backend
def test_onnx_answers_as_keras(network, onnx_file, faces):
    assert export.largest_difference(onnx_file, network, faces.images) < 1e-5
    session = export.session(onnx_file)
    (given,), (told,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape) == (
        "images",
        "tensor(float)",
        ["batch", 48, 48, 1],
    )
    assert (told.name, told.shape) == ("probabilities", ["batch", 7])
    said = export.ask(session, faces.images)
    assert np.allclose(said.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(export.ask(session, faces.images[3:4]), said[3], atol=1e-6)
    assert export.ask(session, faces.images[:0]).shape == (0, 7)
    assert np.array_equal(export.ask(session, faces.images[..., None]), said)


def test_shipped_networks_in_both_precisions(faces):
    network = weights.load_pretrained("small")
    drawn = export.calibration_images(network, 64)
    assert drawn.shape == (64, 48, 48, 1)
    content, difference, count = export.checked(network, "float32", drawn)
    assert difference < 1e-5
    assert count == 64
    small, apart, _ = export.checked(network, "int8", drawn)
    assert len(small) < 0.35 * len(content)
    assert 0 < apart < 0.1


def test_precision_of_training_is_left_behind(faces):
    """A network trained in bfloat16 is exported, and compared, in float32."""
    from fer_utils.training.precision import under_precision

    with under_precision("mixed_bfloat16"):
        mixed = models.build("tiny", labels.FER2013, (48, 48), 24)
    _, difference, _ = export.checked(mixed, images=faces.images)
    assert difference < 1e-5


def test_what_was_trained_does_not_train_on(faces):
    """A layer that was saved as called with training=True is exported as in inference."""
    import keras

    given = keras.Input((48, 48, 1))
    x = keras.layers.BatchNormalization()(keras.layers.Rescaling(1 / 255)(given), training=True)
    x = keras.layers.GlobalAveragePooling2D()(x)
    loud = keras.Model(given, keras.layers.Dense(7, "softmax")(x))
    assert export.largest_difference(export.to_onnx(loud), loud, faces.images) < 1e-5


def test_an_export_that_differs_is_refused(network, onnx_file, faces, monkeypatch):
    from fer_utils.export import checking

    other = models.build("tiny", labels.FER2013, (48, 48), 24)
    other.set_weights([w + 0.1 for w in network.get_weights()])
    monkeypatch.setattr(checking, "to_onnx", lambda *args: onnx_file)
    with pytest.raises(FerError, match="answers otherwise than Keras, by up to"):
        checking.checked(other, images=faces.images)


def test_bundle_is_all_that_a_page_needs(tmp_path, faces):
    told = export.write_bundle("small", tmp_path / "web" / "small", images=faces.images)
    assert sorted(os.listdir(tmp_path / "web")) == ["small"]
    assert sorted(os.listdir(tmp_path / "web" / "small")) == sorted(export.FILES)
    assert runs.read_json(tmp_path / "web" / "small" / "model.json") == told
    content = (tmp_path / "web" / "small" / "model.onnx").read_bytes()
    assert told["sha256"] == hashlib.sha256(content).hexdigest()
    assert told["bytes"] == len(content) < 3_000_000
    assert told["classes"] == list(labels.FER2013)
    assert told["sentences"]["classes"]["happy"].format(percent=87) == "looks happy (87%)"
    assert told["sentences"].keys() == {"classes", "no_face", "happy_or_sad"}
    assert told["happy_and_sad"] == {"happy": 3, "sad": 4}
    assert told["input"]["size"] == 48
    assert told["crop"]["margin"] == 0.1
    assert told["temperature"] == pytest.approx(
        weights.about("small")["calibration"]["temperature"]
    )
    card = (tmp_path / "web" / "small" / "card.md").read_text()
    assert "An expression is not a feeling" in card
    assert told["sha256"] in card
    assert "its scores of its answers in float32." in card
    assert told["scores_of"] == "the network in float32"


def test_bundle_of_a_run(tmp_path, network, faces):
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    network.save(folder / "model.keras")
    identity = {"classes": list(labels.FER2013), "model": "tiny"}
    runs.write_json(folder / "run.json", {"identity": identity})
    runs.write_json(folder / "metrics.json", {"accuracy": 0.5, "n": 10, "device": "CPU x2"})
    told = export.write_bundle(folder / "model.keras", tmp_path / "out", images=faces.images)
    assert (told["name"], told["network"], told["temperature"]) == ("mine", "tiny", 1)
    assert told["scores"] == {"accuracy": 0.5, "n": 10}
    again = export.write_bundle(folder / "model.keras", tmp_path / "out", images=faces.images)
    assert again == told


def test_bundle_whole_or_not_at_all(tmp_path, monkeypatch, faces):
    out = tmp_path / "out"
    before = export.write_bundle("small", out, images=faces.images)
    from fer_utils.export import bundle

    def fails(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(bundle, "_card", fails)
        with pytest.raises(FerError, match="the disk is full"):
            export.write_bundle("small", out, "int8", faces.images)
    assert runs.read_json(out / "model.json") == before
    assert os.listdir(tmp_path) == ["out"]
    (out / "mine.txt").write_text("precious")
    with pytest.raises(FerError, match=r"holds other files, such as mine.txt"):
        export.write_bundle("small", out)
    (tmp_path / "file").write_text("")
    with pytest.raises(FerError, match="cannot write"):
        export.write_bundle("small", tmp_path / "file")


@pytest.mark.parametrize(("name", "said"), [
    ("smal", "no network 'smal': give robust, small, v8, or the path of a .keras file"),
    ("gone/model.keras", "is missing: give the path"),
])  # fmt: skip
def test_networks_that_are_none(name, said, tmp_path):
    with pytest.raises(FerError, match=said):
        export.resolve(name)


def test_faults_are_named(network, onnx_file, tmp_path):
    with pytest.raises(FerError, match="no precision 'int4': there are float32, int8"):
        export.to_onnx(network, "int4")
    with pytest.raises(FerError, match=r"calibrated on images of \(48, 48, 1\)"):
        export.to_onnx(network, "int8", np.zeros((4, 32, 32), np.uint8))
    (tmp_path / "cut.onnx").write_bytes(onnx_file[:1000])
    with pytest.raises(FerError, match="cut.onnx is no ONNX network"):
        export.session(tmp_path / "cut.onnx")
    source = export.Source("x", None, None, 1.0, {}, "", tmp_path / "x.keras")
    with pytest.raises(FerError, match=r"tells 3 classes apart, but not which"):
        export.classes_of(source, 3)


def test_command(tmp_path):
    from typer.testing import CliRunner

    from fer_utils import cli

    done = CliRunner().invoke(cli.app, ["export", "small", str(tmp_path / "web")])
    assert done.exit_code == 0, done.output
    assert "differ from Keras's by at most" in done.output
    done = CliRunner().invoke(cli.app, ["export", "nothing", str(tmp_path / "web2")])
    assert done.exit_code == 2
    assert done.output.startswith("error: no network 'nothing'")


def test_onnx_runtime_reports_nothing(tmp_path):
    """By itself it leaves a number for the device in the home folder."""
    code = "import sys; from fer_utils.export import session; session(sys.stdin.buffer.read())"
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    same = helper.make_node("Identity", ["x"], ["y"])
    told = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([same], "same", [image], [told])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    places = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    kept = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(
        [sys.executable, "-c", code],
        input=model.SerializeToString(),
        env=kept | places,
        check=True,
        capture_output=True,
    )
    assert list(tmp_path.rglob("*")) == []
