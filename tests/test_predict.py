"""``python -m fer_utils predict``: all kinds of files, the tables, what goes on after a fault."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import photographs
import pytest
from PIL import Image
from typer.testing import CliRunner

from fer_utils import cli, labels, predicting
from fer_utils.errors import FerError
from fer_utils.predicting import drawing, items, journal, names, results, shots, table
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
    sha256 = precision = engine = temperature = side = confident = margin = "same"
    whole = False

    def __init__(self, most=99):
        self.most, self.asked = most, 0

    def predict(self, images):
        self.asked += len(images)
        if self.asked > self.most:
            raise KeyboardInterrupt
        return [[Expression((1, 1, 5, 5), 0.99, HAPPY, self.classes)] for _ in images]


class Failing(Counting):
    """It has no memory for photographs wider than 70 pixels."""

    def predict(self, images):
        if any(image.shape[1] > 70 for image in images):
            raise MemoryError
        return super().predict(images)


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


def test_one_that_fails_costs_no_other(tmp_path):
    """Neither its batch its faces, nor the next run the chance to try again."""
    at, out = tmp_path / "in", tmp_path / "out"
    at.mkdir()
    for i, side in enumerate((40, 90, 50)):
        photographs.jpeg(at / f"{i}.jpg", photographs.face(side))
    photographs.jpeg(at / f"{'ö' * 124}.jpg", photographs.face(60))
    first = predicting.predict([at], Failing(), predicting.Options(out))
    assert [bool(row["error"]) for row in first] == [False, True, False, False]
    assert "1.jpg needs more memory" in first[1]["error"]
    assert len(list((out / "annotated").iterdir())) == 3
    assert predicting.predict([at], Counting(), predicting.Options(out))[1]["error"] is None


def test_a_copy_that_cannot_be_written_is_named(tmp_path):
    at, out = tmp_path / "in", tmp_path / "out"
    at.mkdir()
    for name in ("a.jpg", "b.jpg"):
        photographs.jpeg(at / name, photographs.face(40))
    (out / "annotated" / "a.jpg").mkdir(parents=True)
    first, second = predicting.predict([at], Counting(), predicting.Options(out))
    assert "cannot write" in first["error"]
    assert second["error"] is None


def test_what_failed_is_tried_again(tmp_path):
    at, out = tmp_path / "in", tmp_path / "out"
    at.mkdir()
    (at / "a.jpg").write_text("no image")
    photographs.jpeg(at / "b.jpg", photographs.face(40))

    def stop(rows):
        if rows[0]["file"] == "b.jpg":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predicting.predict([at], Counting(), predicting.Options(out), say=stop)
    kept = [json.loads(line)[0] for line in (out / journal.NAME).read_text().splitlines()[1:]]
    assert kept == ["b.jpg"]


def test_a_journal_is_never_half_rewritten(tmp_path, monkeypatch):
    item = items.Item(photographs.jpeg(tmp_path / "a.jpg"), "a.jpg")
    first = journal.Journal(tmp_path, {})
    first.add("a.jpg", item, [{"file": "a.jpg"}])
    first.close(finished=False)
    before = first.path.read_text()

    def fails(value):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(journal, "_line", fails)
        with pytest.raises(KeyboardInterrupt):
            journal.Journal(tmp_path, {})
    assert first.path.read_text() == before


def test_results_of_an_earlier_run_go_and_nothing_else(tmp_path):
    at, out = tmp_path / "happy", tmp_path / "out"
    at.mkdir()
    for i in range(49):
        photographs.jpeg(at / f"{i:02d}.jpg", photographs.face(40))
    predicting.predict([at], Counting(), predicting.Options(out, truth="folder"))
    (out / "contact_sheet_9.jpg").write_text("mine")
    (out / "annotated" / "mine.jpg").write_text("mine")
    assert (out / "truth.csv").is_file()
    assert (out / "contact_sheet_2.jpg").is_file()
    predicting.predict([at / "00.jpg"], Counting(), predicting.Options(out))
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.*")) == [
        "annotated/00.jpg", "annotated/mine.jpg", "contact_sheet.jpg", "contact_sheet_9.jpg",
        "predictions.csv", "predictions.json",
    ]  # fmt: skip
    (out / "predictions.json").write_text('["of another program"]')
    predicting.predict([at / "00.jpg"], Counting(), predicting.Options(out))


@pytest.mark.parametrize("place", ["inside", "the same", "above"])
@pytest.mark.parametrize("where", ["in", "../in", "link"])
def test_results_are_not_looked_at(tmp_path, monkeypatch, where, place):
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd" if ".." in where else tmp_path)
    photographs.jpeg(tmp_path / "in" / "a.jpg", photographs.face(40))
    out = Path({"inside": f"{where}/out", "the same": where, "above": tmp_path}[place])
    for _ in range(2):
        rows = predicting.predict([where], Counting(), predicting.Options(out))
        assert [row["file"] for row in rows] == ["a.jpg"]
    found, ((_, problem),) = items.listed([out / "annotated"], out)
    assert found == []
    assert "holds results alone" in problem


def test_all_frames_are_on_the_sheet(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(results.sheet, "contact_sheets", lambda p: seen.extend(p) or [])
    frames = [photographs.face(40)] * 120
    path = photographs.video(tmp_path / "a.avi", frames, rate=29.97)
    options = predicting.Options(tmp_path / "out", every=0.03)
    rows = predicting.predict([path], Counting(999), options)
    assert len(seen) == len(rows) == len(list((tmp_path / "out" / "annotated").iterdir())) > 100
    assert all(copy.is_file() for _, copy in seen)


def test_names_that_are_no_text(tmp_path):
    at = os.path.join(os.fsencode(tmp_path), b"in")
    os.mkdir(at)
    for name in (b"\xff.jpg", b"\xfe.jpg"):
        with open(os.path.join(at, name), "wb") as file:
            if name == b"\xff.jpg":
                Image.fromarray(photographs.face(40)).save(file, "JPEG")
    done = run(tmp_path / "in", "--out", tmp_path / "out", "--csv", tmp_path / "t.csv", "--faces")
    assert done.exit_code == 0, done.output
    assert pd.read_csv(tmp_path / "t.csv")["file"].tolist() == ["\\xfe.jpg", "\\xff.jpg"]
    assert "xfe.jpg is empty" in done.output


def test_what_cannot_be_read_is_named(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        photographs.jpeg(tmp_path / name / "1.jpg", photographs.face(40))
    listing, opened = os.scandir, Image.open

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(
        os, "scandir", lambda p: refuse(p) if str(p).endswith("/a") else listing(p)
    )
    found, ((_, problem),) = items.listed([tmp_path])
    assert [item.name for item in found] == ["b/1.jpg"]
    assert problem == f"{tmp_path}/a cannot be read: change its permissions"
    monkeypatch.setattr(Image, "open", lambda p, **kw: refuse(p) if str(p).endswith("1.jpg")
                        else opened(p, **kw))  # fmt: skip
    rows = predicting.predict([tmp_path / "b"], Counting())
    assert "1.jpg may not be read: change its permissions" in rows[0]["error"]


def test_the_csv_is_tried_before_the_work(tmp_path):
    photographs.jpeg(tmp_path / "a.jpg")
    (tmp_path / "file").write_text("")
    for csv in (tmp_path / "file" / "t.csv", tmp_path):
        done = run(tmp_path / "a.jpg", "--csv", csv)
        assert done.exit_code == 2
        assert "cannot write" in done.output
        assert "looks" not in done.output


@pytest.mark.parametrize("out", [True, False])
def test_a_stopped_run_says_what_is_kept(tmp_path, monkeypatch, out):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(predicting, "predict", stop)
    photographs.jpeg(tmp_path / "a.jpg")
    done = run(tmp_path / "a.jpg", *(("--out", tmp_path / "out") if out else ()))
    assert done.exit_code == 130
    assert ("the same command continues" in done.output) == out
    assert ("nothing was kept" in done.output) != out


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
    ours = ("out/annotated/x/e.jpg", "out/contact_sheet.jpg", "out/contact_sheet_12.jpg")
    given = ("b.jpg", "a.PNG", "sub/b.jpg", "sub/c.mp4", "note.txt", ".d.jpg")
    for name in (*given, *ours):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found, problems = items.listed([tmp_path, tmp_path / "b.jpg"], tmp_path / "out")
    assert [item.name for item in found] == ["a.PNG", "b.jpg", "sub/b.jpg", "sub/c.mp4"]
    assert problems == []
    assert [item.is_video for item in found] == [False, False, False, True]
    found, _ = items.listed([f"{tmp_path}/**/*.jpg"], tmp_path / "out")
    assert len(found) == 2
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


def test_truth_is_told_from_the_given_folder_on(tmp_path):
    """Whoever lives in a folder called joy is not happy in every photograph."""
    at = tmp_path / "joy" / "pics" / "sad" / "deep"
    at.mkdir(parents=True)
    for path in (at / "1.jpg", tmp_path / "joy" / "pics" / "2.jpg"):
        path.write_text("")

    def told(given):
        found, _ = items.listed([given])
        return [predicting.truth_of(i.where, "folder", labels.FER2013) for i in found]

    assert told(tmp_path / "joy" / "pics") == [None, "sad"]
    assert told(tmp_path / "joy") == ["happy", "sad"]
    assert told(tmp_path / "joy" / "pics" / "2.jpg") == [None]
    assert told(at / "1.jpg") == [None]
    assert told(at.parent) == ["sad"]
    assert told(tmp_path / "joy" / "pics" / "**" / "*.jpg") == [None, "sad"]


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
    assert names.annotated_name(name) == at
    assert names.annotated_name("v.mp4", 1.5) == "annotated/v.mp4_00001.500s.jpg"


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


def test_a_flat_picture_keeps_its_row(tmp_path):
    Image.fromarray(np.full((48, 48), 128, np.uint8)).save(tmp_path / "flat.png")
    done = run(tmp_path / "flat.png", "--faces", "--out", tmp_path / "out", "--truth", "name")
    assert done.exit_code == 0, done.output
    assert "flat.png: nothing to see: the picture has almost no contrast" in done.output
    assert "no file's name tells an emotion (angry, " in done.output
    assert "1 picture, 0 faces; 1 without a face" in done.output
    assert len(pd.read_csv(tmp_path / "out" / "predictions.csv")) == 1


def test_the_folder_of_results_is_no_file(tmp_path):
    (tmp_path / "file").write_text("")
    done = run(photographs.jpeg(tmp_path / "a.jpg"), "--out", tmp_path / "file")
    assert done.exit_code == 2
    assert f"{tmp_path / 'file'} is a file: give a folder" in done.output.replace("\n", "")


def test_several_faces_have_numbers(monkeypatch):
    written = []
    monkeypatch.setattr(
        drawing, "_strip", lambda draw, at, text, *rest, **more: written.append(text)
    )
    faces = [Expression((5 + 40 * i, 5, 30, 30), 1.0, HAPPY, labels.FER2013) for i in range(2)]
    for found in (faces, faces[:1]):
        predicting.annotated(np.full((48, 96), 90, np.uint8), found)
    assert [text[:9] for text in written] == ["1: looks ", "2: looks ", "looks hap"]


def test_few_pictures_have_wide_intervals():
    assert predicting.wilson(3, 3) == (pytest.approx(0.438, abs=1e-3), 1)
    assert predicting.wilson(0, 1)[0] == 0
    told = pd.DataFrame({"pictures": [3], "right": [3], "accuracy": [1.0], "error": [0.0]})
    assert predicting.with_intervals(told)["95% interval"].tolist() == ["0.44-1.00"]
