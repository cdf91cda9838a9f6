import dataclasses

import numpy as np
import pytest
from conftest import draw_faces

from fer_utils import datasets, labels, paths, settings
from fer_utils.datasets import synthetic
from fer_utils.errors import FerError


@pytest.fixture
def fer2013(monkeypatch, tmp_path):
    """Pretend that FER2013 is found at the given path, or at ``found`` where one probes."""
    places = {"found": None}

    def find(name, root=None):
        assert name == "fer2013"
        return tmp_path / root if root else places["found"]

    monkeypatch.setattr(datasets, "find", find)
    return places


@pytest.mark.parametrize(
    ("name", "classes", "index"),
    [
        ("angry", labels.FER2013, 0),
        ("Anger", labels.FER2013, 0),
        (" HAPPINESS ", labels.FER2013, 3),
        ("3", labels.FER2013, 3),
        ("3_happy", labels.FER2013, 3),
        ("06-neutral", labels.FER2013, 6),
        ("fearful", labels.FER2013, 2),
        ("surprised", labels.FER2013, 5),
        ("SADNESS", labels.DATA622, 6),
        ("sad", labels.DATA622, 6),
        ("Contempt", labels.DATA622, 7),
        ("7", labels.DATA622, 7),
    ],
)
def test_class_names_are_known_by_every_spelling(name, classes, index):
    assert labels.class_index(name, classes) == index


@pytest.mark.parametrize("classes", [labels.FER2013, labels.DATA622])
def test_every_class_knows_itself(classes):
    assert [labels.class_index(name, classes) for name in classes] == list(range(len(classes)))


@pytest.mark.parametrize("name", ["contempt", "7", "envy", "", "happysad", "-1", "²"])
def test_unknown_class_names_list_the_known(name):
    with pytest.raises(FerError, match="unknown class name .*: expected one of angry, disgust"):
        labels.class_index(name)


def test_synthetic_takes_no_look_at_the_disk(fer2013):
    fer2013["found"] = paths.PROJECT
    s = settings.resolve("synthetic")
    assert (s.dataset, s.root, s.profile.name, s.seed) == ("synthetic", None, "smoke", 0)
    assert s.run_dir == paths.PROJECT / "runs" / "synthetic-smoke"


def test_auto_is_synthetic_where_nothing_is_found(fer2013):
    assert settings.resolve() == settings.resolve("synthetic")


def test_auto_takes_what_is_found(fer2013, tmp_path):
    fer2013["found"] = tmp_path
    s = settings.resolve(seed=4)
    assert (s.dataset, s.root, s.seed) == ("fer2013", tmp_path, 4)
    assert s.profile.name in ("cpu", "gpu")
    assert s.run_dir == paths.PROJECT / "runs" / f"fer2013-{s.profile.name}"


def test_empty_means_auto(fer2013, tmp_path):
    fer2013["found"] = tmp_path
    assert settings.resolve("", "", "") == settings.resolve()


def test_paths_that_cannot_be_are_named(tmp_path):
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for path in (tmp_path / "circle", "~nobody-here/x", tmp_path / ("x" * 300)):
        with pytest.raises(FerError, match="cannot be used"):
            settings.resolve("synthetic", run_dir=path)
        with pytest.raises(FerError, match="cannot be used"):
            settings.resolve(str(path))


@pytest.mark.parametrize(
    ("name", "place"), [("FER_UTILS_CACHE", "cache_dir"), ("FER_UTILS_DATA", "data_candidates")]
)
def test_places_from_the_environment_are_absolute(name, place, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "mine")
    found = getattr(paths, place)()
    assert (found if place == "cache_dir" else found[0]) == tmp_path / "mine"
    monkeypatch.setenv(name, "~nobody-here/x")
    with pytest.raises(FerError, match="cannot be used"):
        getattr(paths, place)()


def test_without_a_clone_the_working_directory_is_written_to(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "PROJECT", tmp_path / "site-packages")
    monkeypatch.chdir(tmp_path)
    assert settings.resolve("synthetic").run_dir == tmp_path / "runs" / "synthetic-smoke"
    assert paths.data_candidates()[-1] == tmp_path / "data"
    assert paths.PROJECT / "data" not in paths.data_candidates()


def test_a_path_is_looked_into(fer2013, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    s = settings.resolve("there", "smoke")
    assert (s.root, s.profile) == (tmp_path / "there", settings.PROFILES["smoke"])


def test_a_path_of_photographs_is_told_by_its_legend(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "Ann_1.png").write_bytes(b"")
    (tmp_path / "legend.csv").write_text("user.id,image,emotion\nme,Ann_1.png,fear\n")
    s = settings.resolve(str(tmp_path), "cpu")
    assert (s.dataset, s.root) == ("facial_expressions", tmp_path)
    assert s.run_dir.name == "facial_expressions-cpu"


def test_a_path_of_sequences_is_told_by_its_tree(tmp_path):
    root = synthetic.write_ckplus(tmp_path / "ck", persons=1, each=2, frames=2)
    s = settings.resolve(str(root), "cpu")
    assert (s.dataset, s.root) == ("ckplus", root)


def test_large_networks_get_less_in_a_short_run(fer2013):
    smoke, cpu = settings.resolve("synthetic", "smoke"), settings.resolve("synthetic", "cpu")
    assert smoke.large.profile.epochs < smoke.profile.epochs
    assert smoke.large.profile.name == "smoke"
    assert cpu.large == cpu


def test_a_path_without_data_is_an_error(tmp_path):
    with pytest.raises(FerError, match=str(tmp_path)):
        settings.resolve(str(tmp_path))


def test_an_unknown_profile_lists_those_there_are():
    with pytest.raises(FerError, match="no profile 'huge': there are auto, smoke, cpu, gpu"):
        settings.resolve("synthetic", "huge")


def test_run_dir_does_not_depend_on_the_working_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert settings.resolve("synthetic").run_dir == paths.PROJECT / "runs" / "synthetic-smoke"
    assert settings.resolve("synthetic", run_dir="mine").run_dir == tmp_path / "mine"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert settings.resolve("synthetic", run_dir="~/r").run_dir == tmp_path / "home" / "r"


def test_on_kaggle_everything_is_written_to_working(monkeypatch, fer2013):
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Batch")
    fer2013["found"] = paths.KAGGLE_INPUT
    s = settings.resolve(profile="cpu")
    assert s.run_dir == paths.KAGGLE_WORKING / "runs" / "fer2013-cpu"
    assert s.submissions_dir == paths.KAGGLE_WORKING / "submissions"


@pytest.mark.parametrize(
    ("data", "profile", "own"),
    [("synthetic", "smoke", True), ("synthetic", "cpu", True), ("there", "smoke", True),
     ("there", "cpu", False)],
)  # fmt: skip
def test_only_real_submissions_go_to_the_project(data, profile, own, fer2013, tmp_path):
    s = settings.resolve(data, profile, run_dir=tmp_path)
    assert s.submissions_dir == (tmp_path if own else paths.PROJECT / "submissions")


def test_claims_must_hold_where_outputs_are_committed(fer2013):
    assert settings.resolve("synthetic").strict
    assert not settings.resolve("there", "smoke").strict
    assert not settings.resolve("synthetic", "cpu").strict
    assert not settings.resolve("synthetic", seed=1).strict


def test_profile_caps_the_rows(tmp_settings):
    profile = dataclasses.replace(tmp_settings.profile, rows=70)
    loaded = dataclasses.replace(tmp_settings, profile=profile, seed=2).load()
    assert len(loaded) == 70
    assert loaded.fingerprint == datasets.load("synthetic", n=70, seed=2).fingerprint


def test_profile_caps_the_rows_of_files(tmp_settings, monkeypatch, faces):
    monkeypatch.setattr(datasets, "load", lambda name, root, size: faces)
    profile = dataclasses.replace(tmp_settings.profile, rows=50)
    s = dataclasses.replace(tmp_settings, dataset="fer2013", profile=profile)
    assert len(s.load()) == 50
    whole = dataclasses.replace(s, profile=dataclasses.replace(profile, rows=None))
    assert whole.load() is faces


def test_share_parts_by_group_and_class(faces):
    rows = faces.rows("train")
    kept, out = datasets.share(faces, rows, 0.25, seed=1)
    assert sorted([*kept, *out]) == rows.tolist()
    assert (np.diff(kept) > 0).all()
    assert (np.diff(out) > 0).all()
    assert not set(faces.groups[kept]) & set(faces.groups[out])
    assert len(out) == pytest.approx(len(rows) / 4, abs=2)
    first = faces.labels[rows[::2]]  # each group goes by its first row
    for label in range(7):
        held = (faces.labels[out[::2]] == label).sum()
        assert held == pytest.approx((first == label).sum() / 4, abs=1.01)


def test_share_follows_from_the_seed(faces):
    rows = faces.rows("train")
    first, again, other = (datasets.share(faces, rows, 0.2, seed)[1] for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_share_keeps_a_class_of_one_group(faces):
    one = np.where(faces.labels == 6, 0, faces.labels)
    one[faces.groups == faces.groups[0]] = 6
    dataset = dataclasses.replace(faces, labels=one)
    kept, out = datasets.share(dataset, dataset.rows("train"), 0.5)
    assert set(np.flatnonzero(one == 6)) <= set(kept)
    assert len(out)


@pytest.mark.parametrize("n", [0, 2, 10, 40])
def test_share_of_too_few_groups(n, faces):
    with pytest.raises(FerError, match=r"cannot hold out 10%: there are only \d+ groups"):
        datasets.share(faces, faces.rows("train")[:n], 0.1)


def test_subset_keeps_shares_order_and_splits(faces):
    part = datasets.subset(faces, 50, seed=3)
    places = part.names.astype(int)
    assert (np.diff(places) > 0).all()
    assert [len(part.rows(split)) for split in datasets.SPLITS] == [40, 5, 5]
    assert (part.split == faces.split[places]).all()
    assert (part.images == faces.images[places]).all()
    assert datasets.subset(faces, 50, seed=3).fingerprint == part.fingerprint
    assert datasets.subset(faces, 50, seed=4).fingerprint != part.fingerprint


@pytest.mark.parametrize("n", [None, 200, 1000])
def test_subset_of_all_is_the_dataset_itself(n, faces):
    assert datasets.subset(faces, n) is faces


@pytest.mark.parametrize("n", range(9))
def test_subset_never_has_more_rows_than_asked_for(n):
    dataset = dataclasses.replace(
        draw_faces(8, side=4), split=np.repeat(["train", "valid", "test"], [4, 2, 2])
    )
    assert n - 2 <= len(datasets.subset(dataset, n)) <= n


def images_of(*values):
    return np.array(values, np.uint8)[:, None, None] * np.ones((1, 2, 2), np.uint8)


def test_identical_pixels_share_a_group():
    found = datasets.group_identical(images_of(5, 6, 5, 7, 6))
    assert found.dtype == np.int64
    assert found.tolist() == [0, 1, 0, 3, 1]


def test_a_twin_joins_persons_also_transitively():
    # 0 and 2 are twins of persons a and b; 3 and 4 of b and c; 5 is someone else.
    images = images_of(1, 2, 1, 3, 3, 9)
    found = datasets.group_identical(images, groups=np.array([10, 10, 20, 20, 30, 99]))
    assert len(set(found[:5])) == 1
    assert found[5] != found[0]
    apart = datasets.group_identical(images_of(1, 2, 3), groups=np.array([1, 2, 1]))
    assert apart[0] == apart[2] != apart[1]


def test_no_rows_no_groups():
    assert len(datasets.group_identical(images_of())) == 0
    assert len(datasets.group_identical(images_of(), groups=np.array([], int))) == 0


@pytest.mark.parametrize("field", ["labels", "split", "groups", "names"])
def test_dataset_fields_have_equal_lengths(field, faces):
    short = getattr(faces, field)[:-1]
    with pytest.raises(ValueError, match=f"{field} has 199 rows, images 200"):
        dataclasses.replace(faces, **{field: short})


def test_dataset_images_are_bytes(faces):
    with pytest.raises(ValueError, match="images must be uint8, not float32"):
        dataclasses.replace(faces, images=faces.images.astype(np.float32))


@pytest.mark.parametrize("field", ["images", "labels", "split", "groups"])
def test_fingerprint_changes_with_every_field(field, faces):
    changed = getattr(faces, field).copy()
    changed[7] = "test" if field == "split" else changed[7] + 1
    other = dataclasses.replace(faces, **{field: changed})
    assert other.fingerprint != faces.fingerprint
    assert len(other.fingerprint) == 16


def test_fingerprint_changes_with_classes_and_shape_only(faces):
    other = dataclasses.replace(faces, classes=faces.classes[::-1])
    assert other.fingerprint != faces.fingerprint
    wide = dataclasses.replace(faces, images=faces.images.reshape(200, 24, 96))
    assert wide.fingerprint != faces.fingerprint
    assert dataclasses.replace(faces, source="elsewhere").fingerprint == faces.fingerprint


def test_take_picks_rows_of_every_field(faces):
    part = faces.take([5, 3, 190])
    assert part.names.tolist() == ["5", "3", "190"]
    assert part.split.tolist() == ["train", "train", "test"]
    assert part.labels.tolist() == faces.labels[[5, 3, 190]].tolist()
    assert (part.images == faces.images[[5, 3, 190]]).all()
    assert part.groups.tolist() == [2, 1, 95]
    assert part.fingerprint != faces.fingerprint
    assert len(faces.take(faces.labels == 2)) == (faces.labels == 2).sum()


def test_rows_are_in_order_and_by_known_splits(faces):
    assert faces.rows("test", "train").tolist() == [*range(160), *range(180, 200)]
    assert faces.rows().tolist() == []
    with pytest.raises(ValueError, match=r"no split \['dev'\]: there are train, valid, test"):
        faces.rows("dev")


def test_unknown_dataset_lists_those_there_are():
    known = ", ".join(datasets.list_datasets())
    assert {"fer2013", "synthetic"} <= set(datasets.list_datasets())
    with pytest.raises(FerError, match=f"no data set 'faces': there are {known}"):
        datasets.load("faces")
