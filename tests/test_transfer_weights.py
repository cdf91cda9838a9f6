"""Files of weights: found, read, refused. The files are made here, under the official names."""

import h5py
import keras
import numpy as np
import pytest

from fer_utils import models, paths
from fer_utils.errors import FerError
from fer_utils.models import backbones, pretrained

pytestmark = pytest.mark.backend

MOBILENET = "mobilenet_1_0_224_tf_no_top.h5"


def write(network, path, renamed=str):
    """Write weights as Keras 2 did: a group a layer, their names in attributes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [renamed(layer.name).encode() for layer in network.layers]
        for layer in network.layers:
            group = file.require_group(renamed(layer.name))
            values = layer.get_weights()
            names = [f"{renamed(layer.name)}/weight_{i}:0" for i in range(len(values))]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, values, strict=True):
                group[name] = value
    return path


def say(model, x):
    return keras.ops.convert_to_numpy(model(x, training=False))


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Return Kaggle's input folder and Keras's cache, both empty."""
    monkeypatch.setattr(paths, "KAGGLE_INPUT", tmp_path / "input")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "input", tmp_path / "keras" / "models"


@pytest.fixture(scope="module")
def mobilenet():
    """Return a MobileNet with a head, from a random start; not to be changed."""
    keras.utils.set_random_seed(1)
    return models.build("mobilenet", size=32)


@pytest.fixture(scope="module")
def trained(mobilenet, tmp_path_factory):
    """Return the path of a network trained here."""
    path = tmp_path_factory.mktemp("run") / "model.keras"
    mobilenet.save(path)
    return path


def test_weights_in_kerass_cache_are_read(places, mobilenet):
    write(mobilenet.get_layer("backbone"), places[1] / MOBILENET)
    assert models.weights_at_hand("v7") == "imagenet"
    model = models.build("mobilenet", size=32, weights="imagenet")
    model.get_layer("probabilities").set_weights(
        mobilenet.get_layer("probabilities").get_weights()
    )
    for ours, theirs in zip(model.layers, mobilenet.layers, strict=True):
        if ours.name != "backbone":
            ours.set_weights(theirs.get_weights())
    x = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1), dtype=np.uint8)
    np.testing.assert_allclose(say(model, x), say(mobilenet, x), atol=1e-6)


def test_kaggles_input_comes_before_the_cache(places, mobilenet):
    network = mobilenet.get_layer("backbone")
    write(network, places[1] / MOBILENET)
    wanted = write(network, places[0] / "datasets" / "owner" / "some-weights" / MOBILENET)
    assert pretrained.located("mobilenet", "imagenet")[1] == wanted


def test_a_given_path_is_taken(tmp_path, mobilenet):
    network = mobilenet.get_layer("backbone")
    path = write(network, tmp_path / "elsewhere" / MOBILENET)
    model = models.build("mobilenet", size=40, weights=path)
    assert same_weights(model.get_layer("backbone"), network)


def same_weights(a, b):
    return all((x == y).all() for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


@pytest.mark.parametrize("name", [n for n in models.list_models() if models.describe(n).backbone])
def test_a_missing_file_is_named_with_its_place(name, places):
    for kind, entry in pretrained.SETS[models.describe(name).backbone].items():
        with pytest.raises(FerError, match=f"{kind} weights .* put {entry.file} into {places[1]}"):
            models.build(name, size=75, weights=kind)
    assert models.weights_at_hand(name) is None


def test_weights_of_another_network_are_refused(tmp_path):
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    path = write(other, tmp_path / MOBILENET)
    with pytest.raises(FerError, match="holds the weights of another network"):
        models.build("mobilenet", size=32, weights=path)


@pytest.mark.parametrize("content", [b"", b"no hdf5", None])
def test_a_damaged_file_is_refused(content, tmp_path, mobilenet):
    path = tmp_path / MOBILENET
    if content is None:
        write(mobilenet.get_layer("backbone"), path)
        content = path.read_bytes()[:100_000]
    path.write_bytes(content)
    with pytest.raises(FerError, match=f"{MOBILENET} is damaged .*get it again"):
        models.build("mobilenet", size=32, weights=path)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ("imagnet", "no weights 'imagnet' for mobilenet: there are imagenet"),
        ("vggface", "no weights 'vggface' for mobilenet: there are imagenet"),
        ("own", "for own weights the model.keras of a network trained here"),
        (f"nowhere/{MOBILENET}", f"no weights at .*nowhere/{MOBILENET}"),
        ("some.h5", f"some.h5 does not say by its name .* takes {MOBILENET}"),
        ("nowhere/model.keras", "nowhere/model.keras is missing"),
    ],
)
def test_other_weights_are_refused(weights, said):
    with pytest.raises(FerError, match=said):
        models.build("mobilenet", size=32, weights=weights)


def test_a_network_without_a_backbone_takes_none():
    with pytest.raises(FerError, match="jhamski has no backbone to take weights: .* start"):
        models.build("jhamski", size=48, weights="imagenet")
    assert models.weights_at_hand("jhamski") is None


def test_a_backbone_trained_here_is_taken_at_other_sizes_and_classes(trained, mobilenet):
    model = models.build("mobilenet", classes=3, size=48, weights=trained)
    assert model.output_shape == (None, 3)
    assert same_weights(model.get_layer("backbone"), mobilenet.get_layer("backbone"))
    scaling = model.get_layer("preprocess")
    assert (scaling.scale, scaling.offset) == (2.0, -1.0)


def test_a_backbone_trained_here_keeps_how_it_was_shown_images(places, tmp_path, monkeypatch):
    write(backbones._network("MobileNet", (32, 32, 3)), places[1] / MOBILENET)
    ours = pretrained.Weights(MOBILENET, "MobileNet", 255.0, (-1.0, -2.0, -3.0))
    monkeypatch.setitem(pretrained.SETS["mobilenet"], "imagenet", ours)
    model = models.build("mobilenet", 7, (32, 32, 3), 32, weights="imagenet")
    model.save(tmp_path / "model.keras")
    monkeypatch.undo()
    again = models.build("mobilenet", 7, (32, 32, 3), 32, weights=tmp_path / "model.keras")
    red_green_blue = np.full((1, 32, 32, 3), (10, 20, 30), np.uint8)
    for each in (model, models.load(tmp_path / "model.keras"), again):
        shown = keras.Model(each.input, each.get_layer("preprocess").output)
        np.testing.assert_allclose(say(shown, red_green_blue)[0, 5, 5], (29, 18, 7), atol=1e-4)


def test_another_backbone_or_none_is_refused(trained, tmp_path):
    with pytest.raises(FerError, match="model.keras holds another backbone than senet50"):
        models.build("senet50", size=32, weights=trained)
    models.build("tiny", size=20).save(tmp_path / "model.keras")
    with pytest.raises(FerError, match="holds tiny, which has no backbone: .* start"):
        models.build("mobilenet", size=32, weights=tmp_path / "model.keras")


LARGE = [
    (backbone, kind)
    for backbone, sets in pretrained.SETS.items()
    for kind in sets
    if backbone != "mobilenet"
]


@pytest.mark.slow
@pytest.mark.parametrize(("backbone", "kind"), LARGE)
def test_large_backbones_read_their_files(backbone, kind, places):
    name = next(n for n in models.list_models() if models.describe(n).backbone == backbone)
    entry = pretrained.SETS[backbone][kind]
    keras.utils.set_random_seed(1)
    network = backbones._at_random(entry.network, (75, 75, 3))
    # keras-vggface's names have slashes, which Keras 3 no longer allows.
    slashed = {"renamed": lambda name: name.replace("_bn", "/bn")} if kind == "vggface" else {}
    write(network, places[1] / "vggface" / entry.file, **slashed)
    model = models.build(name, size=75, weights=kind)
    x = np.random.default_rng(0).uniform(-1, 1, (2, 75, 75, 3)).astype("float32")
    np.testing.assert_allclose(say(model.get_layer("backbone"), x), say(network, x), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["seed003_vgg16", "resnet50", "senet50", "inception_v3"])
def test_large_backbones_trained_here_are_taken(name, tmp_path):
    model = models.build(name, size=75)
    model.save(tmp_path / "model.keras")
    again = models.build(name, classes=2, size=75, weights=tmp_path / "model.keras")
    x = np.random.default_rng(0).uniform(-1, 1, (2, 75, 75, 3)).astype("float32")
    ours, theirs = (say(m.get_layer("backbone"), x) for m in (again, model))
    # Keras normalises with 0.99 there and 0.9 here: that is of training alone.
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
