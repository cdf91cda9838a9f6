"""Members that fit together, combinations that gain and do not cheat, views of an image."""

import numpy as np
import pytest

from fer_utils import ensemble, evaluation, models, runs
from fer_utils.ensemble.members import fault_of
from fer_utils.errors import FerError


@pytest.fixture
def trained(faces, tmp_path):
    """Return a function that leaves a member's files in a run folder."""

    def leave(name, index=None, probabilities=None, **identity):
        index = np.arange(160, 200) if index is None else np.asarray(index)
        if probabilities is None:
            probabilities = np.random.default_rng(len(name)).dirichlet(np.ones(7), len(index))
        split = faces.split[index]
        runs.write_predictions(tmp_path / name / "predictions.npz", index, split, probabilities)
        known = {"data": faces.fingerprint, "classes": list(faces.classes)}
        runs.write_json(tmp_path / name / "run.json", {"identity": known | identity})
        return tmp_path

    return leave


def noisy(labels, quality, seed, classes=7):
    """Return probabilities that point at the label as strongly as ``quality`` says."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1, (len(labels), classes))
    logits[np.arange(len(labels)), labels] += quality
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def asked():
    """Return labels and three members: two good and unlike each other, one that guesses."""
    labels = np.random.default_rng(0).integers(7, size=700)
    said = [noisy(labels, quality, i) for i, quality in enumerate((1.5, 1.5, 0.0))]
    return labels, np.stack(said)


def test_members_in_the_order_named(faces, trained):
    for name in ("v1", "v22", "v333"):
        run = trained(name)
    members = ensemble.load_members(run, faces, ["v333", "v1"])
    assert members.names == ("v333", "v1")
    assert members.probabilities.shape == (2, 40, 7)
    watched = members.keep(members.split == "valid")
    assert watched.index.tolist() == list(range(160, 180))
    assert watched.probabilities.shape == (2, 20, 7)
    assert np.array_equal(members.take(["v1"]).probabilities[0], members.probabilities[1])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"index": np.arange(199, 159, -1)},
            "'v1' and 'other' have their rows in another",
        ),
        ({"index": np.arange(160, 190)}, "'other' predicted 30 rows, 'v1' 40; 10 of these are"),
        (
            {"probabilities": np.full((40, 8), 1 / 8)},
            "'other' predicts 8 classes",
        ),
        ({"data": "0" * 16}, "member 'other' was fitted to other data"),
        ({"classes": list("gfedcba")}, "member 'other' knows the classes g, f, e"),
    ],
)
def test_members_that_do_not_fit_are_named(faces, trained, changed, said):
    trained("v1")
    run = trained("other", **changed)
    with pytest.raises(FerError, match=said):
        ensemble.load_members(run, faces, ["v1", "other"])


def test_a_member_that_was_not_trained(faces, trained):
    with pytest.raises(FerError, match=r"v9.predictions.npz is missing: run the notebook"):
        ensemble.load_members(trained("v1"), faces, ["v1", "v9"])
    with pytest.raises(FerError, match="none is named"):
        ensemble.load_members(trained("v1"), faces, [])


@pytest.mark.parametrize(
    ("row", "fault"),
    [([np.nan] * 7, "has NaN in 40 of 40 rows"), ([1 / 7] * 7, "says the same of every row")],
)
def test_a_faulty_member_is_refused_or_left_out(faces, trained, row, fault):
    trained("v1")
    run = trained("bad", probabilities=np.tile(row, (40, 1)))
    with pytest.raises(FerError, match=f"member 'bad' {fault}"):
        ensemble.load_members(run, faces, ["v1", "bad"])
    members = ensemble.load_members(run, faces, ["bad", "v1"], leave_out_faulty=True)
    assert members.names == ("v1",)
    assert members.left_out == {"bad": fault}
    with pytest.raises(FerError, match=f"'bad' is left: it {fault}; .* or choose among v1"):
        members.take(["v1", "bad"])
    with pytest.raises(FerError, match="no member 'v9' is there: choose among v1"):
        members.take(["v9"])
    with pytest.raises(FerError, match=f"no member is left: 'bad' {fault}"):
        ensemble.load_members(run, faces, ["bad"], leave_out_faulty=True)


def test_an_ensemble_is_kept_as_a_model_is(faces, trained):
    for name, weights in (("v1", 10), ("v22", 20)):
        run = trained(name)
        about = {"parameters": weights, "epochs": 3, "train_seconds": 1.5}
        runs.write_json(run / name / "metrics.json", about)
    for name in ("v1", "v22"):
        known = {"data": faces.fingerprint, "classes": list(faces.classes)}
        known |= {"dataset": "synthetic", "profile": "smoke", "seed": 0}
        runs.write_json(run / name / "run.json", {"identity": known, "device": "CPU x2"})
    members = ensemble.load_members(run, faces, ["v1", "v22"])
    said = ensemble.average(members.probabilities)
    metrics = ensemble.write_combined(run, "both", faces, members, said, "average")
    assert (metrics["network"], metrics["parameters"]) == ("v1 + v22", 30)
    assert (metrics["train_seconds"], metrics["epochs"]) == (3.0, 6)
    assert (metrics["scored_on"], metrics["n"]) == ("valid", 20)
    again = ensemble.load_members(run, faces, ["both", "v1"])
    np.testing.assert_allclose(again.probabilities[0], said, rtol=1e-5)
    identity = runs.read_json(run / "both" / "run.json")["identity"]
    assert identity["members"] == ["v1", "v22"]
    times = {file: file.stat().st_mtime_ns for file in (run / "both").iterdir()}
    assert len(times) == 3
    ensemble.write_combined(run, "both", faces, members, said, "average")
    assert {file: file.stat().st_mtime_ns for file in times} == times  # nothing looks changed
    ensemble.write_combined(run, "both", faces, members, said[:, ::-1], "average")
    assert all(file.stat().st_mtime_ns > times[file] for file in times)


def test_one_row_is_no_constant_member():
    assert fault_of(np.full((1, 7), 1 / 7)) == ""


def test_average_is_in_log_space():
    said = np.array([[[0.8, 0.2]], [[0.5, 0.5]]])
    assert ensemble.average(said)[0] == pytest.approx([2 / 3, 1 / 3])  # sqrt(.4) : sqrt(.1)
    assert ensemble.average(said, [1, 0])[0] == pytest.approx([0.8, 0.2])
    sure = np.array([[[1.0, 0.0]], [[0.4, 0.6]]])  # a zero is no veto without appeal
    assert np.isfinite(ensemble.average(sure)).all()


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([0.5, 0.4, 0.0], r"sum to 1, these sum to 0\.9000"),
        ([1.5, -0.5, 0.0], "must not be negative"),
        ([0.5, 0.5], "2 weights for 3 members"),
    ],
)
def test_weights_that_are_none(asked, weights, said):
    with pytest.raises(FerError, match=said):
        ensemble.average(asked[1], weights)


@pytest.mark.parametrize("method", ensemble.METHODS)
def test_every_method_gives_probabilities_and_gains(asked, method):
    labels, said = asked
    told = ensemble.cross_fitted(method, said, labels)
    assert told.sum(axis=1) == pytest.approx(1)
    best = max(evaluation.accuracy(labels, one) for one in said)
    assert evaluation.accuracy(labels, told) > best + 0.02


@pytest.mark.parametrize("method", ["weights", "greedy"])
def test_who_guesses_has_no_weight(asked, method):
    labels, said = asked
    weights = ensemble.fit(method, said, labels).weights
    assert weights.sum() == pytest.approx(1)
    assert weights[2] < 0.1
    assert weights[0] == pytest.approx(weights[1], abs=0.15)


def test_fitted_weights_are_of_least_log_loss(asked):
    labels, said = asked

    def loss(weights):
        true = ensemble.average(said, weights)[np.arange(len(labels)), labels]
        return -np.log(true).mean()

    least = ensemble.fit("weights", said, labels).weights
    rng = np.random.default_rng(1)
    assert all(loss(rng.dirichlet(np.ones(3))) >= loss(least) - 1e-6 for _ in range(50))


def test_cross_fitting_does_not_see_the_label(asked):
    """Of answers drawn by lot nothing can be learned, but much can be learned by heart."""
    labels, _ = asked
    lots = np.random.default_rng(5).dirichlet(np.ones(7), (30, len(labels)))
    fitted = ensemble.fit("stacking", lots, labels)(lots)
    honest = ensemble.cross_fitted("stacking", lots, labels)
    chance = np.bincount(labels).max() / len(labels)
    assert evaluation.accuracy(labels, honest) < chance + 0.04
    assert evaluation.accuracy(labels, fitted) > evaluation.accuracy(labels, honest) + 0.04


def test_groups_stay_on_one_side(asked, monkeypatch):
    labels, said = asked
    groups, seen = np.arange(len(labels)) // 7, []
    from fer_utils.ensemble import cross

    def remember(method, probabilities, labels, seed):
        seen.append(probabilities[0, :, 0])
        return ensemble.fit(method, probabilities, labels, seed)

    monkeypatch.setattr(cross, "fit", remember)
    ensemble.cross_fitted("average", said, labels, groups)
    for fitted in seen:
        inside = np.isin(said[0, :, 0], fitted)
        assert all(len(set(inside[groups == group])) == 1 for group in np.unique(groups))


def test_nothing_to_fit_on(asked):
    labels, said = asked
    with pytest.raises(FerError, match="there is no method 'vote': take one of average"):
        ensemble.fit("vote", said, labels)
    with pytest.raises(FerError, match="known labels"):
        ensemble.fit("weights", said, np.full(len(labels), -1))
    with pytest.raises(FerError, match="699 labels, but 700 rows"):
        ensemble.fit("weights", said, labels[1:])
    with pytest.raises(FerError, match="member 1 has NaN"):
        ensemble.fit("weights", np.where(np.arange(3)[:, None, None] == 1, np.nan, said), labels)
    with pytest.raises(FerError, match="2 groups cannot be dealt into 5 parts"):
        ensemble.cross_fitted("weights", said, labels, np.arange(700) % 2)


def test_thresholds_help_a_rare_class():
    rng = np.random.default_rng(0)
    labels = (rng.random(1000) < 0.1).astype(int)
    said = noisy(labels, 1.0, 3, classes=2) * [0.9, 0.1]
    said = (said / said.sum(axis=1, keepdims=True))[None]
    told = ensemble.cross_fitted("thresholds", said, labels)
    assert evaluation.macro_f1(labels, told) > evaluation.macro_f1(labels, said[0]) + 0.03


def test_what_a_member_adds(asked):
    labels, said = asked
    rows = np.arange(len(labels))
    members = ensemble.Members(("a", "b", "lot"), rows, rows.astype(str), said, {})
    table = ensemble.without_each(members, labels)
    assert table.loc["a", "gain"] > 2 * table.loc["a", "gain_error"] > 0
    assert table.loc["lot", "gain"] < 0.01
    shares = ensemble.agreement(members)
    assert (np.diag(shares) == 1).all()
    assert shares.loc["a", "b"] > shares.loc["a", "lot"]
    with pytest.raises(FerError, match="at least two members"):
        ensemble.without_each(members.take(["a"]), labels)


def test_views_move_as_their_names_say():
    image = np.zeros((1, 48, 48), np.uint8)
    image[0, 20:24, 30:34] = 200
    seen = dict(zip(ensemble.VIEWS["shifts"], ensemble.views(image, "shifts"), strict=True))
    down = seen[False, 2, 0, 1.0]
    assert (down[0, 22:26, 30:34] == 200).all()
    assert down.sum() == image.sum()
    left = seen[False, 0, -2, 1.0]
    assert (left[0, 20:24, 28:32] == 200).all()
    mirrored = seen[True, 0, 0, 1.0]
    assert np.array_equal(mirrored, image[:, :, ::-1])


def test_crops_are_the_corners_enlarged():
    ramp = np.tile(np.arange(48, dtype=np.uint8), (1, 48, 1))
    crops = dict(zip(ensemble.VIEWS["crops"], ensemble.views(ramp, "crops"), strict=True))
    left, right = (crops[False, 2, side, 12 / 11][0, 0] for side in (2, -2))
    assert (left[0], right[-1]) == (0, 47)
    assert (left[-1], right[0]) == pytest.approx((43, 4), abs=1)


def test_views_of_colour_and_of_a_name_there_is_not():
    colour = np.random.default_rng(0).integers(256, size=(2, 96, 96, 3), dtype=np.uint8)
    for view in ensemble.views(colour, "zooms"):
        assert view.shape == colour.shape
        assert view.dtype == np.uint8
    with pytest.raises(FerError, match="no views 'rotations': take one of none, flip"):
        next(ensemble.views(colour, "rotations"))


class Brighter:
    """Answers with the brightness of the image's left half."""

    layers = ()

    def predict(self, images, batch_size, verbose):
        """Return two probabilities a row."""
        left = images[:, :, : images.shape[2] // 2].mean(axis=(1, 2)) / 255
        return np.stack([left, 1 - left], axis=1)


def test_views_are_averaged_in_log_space():
    images = np.zeros((1, 48, 48), np.uint8)
    images[:, :, :24] = 204  # 0.8 on the left, mirrored nothing
    said = ensemble.predict_views(Brighter(), images, "none")
    assert said[0] == pytest.approx([0.8, 0.2])
    both = ensemble.predict_views(Brighter(), images, "flip")
    assert both[0, 0] == pytest.approx(
        np.sqrt(0.8e-7) / (np.sqrt(0.8e-7) + np.sqrt(0.2)), rel=1e-3
    )


@pytest.mark.backend
def test_soft_targets_mix_the_teachers_and_the_labels(faces):
    networks = [models.build("tiny", faces.classes, (48, 48), 24) for _ in range(2)]
    targets = ensemble.soft_targets(
        faces, (n for n in networks), temperature=2.0, label_weight=0.3
    )
    train, rest = faces.rows("train"), faces.rows("valid", "test")
    assert targets.dtype == np.float32
    assert targets[train].sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert not targets[rest].any()
    shown = faces.images[train[:5]]
    both = [shown, shown[:, :, ::-1]]
    said = np.stack([n.predict(x, verbose=0) for n in networks for x in both])
    root = np.exp(np.log(said).mean(axis=0) / 2)
    wanted = 0.7 * root / root.sum(axis=1, keepdims=True)
    wanted[np.arange(5), faces.labels[train[:5]]] += 0.3
    assert targets[train[:5]] == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize(
    ("teachers", "options", "said"),
    [
        (0, {}, "no teacher"),
        (1, {"temperature": 0}, "temperature 0,"),
        (1, {"label_weight": 1.5}, "label_weight 1.5"),
    ],
)
def test_soft_targets_refuse(faces, teachers, options, said):
    networks = [models.build("tiny", faces.classes, (48, 48), 24)] * teachers
    with pytest.raises(FerError, match=said):
        ensemble.soft_targets(faces, networks, **options)


def test_a_teacher_of_other_classes_is_refused(faces):
    network = models.build("tiny", ("happy", "sad"), (48, 48), 24)
    with pytest.raises(FerError, match="knows 2 classes, the data have 7"):
        ensemble.soft_targets(faces, [network])
