"""What ``models.load`` opens, and what it refuses."""

import json
import zipfile

import keras
import numpy as np
import pytest
from keras import layers

from fer_utils import labels, models
from fer_utils.errors import FerError

pytestmark = pytest.mark.backend


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a file with a network for FER2013's classes; not to be changed."""
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    models.build("tiny", size=10).save(path)
    return path


@pytest.fixture
def other(tmp_path):
    return tmp_path / "other.keras"


def rewritten(saved, other, change):
    """Write the saved file again with another configuration."""
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(other, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                content = change(content.decode()).encode()
            target.writestr(name, content)


def test_a_saved_network_comes_back(saved):
    model = models.load(saved, labels.FER2013)
    assert model.output_shape == (None, 7)
    assert not model.compiled
    assert models.load(str(saved)).input_shape == (None, 10, 10, 1)
    assert models.load(saved, 7).name == "tiny"


def test_other_classes_are_refused(saved):
    with pytest.raises(FerError, match="tells 7 classes apart, not 8: give the file of"):
        models.load(saved, labels.DATA622)
    with pytest.raises(FerError, match="tells 7 classes apart, not 2"):
        models.load(saved, 2)


def test_a_run_folder_knows_the_names_of_the_classes(saved, tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(saved.read_bytes())
    run = {"identity": {"classes": list(labels.FER2013)}}
    (tmp_path / "run.json").write_text(json.dumps(run))
    assert models.load(path, labels.FER2013)
    with pytest.raises(FerError, match="trained for angry, .* not for neutral, .* in this order"):
        models.load(path, labels.FER2013[::-1])
    (tmp_path / "run.json").write_text("[]")  # no run folder of ours
    assert models.load(path, labels.FER2013[::-1])


def test_a_missing_file_and_a_file_of_another_kind(tmp_path):
    with pytest.raises(FerError, match="model.keras is missing: run the notebook"):
        models.load(tmp_path / "model.keras")
    (tmp_path / "model.h5").write_bytes(b"")
    with pytest.raises(FerError, match=r"model.h5 is no .keras file: save the network"):
        models.load(tmp_path / "model.h5")


@pytest.mark.parametrize("keep", [0, 0.5, 0.99])
def test_a_file_cut_short(saved, other, keep):
    content = saved.read_bytes()
    other.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(FerError, match=r"other.keras is damaged .*: copy it again, or delete it"):
        models.load(other)


def test_a_file_with_wrong_bytes(saved, other):
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 255
    other.write_bytes(content)
    with pytest.raises(FerError, match="other.keras is damaged"):
        models.load(other)


def test_an_archive_of_something_else(other):
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(FerError, match="other.keras is damaged"):
        models.load(other)


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_weights_of_another_architecture(saved, other):
    rewritten(saved, other, lambda config: config.replace('"units": 7', '"units": 5'))
    with pytest.raises(FerError, match="other.keras is damaged"):
        models.load(other)


def test_a_lambda_is_refused(other):
    x = keras.Input((8, 8, 1))
    y = layers.Lambda(lambda value: value * 2)(layers.Flatten()(x))
    keras.Model(x, layers.Softmax()(y)).save(other)
    with pytest.raises(FerError, match=r"refused: it holds code of its own \(a Lambda layer\)"):
        models.load(other)


def test_code_from_elsewhere_is_refused(saved, other):
    layer = '"module": "keras.layers", "class_name": "Dropout"'
    rewritten(saved, other, lambda c: c.replace(layer, '"module": "os", "class_name": "system"'))
    with pytest.raises(FerError, match="refused: neither Keras nor fer_utils has its 'system'"):
        models.load(other)


@pytest.mark.parametrize(
    ("shape", "body", "reason"),
    [
        ((5,), [], r"it takes \(None, 5\), not"),
        ((8, 8, 2), [layers.Flatten()], r"it takes \(None, 8, 8, 2\), not"),
        ((8, 8, 1), [], r"it gives \(None, 8, 8, 1\), not \(None, classes\)"),
        ((8, 8, 1), [layers.Flatten(), layers.Dense(3)], "does not sum to 1"),
    ],
)
def test_a_network_for_something_else(other, shape, body, reason):
    keras.Sequential([keras.Input(shape), *body, layers.ReLU()]).save(other)
    with pytest.raises(FerError, match=rf"none of ours \(.*{reason}"):
        models.load(other)


def test_a_network_with_two_outputs(other):
    x = keras.Input((8, 8, 1))
    keras.Model(x, [layers.Flatten()(x), layers.ReLU()(x)]).save(other)
    with pytest.raises(FerError, match="1 inputs and 2 outputs, not one and one"):
        models.load(other)


def test_pixels_are_taken_as_they_are(saved):
    first, again = (models.load(saved) for _ in range(2))
    x = np.random.default_rng(0).integers(0, 256, (3, 10, 10, 1), dtype=np.uint8)
    said = [keras.ops.convert_to_numpy(model(x, training=False)) for model in (first, again)]
    np.testing.assert_array_equal(*said)
