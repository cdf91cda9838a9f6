"""``python -m fer_utils predict``: all kinds of files, the tables, what goes on after a fault."""

import json
import os

import numpy as np
import pandas as pd
import photographs
import pytest
from PIL import Image
from typer.testing import CliRunner

from fer_utils import cli, labels, predicting
from fer_utils.errors import FerError
from fer_utils.predicting import folder, items, journal, shots, table
from fer_utils.recognizer import Expression, Recognizer

HAPPY = (0.02, 0.01, 0.03, 0.6, 0.2, 0.04, 0.1)


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


@pytest.fixture
def photos(tmp_path):
    """Return a folder of good and bad files."""
    at = tmp_path / "photos"
    (at / "happy").mkdir(parents=True)
    (at / ".hidden").mkdir()
    photo = photographs.astronaut()
    small = photo[:300, 50:350]
    photographs.jpeg(at / "happy" / "one.jpg")
    photographs.jpeg(at / ".hidden" / "no.jpg")
    (at / "not.jpg").write_text("no image")
    (at / "empty.png").write_bytes(b"")
    cut = photographs.jpeg(at / "cut.jpg").read_bytes()
    (at / "cut.jpg").write_bytes(cut[: len(cut) // 2])
    Image.fromarray(photo[:8, :8]).save(at / "tiny.png")
    Image.fromarray(small).convert("L").save(at / "grey.png")
    Image.fromarray(small).convert("RGBA").save(at / "clear.png")
    Image.fromarray(small).save(at / "moving.gif", save_all=True,
                                append_images=[Image.new("RGB", (300, 300))])  # fmt: skip
    deep = np.asarray(Image.fromarray(small).convert("L")).astype(np.uint16) * 257
    Image.fromarray(deep).save(at / "deep.png")
    (at / "notes.txt").write_text("left out")
    return at


def run(*arguments):
    return CliRunner().invoke(cli.app, ["predict", *map(str, arguments)])


def test_all_kinds_of_files(photos, tmp_path):
    out = tmp_path / "out"
    done = run(photos, "--out", out, "--csv", tmp_path / "t.csv", "--truth", "folder")
    assert done.exit_code == 0, done.output
    assert "happy/one.jpg: looks happy" in done.output
    for bad in ("not.jpg is no image", "empty.png is empty", "cut.jpg is no image"):
        assert done.output.count(bad) == 1
    made = pd.read_csv(out / "predictions.csv")
    assert (tmp_path / "t.csv").read_bytes() == (out / "predictions.csv").read_bytes()
    assert list(made.columns) == table.columns(labels.FER2013)
    by_file = made.set_index("file")
    assert len(made) == 9
    assert set(by_file.index[by_file["error"].notna()]) == {"not.jpg", "empty.png", "cut.jpg"}
    found = by_file[by_file["face"] == 1]
    assert set(found.index) == {"happy/one.jpg", "grey.png", "clear.png", "moving.gif", "deep.png"}
    assert np.allclose(found[list(labels.FER2013)].sum(axis=1), 1, atol=1e-5)
    assert set(found["label"]) == {"happy"}
    assert by_file.loc["tiny.png", "sentence"] == "no face found"
    assert by_file.loc["happy/one.jpg", "truth"] == "happy"
    told = json.loads((out / "predictions.json").read_text())
    assert len(told) == len(made)
    copies = sorted(str(p.relative_to(out)) for p in (out / "annotated").rglob("*.jpg"))
    assert "annotated/happy/one.jpg" in copies
    assert len(copies) == 6
    with Image.open(out / "contact_sheet.jpg") as sheet:
        assert sheet.width > 1000
    assert pd.read_csv(out / "truth.csv", index_col=0).loc["happy", "accuracy"] == 1
    assert not (out / journal.NAME).exists()


def test_twenty_faces_give_twenty_rows(tmp_path):
    path = photographs.jpeg(tmp_path / "crowd.jpg", photographs.crowd(), quality=95)
    done = run(path, "--out", tmp_path / "out", "--happy-or-sad")
    assert "crowd.jpg, face 20: looks more happy than sad" in done.output
    assert len(pd.read_csv(tmp_path / "out" / "predictions.csv")) == 20


def test_nothing_that_can_be_read_is_an_error(tmp_path):
    (tmp_path / "a.jpg").write_text("no image")
    (tmp_path / "none").mkdir()
    done = run(tmp_path / "a.jpg", tmp_path / "none", tmp_path / "gone.jpg", tmp_path / "*.png")
    assert done.exit_code == 2
    for said in ("a.jpg is no image", "none holds no photographs", "gone.jpg is missing",
                 "*.png fits no photograph"):  # fmt: skip
        assert said in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(("options", "said"), [
    (["--truth", "guess"], "truth 'guess': there are none, folder, name"),
    (["--every", "0"], "every is 0.0"),
    (["--network", "big"], "no network 'big'"),
    (["--side", "7"], "side is 7"),
])  # fmt: skip
def test_options_are_checked(tmp_path, options, said):
    done = run(photographs.jpeg(tmp_path / "a.jpg"), *options)
    assert done.exit_code == 2
    assert said in done.output


def test_a_place_that_cannot_be_written_is_said_first(tmp_path, recognizer):
    (tmp_path / "file").write_text("")
    photographs.jpeg(tmp_path / "a.jpg")
    options = predicting.Options(tmp_path / "file" / "out")
    with pytest.raises(FerError, match="cannot write"):
        predicting.predict([tmp_path / "a.jpg"], recognizer, options, say=pytest.fail)


def test_videos_frame_by_frame(tmp_path, recognizer):
    photo = photographs.face(200)
    frames = [photo] * 11 + [np.full_like(photo, 90)] * 10
    path = photographs.video(tmp_path / "a.avi", frames, rate=10)
    rows = predicting.predict([path], recognizer, predicting.Options(tmp_path / "out", every=0.5))
    assert [row["seconds"] for row in rows] == [0, 0.5, 1, 1.5, 2]
    assert [row.get("face") for row in rows] == [1, 1, 1, None, None]
    assert rows[3]["sentence"] == "no face found"
    assert len(list((tmp_path / "out" / "annotated").iterdir())) == 5
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    rows = predicting.predict([path], recognizer, predicting.Options(every=0.5))
    assert len(rows) < 5
    assert "a.avi ends after" in rows[-1]["error"]
    path.write_bytes(b"RIFF nothing")
    (row,) = predicting.predict([path], recognizer)
    assert "is no video that can be read" in row["error"]


class Counting:
    """A recognizer that finds one face everywhere, and stops after so many photographs."""

    classes = labels.FER2013
    sha256 = precision = engine = temperature = side = confident = margin = whole = "same"

    def __init__(self, most=99):
        self.most, self.asked = most, 0

    def predict(self, images):
        self.asked += len(images)
        if self.asked > self.most:
            raise KeyboardInterrupt
        return [[Expression((1, 1, 5, 5), 0.99, HAPPY, self.classes)] for _ in images]


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(shots.batches, "__defaults__", (2, 10**9))
    at = tmp_path / "in"
    at.mkdir()
    for i in range(6):
        photographs.jpeg(at / f"{i}.jpg", photographs.face(40 + i))
    options = predicting.Options(tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        predicting.predict([at], Counting(4), options)
    assert not (tmp_path / "out" / "predictions.csv").exists()
    photographs.jpeg(at / "0.jpg", photographs.face(90))  # it changed meanwhile
    second = Counting()
    rows = predicting.predict([at], second, options)
    assert second.asked == 3
    assert [row["file"] for row in rows] == [f"{i}.jpg" for i in range(6)]
    assert len(list((tmp_path / "out" / "annotated").iterdir())) == 6
    third = Counting()
    assert predicting.predict([at], third, options) == rows
    assert third.asked == 6


def test_a_journal_of_other_settings_is_thrown_away(tmp_path):
    item = items.Item(photographs.jpeg(tmp_path / "a.jpg"), "a.jpg")
    first = journal.Journal(tmp_path, {"side": 320})
    first.add("a.jpg", item, [{"file": "a.jpg"}])
    first.close(finished=False)
    with open(first.path, "a") as file:
        file.write('["cut sho')
    again = journal.Journal(tmp_path, {"side": 320})
    assert again.known([item]) == {"a.jpg"}
    again.close(finished=False)
    other = journal.Journal(tmp_path, {"side": 640})
    assert other.known([item]) == set()
    other.close(finished=True)
    assert not other.path.exists()


def test_paths_are_files_folders_and_patterns(tmp_path):
    for name in ("b.jpg", "a.PNG", "sub/b.jpg", "sub/c.mp4", "note.txt", ".d.jpg", "out/e.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    found, problems = items.listed([tmp_path, tmp_path / "b.jpg"], tmp_path / "out")
    assert [item.name for item in found] == ["a.PNG", "b.jpg", "sub/b.jpg", "sub/c.mp4"]
    assert problems == []
    assert [item.is_video for item in found] == [False, False, False, True]
    found, _ = items.listed([f"{tmp_path}/**/*.jpg"])
    assert len(found) == 3
    both = [item.name for item in found if item.path.name == "b.jpg"]
    assert all(os.path.isabs(name) for name in both), "two of one name are told apart"
    found, ((_, problem),) = items.listed([tmp_path / "sub" / "*.tif"])
    assert "fits no photograph" in problem


@pytest.mark.parametrize(("name", "where", "told"), [
    ("me/happy/3.jpg", "folder", "happy"),
    ("happiness/deep/3.jpg", "folder", "happy"),
    ("me/3.jpg", "folder", None),
    ("me/3/1.jpg", "folder", None),
    ("Anna_surprised-2.png", "name", "surprise"),
    ("myAngryFace.png", "name", "angry"),
    ("happy_or_sad.png", "name", None),
    ("unhappy.png", "name", None),
    ("happy.png", "none", None),
])  # fmt: skip
def test_truth_is_in_the_name(name, where, told):
    assert predicting.truth_of(name, where, labels.FER2013) == told


def test_the_largest_face_answers_for_its_picture():
    def seen(label, width):
        values = [0.1 / 6] * 7
        values[labels.FER2013.index(label)] = 0.9
        return Expression((0, 0, width, width), 1.0, tuple(values), labels.FER2013)

    rows = [
        *table.rows_of("1", [seen("sad", 5), seen("happy", 9)], truth="happy"),
        *table.rows_of("2", [seen("sad", 5)], truth="happy"),
        *table.rows_of("3", [], truth="sad"),
        *table.rows_of("4", [seen("sad", 5)]),
        *table.rows_of("5", [], truth="sad", error="cut"),
    ]
    told = predicting.by_truth(rows, labels.FER2013)
    assert told.index.tolist() == ["happy", "sad", "all"]
    assert told["pictures"].tolist() == [2, 1, 3]
    assert told["right"].tolist() == [1, 0, 1]
    assert told.loc["sad", "no face"] == 1
    assert told.loc["all", "accuracy"] == pytest.approx(0.333, abs=1e-3)
    assert predicting.by_truth(rows[-2:], labels.FER2013) is None


@pytest.mark.parametrize(("name", "at"), [
    ("a.jpg", "annotated/a.jpg"), ("b/a.png", "annotated/b/a.png.jpg"),
    ("/x/a.jpg", "annotated/x/a.jpg"), ("../../a.jpg", "annotated/a.jpg"),
    ("C:\\x\\a.jpg", "annotated/x/a.jpg"),
])  # fmt: skip
def test_copies_stay_in_their_folder(name, at):
    assert folder.annotated_name(name) == at
    assert folder.annotated_name("v.mp4", 1.5) == "annotated/v.mp4_00001.50s.jpg"


def test_annotated_copies_can_be_read():
    face = Expression((5, 5, 30, 30), 1.0, HAPPY, labels.FER2013)
    small = predicting.annotated(np.full((48, 48), 90, np.uint8), [face])
    assert min(small.size) == 240
    large = predicting.annotated(np.full((100, 4000, 3), 90, np.uint8), [face])
    assert large.size == (1600, 40)
    assert len(small.getcolors(100_000)) > 2
    outside = Expression((100, 100, 30, 30), 1.0, HAPPY, labels.FER2013)
    predicting.annotated(np.zeros((48, 48, 3), np.uint8), [outside])


def test_a_figure_of_one_face():
    from fer_utils import plots

    face = Expression((5, 5, 30, 30), 1.0, HAPPY, labels.FER2013)
    left, right = plots.expression(np.full((48, 48), 90, np.uint8), face)
    assert left.images
    assert [bar.get_width() for bar in right.patches] == pytest.approx(
        [100 * p for p in HAPPY[::-1]]
    )
    assert plots.expression(np.full((48, 48), 90, np.uint8), face, axes=(left, right))[0] is left
