"""What makes two fits the same, across builds and across versions of the recipe."""

import dataclasses

import keras
import pytest
from conftest import draw_faces
from keras import layers
from test_training import EPOCHS, Trained, interrupt, made_settings

from fer_utils import models, runs, training
from fer_utils.training import fit
from fer_utils.training.identity import architecture_of, differences

pytestmark = pytest.mark.backend

OLD = ("optimizer", "learning_rate", "loss", "batch", "epochs", "augmentation", "schedule")
RECIPE = models.Recipe("adam", learning_rate=0.01, batch=16)


@pytest.fixture(scope="module")
def dataset():
    return draw_faces(80, side=16)


def age(path):
    """Leave of a recipe what the first version of it had."""
    content = runs.read_json(path)
    recipe = content["identity"]["recipe"]
    content["identity"]["recipe"] = {key: recipe[key] for key in OLD}
    runs.write_json(path, content)


def test_a_run_of_an_older_recipe_is_restored(dataset, tmp_path, capsys, monkeypatch):
    made = made_settings(tmp_path)
    age(training.fit_or_restore("tiny", dataset, made, RECIPE).folder / "run.json")
    training.fit_or_restore("tiny", dataset, made, RECIPE)
    assert capsys.readouterr().out.endswith(f"tiny: restored, {EPOCHS} epochs\n")
    monkeypatch.setattr(fit, "Trainer", lambda *arguments: (_ for _ in ()).throw(Trained))
    with pytest.raises(Trained):
        training.fit_or_restore("tiny", dataset, made, dataclasses.replace(RECIPE, average=0.5))
    said = "tiny: trained anew, because recipe average 0.0 -> 0.5\n"
    assert capsys.readouterr().out.startswith(said)


def test_a_checkpoint_of_an_older_recipe_is_continued(dataset, tmp_path, capsys, monkeypatch):
    made = made_settings(tmp_path)
    with monkeypatch.context() as patch:
        interrupt(patch, epoch=2)
        with pytest.raises(KeyboardInterrupt):
            training.fit_or_restore("tiny", dataset, made, RECIPE)
    state = tmp_path / "tiny" / "checkpoint" / "state.json"
    age(state)
    older = runs.read_json(state)
    del older["best"]
    runs.write_json(state, older)
    capsys.readouterr()
    assert len(training.fit_or_restore("tiny", dataset, made, RECIPE).history) == EPOCHS
    assert "\ncontinues after epoch 2\n" in capsys.readouterr().out


def test_what_differs_is_named_with_where_it_is():
    a = {"seed": 0, "recipe": dataclasses.asdict(RECIPE)}
    b = {"seed": 0, "recipe": a["recipe"] | {"optimizer_options": {"momentum": 0.9}}}
    assert differences(a, b) == "recipe optimizer_options momentum None -> 0.9"
    assert differences(a, a) == ""


def nested(units=3):
    """Return a model whose inner layers have names of Keras's own choice."""
    image = keras.Input((8, 8, 1))
    inner = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.Flatten()])
    x = keras.Model(image, inner(image), name="backbone")(image)
    x = layers.TimeDistributed(layers.Dense(units))(layers.Reshape((8, 9))(x))
    return keras.Model(image, layers.Bidirectional(layers.GRU(2))(x))


def test_names_inside_layers_are_no_difference():
    assert architecture_of(nested()) == architecture_of(nested())
    assert architecture_of(nested()) != architecture_of(nested(units=4))
    frozen = nested()
    frozen.get_layer("backbone").trainable = False
    assert architecture_of(nested()) != architecture_of(frozen)
