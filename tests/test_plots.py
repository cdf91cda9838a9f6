import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fer_utils import plots

POINTS = np.random.default_rng(0).normal(size=(30, 2))
HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "accuracy": [0.2, 0.4, 0.6],
        "val_accuracy": [0.1, 0.3, 0.4],
        "loss": [3.0, 2.0, 1.0],
        "val_loss": [3.5, 3.0, 2.9],
    }
)
SHARES = pd.DataFrame([[0.5, 0.5], [0.1, 0.9]], index=["v1", "v2"], columns=["happy", "sad"])
SCORES = pd.DataFrame(
    {"accuracy": [0.5, 0.6], "standard_error": [0.1, 0.1], "recall": [0.2, 0.0], "error": 0.05},
    index=["none", "weights"],
)
COUNTS = pd.DataFrame([[3, 1], [0, 0]], index=["happy", "sad"], columns=["happy", "sad"])
BINS = pd.DataFrame({"confidence": [0.4, 0.8], "accuracy": [0.3, 0.9], "rows": [10, 30]})
STRENGTHS = pd.DataFrame(
    [[0.6, 0.5, 0.4], [0.6, 0.6, 0.5], [0.5, 0.2, 0.1], [0.5, 0.4, 0.4]],
    pd.MultiIndex.from_product([["v1", "v2"], ["noise", "blur"]], names=["model", "corruption"]),
    [0, 1, 2],
)


@pytest.fixture(autouse=True)
def close():
    plt.close("all")  # what tests of other files left
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


def drawn(ax):
    """Return how many things are drawn on the axes, rendered once."""
    ax.figure.canvas.draw()
    return len(ax.lines) + len(ax.patches) + len(ax.collections) + len(ax.images)


def on_one_axes(faces):
    """Return for each function of one axes a call that takes ``ax``."""
    train = faces.rows("train")
    return {
        "class_shares": lambda **k: plots.class_shares(faces, **k),
        "brightness_contrast": lambda **k: plots.brightness_contrast(faces, train, **k),
        "embedding": lambda **k: plots.embedding(POINTS, POINTS[:, 0], **k),
        "learning_curves": lambda **k: plots.learning_curves({"v1": HISTORY}, **k),
        "predicted_shares": lambda **k: plots.predicted_shares(SHARES, **k),
        "per_class": lambda **k: plots.per_class(SHARES.loc["v1"], **k),
        "trade_off": lambda **k: plots.trade_off(
            SCORES, ("accuracy", "standard_error"), ("recall", "error"), **k
        ),
        "told_and_true": lambda **k: plots.told_and_true({"a": HISTORY}, {"a": 0.3}, **k),
        "confusion": lambda **k: plots.confusion(COUNTS, **k),
        "reliability": lambda **k: plots.reliability({"v1": BINS}, **k),
        "estimates": lambda **k: plots.estimates(SHARES.loc["v1"], SHARES.loc["v2"], **k),
    }


NAMES = sorted(on_one_axes(type("Empty", (), {"rows": lambda self, split: None})()))


@pytest.mark.parametrize("name", NAMES)
def test_a_new_figure(name, faces):
    made = on_one_axes(faces)[name]()
    assert isinstance(made, plt.Axes)
    assert drawn(made) > 0
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_given_axes_are_drawn_on_and_returned(name, faces, ax):
    assert on_one_axes(faces)[name](ax=ax) is ax
    assert drawn(ax) > 0
    assert len(plt.get_fignums()) == 1


def test_a_trade_off_names_each_point():
    made = plots.trade_off(SCORES, ("accuracy", "standard_error"), ("recall", "error"))
    assert [text.get_text() for text in made.get_legend().get_texts()] == ["none", "weights"]
    assert made.containers[1].lines[0].get_xydata().tolist() == [[0.6, 0.0]]
    assert made.get_xlabel() == "accuracy"


def test_class_shares_show_the_splits_that_have_labels(faces):
    made = plots.class_shares(faces)
    assert [text.get_text() for text in made.get_legend().get_texts()] == ["train", "valid"]
    heights = np.array([bar.get_height() for bar in made.patches])
    assert heights[np.isfinite(heights)].sum() == pytest.approx(2, abs=1e-6)
    assert [tick.get_text() for tick in made.get_xticklabels()] == list(faces.classes)


@pytest.mark.parametrize(
    ("n", "columns", "shape"), [(5, 3, (2, 3)), (2, 8, (1, 8)), (8, 8, (1, 8))]
)
def test_faces_in_a_grid(n, columns, shape, faces):
    axes = plots.faces(faces.images[:n], titles=[f"no {i}" for i in range(n)], columns=columns)
    assert axes.shape == shape
    assert [len(ax.images) for ax in axes.flat] == [1] * n + [0] * (axes.size - n)
    assert axes.flat[1].get_title() == "no 1"
    assert axes.flat[0].images[0].get_clim() == (0, 255), "brightness is not stretched"


def test_no_faces_are_an_empty_grid(faces):
    assert plots.faces(faces.images[:0], columns=3).shape == (1, 3)


def test_faces_in_colour(faces):
    axes = plots.faces(np.repeat(faces.images[:2, ..., None], 3, axis=-1))
    assert axes.flat[0].images[0].get_array().shape == (48, 48, 3)


def test_sample_faces_have_a_row_for_each_class(faces):
    rows = faces.rows("train")
    axes = plots.sample_faces(faces, rows, per_class=2, seed=1)
    assert axes.shape == (7, 2)
    assert all(len(ax.images) == 1 for ax in axes.flat)
    for label, line in enumerate(axes):
        shown = line[0].images[0].get_array()
        pool = faces.images[rows[faces.labels[rows] == label]]
        assert (pool == np.asarray(shown)).all(axis=(1, 2)).any()
    again = plots.sample_faces(faces, rows, per_class=2, seed=1)
    assert (axes[0, 0].images[0].get_array() == again[0, 0].images[0].get_array()).all()


def test_sample_faces_of_a_rare_class_leave_gaps(faces):
    rare = np.flatnonzero(faces.labels == 1)[:1]
    rows = np.concatenate([rare, np.flatnonzero(faces.labels != 1)])
    axes = plots.sample_faces(faces, rows, per_class=3)
    assert [len(ax.images) for ax in axes[1]] == [1, 0, 0]


def test_mean_faces_and_their_differences(faces):
    rows = faces.rows("train")
    axes = plots.mean_faces(faces, rows)
    assert axes.shape == (2, 7)
    mean = faces.images[rows[faces.labels[rows] == 2]].mean(axis=0)
    np.testing.assert_allclose(axes[0, 2].images[0].get_array(), mean)
    np.testing.assert_allclose(
        axes[1, 2].images[0].get_array(), mean - faces.images[rows].mean(axis=0)
    )


def test_mean_faces_have_a_scale(faces):
    axes = plots.mean_faces(faces, faces.rows("train"))
    (scale,) = [ax for ax in axes[0, 0].figure.axes if ax not in axes]
    assert scale.get_ylabel() == "grey values"


def test_given_grids_are_drawn_on(faces):
    grid = plt.subplots(2, 7)[1]
    assert plots.mean_faces(faces, faces.rows("train"), axes=grid) is grid
    grid = plt.subplots(7, 2)[1]
    assert plots.sample_faces(faces, faces.rows("train"), 2, axes=grid) is grid
    grid = plt.subplots(1, 3)[1]
    assert plots.faces(faces.images[:3], axes=grid) is grid
    assert len(plt.get_fignums()) == 3


def test_embedding_by_class_has_a_legend():
    made = plots.embedding(POINTS, np.arange(30) % 2, ("happy", "sad"), title="faces")
    assert [text.get_text() for text in made.get_legend().get_texts()] == ["happy", "sad"]
    assert made.get_title() == "faces"


def test_learning_curves_draw_fitted_and_watched():
    made = plots.learning_curves({"a": HISTORY, "b": HISTORY}, column="loss")
    assert len(made.lines) == 4
    assert [text.get_text() for text in made.get_legend().get_texts()] == ["a", "b"]
    assert made.lines[0].get_ydata().tolist() == HISTORY["val_loss"].tolist()
    assert made.lines[1].get_ydata().tolist() == HISTORY["loss"].tolist()
    assert made.get_ylabel() == "loss"


def test_predicted_shares_have_the_first_model_on_top():
    made = plots.predicted_shares(SHARES)
    assert [tick.get_text() for tick in made.get_yticklabels()] == ["v2", "v1"]
    assert made.get_xlim() == (0, 1)


def test_per_class_has_the_largest_on_top():
    made = plots.per_class(pd.Series({"sad": 0.2, "happy": 0.9, "fear": 0.1}), title="recall")
    assert [bar.get_width() for bar in made.patches] == [0.1, 0.2, 0.9]
    assert [tick.get_text() for tick in made.get_yticklabels()] == ["fear", "sad", "happy"]


def test_a_contact_sheet_has_a_cell_for_each_image_under_its_name(faces):
    groups = {
        "one": {"first": faces.images[0]},
        "more": {f"no {i}": faces.images[i] for i in range(5)},
    }
    figure = plots.contact_sheet(groups, columns=3)
    figure.canvas.draw()
    assert [part._suptitle.get_text() for part in figure.subfigs] == ["one", "more"]
    shown = [[ax for ax in part.axes if ax.images] for part in figure.subfigs]
    assert [len(axes) for axes in shown] == [1, 5]
    assert shown[1][4].get_title() == "no 4"
    np.testing.assert_array_equal(shown[1][4].images[0].get_array(), faces.images[4])


def test_a_contact_sheet_breaks_long_names(faces):
    names = ["mirror", "random_channel_shift", "averyverylongwordalone"]
    figure = plots.contact_sheet({"one": dict.fromkeys(names, faces.images[0])}, columns=3)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["mirror", "random_channel_\nshift", "averyverylongwordalone"]


def test_a_contact_sheet_of_one_group(faces):
    assert len(plots.contact_sheet({"one": {"first": faces.images[0]}}).axes) == 8


def test_draws_have_a_row_for_each_name(faces):
    axes = plots.draws({"none": faces.images[:4], "flip": faces.images[4:8]})
    assert axes.shape == (2, 4)
    assert [line[0].texts[0].get_text() for line in axes] == ["none", "flip"]
    np.testing.assert_array_equal(axes[1, 2].images[0].get_array(), faces.images[6])
    assert plots.draws({"none": faces.images[:4]}, axes=axes[:1]).shape == (1, 4)


def test_told_and_true_draws_what_is_true_in_the_colour_of_what_was_told():
    made = plots.told_and_true({"a": HISTORY, "b": HISTORY}, {"a": 0.3, "b": 0.2})
    assert len(made.lines) == 6
    assert [set(line.get_ydata()) for line in made.lines[4:]] == [{0.3}, {0.2}]
    assert made.lines[5].get_color() == made.lines[2].get_color() != made.lines[0].get_color()


def test_estimates_have_the_first_on_top_and_bars_of_one_error():
    values, errors = pd.Series({"a": 0.5, "b": 0.4}), pd.Series({"b": 0.02, "a": 0.1})
    made = plots.estimates(values, errors, highlighted=["b"])
    assert [tick.get_text() for tick in made.get_yticklabels()] == ["a", "b"]
    assert made.get_ylim() == (1.5, -0.5)
    (bar,) = made.containers[1][2]
    np.testing.assert_allclose(bar.get_segments()[0][:, 0], [0.38, 0.42])
    colors = [container[0].get_color() for container in made.containers]
    assert colors == [plots.INK, plots.ACCENT]


def test_a_confusion_shows_shares_of_the_label():
    made = plots.confusion(COUNTS, title="v1")
    assert [text.get_text() for text in made.texts] == ["0.75", "0.25"]
    assert (made.get_xlabel(), made.get_ylabel(), made.get_title()) == ("answer", "label", "v1")


def test_reliability_has_a_line_for_each_model_and_the_diagonal():
    made = plots.reliability({"v1": BINS, "v8": BINS})
    assert made.lines[1].get_xydata().tolist() == [[0.4, 0.3], [0.8, 0.9]]
    assert [text.get_text() for text in made.get_legend().get_texts()] == ["v1", "v8"]
    sizes = made.collections[0].get_sizes()
    assert sizes[1] > 2 * sizes[0]


def test_robustness_has_a_panel_for_each_corruption():
    axes = plots.robustness(STRENGTHS)
    assert axes.shape == (1, 4)
    assert [ax.get_title() for ax in axes.flat[:2]] == ["noise", "blur"]
    assert [len(ax.lines) for ax in axes.flat] == [2, 2, 0, 0]
    assert axes.flat[1].lines[1].get_ydata().tolist() == [0.5, 0.4, 0.4]
    grid = plt.subplots(1, 2)[1]
    assert plots.robustness(STRENGTHS, axes=grid) is grid


def test_heat_maps_lie_over_the_face_beside_it(faces):
    maps = {"a": np.random.default_rng(0).random((2, 48, 48)), "b": -np.ones((2, 48, 48))}
    regions = np.zeros((2, 48, 48), bool)
    regions[0, 10:20, 10:20] = True
    axes = plots.heat_maps(faces.images[:2], maps, ["happy", "sad"], regions)
    assert axes.shape == (2, 3)
    assert [ax.get_title() for ax in axes[0]] == ["face", "a", "b"]
    # A map of which nothing speaks for the class leaves the face bare, as the first column is.
    assert [len(ax.images) for ax in axes.flat] == [1, 2, 1] * 2
    assert [len(ax.collections) for ax in axes[:, 0]] == [1, 0]
    assert axes[1, 0].texts[0].get_text() == "sad"


def test_attention_shows_no_face():
    axes = plots.attention({"happy": np.eye(4) / 4, "sad": np.full((4, 4), 1 / 16)})
    assert [ax.get_title() for ax in axes.flat] == ["happy", "sad"]
    assert all(len(ax.images) == 1 for ax in axes.flat)


def test_fading_draws_the_mean_curve_of_each_map(ax):
    curves = {"XRAI": np.array([[1.0, 0.5, 0], [0, 0.5, 0]]), "random": np.ones((2, 3))}
    assert plots.fading(curves, ax=ax) is ax
    assert ax.lines[0].get_xydata().tolist() == [[0, 0.5], [0.5, 0.5], [1, 0]]
    assert ax.lines[1].get_linestyle() == "--"
