"""Spoilt files: a reader gives what the file says, by a second and simple reading of it, or
refuses the file in one line that names it. Nothing else: no other error, no hang, no guess."""

import io
import json
import re
import warnings
import zipfile

import fer2013_layouts as layouts_of
import numpy as np
import pytest
from conftest import draw_faces
from fuzzing import explore, read_or_refused, spoilt
from hypothesis import strategies as st
from PIL import Image

from fer_utils import ensemble, export, labels, runs, submission, weights
from fer_utils.datasets import ferplus, label_tables, photographs
from fer_utils.datasets.fer2013 import layouts
from fer_utils.recognizer.photographs import as_photograph

NAMES = ["anna 1.jpg", "Ben_0002.jpg", "cem.png"]


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def written(path, content):
    path.write_bytes(content)
    return path


def few_faces(train):
    return layouts_of.faces(20, 1, 1).take([*range(train), 20, 21])


# FER2013's tables


def rows_by_hand(content):
    """Return (label, usage, pixels) of each row of a table, None where there is a fault."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    columns = [name.strip(b'" \t\r').lower().decode("latin-1") for name in lines[0].split(b",")]
    if len(set(columns)) < len(columns):
        return None
    rows = [row_by_hand(line, columns) for line in lines[1:] if line.strip()]
    return None if None in rows else rows


def row_by_hand(line, columns):
    cells = [cell.strip(b'" \t\r') for cell in line.split(b",")]
    if len(cells) != len(columns):
        return None
    row = dict(zip(columns, cells, strict=True))
    usage = row.get("usage", b"Training").decode("latin-1")
    emotion = row.get("emotion", b"")
    if usage not in layouts_of.USAGES or not re.fullmatch(rb"([0-6](\.0)?)?", emotion):
        return None
    if usage == "Training" and not emotion and "emotion" in row:
        return None
    pixels = [p for p in row["pixels"].split(b" ") if p]
    if len(pixels) != 2304 or not all(re.fullmatch(rb"[0-9]{1,3}", p) for p in pixels):
        return None
    values = list(map(int, pixels))
    label = int(emotion[:1]) if emotion else -1
    return None if max(values) > 255 else (label, layouts_of.USAGES.index(usage), values)


def same_rows(rows, expected):
    found = zip(rows.labels, rows.usage, rows.images.reshape(len(rows.images), -1), strict=True)
    return [(int(x), int(u), image.tolist()) for x, u, image in found] == expected


TABLES = {
    "fer2013.csv": {},
    "icml_face_data.csv": {"columns": ("emotion", "Usage", "pixels"), "blank": " "},
    "train.csv": {"columns": ("emotion", "pixels"), "quote": '"'},
    "test.csv": {"columns": ("pixels",), "newline": "\r\n"},
}


def test_csv(tmp_path):
    few = few_faces(2)
    good = {name: layouts_of.table_text(few, **how).encode() for name, how in TABLES.items()}
    pair = {"train.csv": "test.csv", "test.csv": "train.csv"}

    def check(drawn):
        name, content = drawn
        for path in tmp_path.iterdir():
            path.unlink()
        path = written(tmp_path / name, content)
        if name in pair:
            written(tmp_path / pair[name], good[pair[name]])
        rows = read_or_refused(lambda: layouts.locate(path).rows(), tmp_path / "")
        if rows is None:
            return
        expected = rows_by_hand(content)
        assert expected is not None, "a faulty table was read"
        if name in pair:
            other = rows_by_hand(good[pair[name]])
            train, test = (expected, other) if name == "train.csv" else (other, expected)
            codes = [1 + (2 * i >= len(test)) for i in range(len(test))]
            test = [(-1, code, pixels) for code, (*_, pixels) in zip(codes, test, strict=True)]
            expected = train + test
        assert same_rows(rows, expected)

    def spoilt_table(name):
        return st.tuples(st.just(name), spoilt(good[name]))

    any_table = st.sampled_from(sorted(TABLES)).flatmap(spoilt_table)
    explore(check, any_table, examples=250)


def test_archives_of_csv(tmp_path):
    few = few_faces(2)
    plain = layouts_of.write_usage(tmp_path / "fer2013.csv", few)
    text, expected = plain.read_bytes(), rows_by_hand(plain.read_bytes())
    packed = {
        "fer2013.tar.gz": layouts_of.tarred(tmp_path / "a.tar.gz", **{"f/fer2013.csv": text})
    }
    packed["fer2013.zip"] = layouts_of.zipped(plain)
    good = {name: path.read_bytes() for name, path in packed.items()}

    def check(drawn):
        path = written(tmp_path / drawn[0], drawn[1])
        rows = read_or_refused(lambda: layouts.locate(path).rows(), path)
        assert rows is None or same_rows(rows, expected)

    spoilt_one = st.sampled_from(sorted(good)).flatmap(
        lambda name: st.tuples(st.just(name), spoilt(good[name]))
    )
    explore(check, spoilt_one, examples=150)


def test_tile_sheets(tmp_path):
    few = few_faces(3)
    layouts_of.write_sheets(tmp_path, few)
    good = {name: (tmp_path / name).read_bytes() for name in ("labels.csv", "PublicTest.png")}
    pixels = layouts.locate(tmp_path).rows().images

    def check(drawn):
        name, content = drawn
        for other, bytes_ in good.items():
            written(tmp_path / other, bytes_)
        written(tmp_path / name, content)
        rows = read_or_refused(lambda: layouts.locate(tmp_path).rows(), tmp_path)
        if rows is None:
            return
        if name == "labels.csv":
            lines = [line for line in content.split(b"\n")[1:] if line.strip()]
            assert len(pixels) <= len(rows.labels) == len(lines), "a lost line moves the others"
        else:
            np.testing.assert_array_equal(rows.images, pixels)

    spoilt_one = st.sampled_from(sorted(good)).flatmap(
        lambda name: st.tuples(st.just(name), spoilt(good[name]))
    )
    explore(check, spoilt_one, examples=100)


# Images


def image_files():
    """Return the bytes of one picture in many formats."""
    grey = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 20), dtype=np.uint8))
    colour = Image.merge("RGB", [grey, grey.rotate(90).resize(grey.size), grey])
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a face"
    ways = [
        (grey, "PNG", {}), (colour, "PNG", {"exif": exif}), (colour.quantize(8), "PNG", {}),
        (colour, "JPEG", {"exif": exif}), (colour, "JPEG", {"progressive": True}),
        (colour.convert("CMYK"), "JPEG", {}), (colour, "WEBP", {"exif": exif}),
        (colour, "WEBP", {"lossless": True}), (grey, "BMP", {}), (colour.quantize(8), "GIF", {}),
        (colour, "GIF", {"save_all": True, "append_images": [colour]}), (grey, "PPM", {}),
        (grey, "TIFF", {"compression": "tiff_lzw"}), (colour, "TIFF", {}),
        (colour.convert("RGBA"), "PNG", {}), (grey.convert("I;16"), "PNG", {}),
    ]  # fmt: skip
    return [(_saved(image, kind, options), kind) for image, kind, options in ways]


def _saved(image, kind, options):
    with io.BytesIO() as file:
        image.save(file, kind, **options)
        return file.getvalue()


def test_image(tmp_path):
    path = tmp_path / "face.jpg"
    plain = b"P2\n3 2\n9\n1 2 3 4 5 6\n"
    good = [*image_files(), (plain, "PPM")]

    def check(drawn):
        before, kind, content = drawn
        written(path, before)
        expected = photographs.read(path, rgb=True) if kind == "PNG" else None
        written(path, content)
        same = read_or_refused(lambda: photographs.read(path, rgb=True), path)
        assert kind != "PNG" or same is None or np.array_equal(same, expected)
        grey = read_or_refused(lambda: photographs.read(path), path)
        colour = read_or_refused(lambda: photographs.read_reduced(path, 100), path)
        photo = read_or_refused(lambda: as_photograph(path), path)
        assert grey is None or (grey.dtype == np.uint8 and grey.ndim == 2 and grey.size)
        assert colour is None or colour[0].shape[2] == 3
        if photo is not None:
            assert photo[0].dtype == np.uint8
            assert photo[0].shape[2] == 3

    def spoilt_image(image):
        return st.tuples(st.just(image[0]), st.just(image[1]), spoilt(image[0]))

    nothing = st.tuples(st.just(plain), st.just("PPM"), st.binary(max_size=200))
    any_spoilt = st.sampled_from(good).flatmap(spoilt_image) | nothing
    # A header may say any size: what has 80 million pixels is read, and measured to take 1,500 MB.
    explore(check, any_spoilt, examples=300, memory=1700)


def test_image_folders(tmp_path):
    """The reader of FER2013's image folders is another one."""
    few = few_faces(20)
    layouts_of.write_folders(tmp_path, few)
    path = tmp_path / "train" / "angry" / "00000.png"

    def check(content):
        written(path, content)
        rows = read_or_refused(lambda: layouts.locate(tmp_path).rows(), path)
        assert rows is None or len(rows.labels) == 22

    any_spoilt = st.sampled_from([content for content, _ in image_files()]).flatmap(spoilt)
    explore(check, any_spoilt, examples=100)


# Tables of labels


LEGEND = b"""user.id,image,emotion
628,facial-expressions_2868588k.jpg,anger
628,Alejandro_Toledo_0001.jpg,neutral
dwm,AllRecep_0003.jpg,HAPPINESS
dwm,Anna 1.jpg,
x,"Smith, Jo_0001.jpg",surprise
"""


def test_legend(tmp_path):
    path = tmp_path / "legend.csv"

    def check(content):
        written(path, content)
        table = read_or_refused(lambda: label_tables.read(path, labels.DATA622), path)
        if table is None:
            return
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        lines = [line for line in text.split("\n")[1:] if line.strip(',"')]
        assert len(table.rows) + table.repeated <= len(lines)
        if '"' in text:
            return
        columns = [name.strip().lower() for name in text.split("\n")[0].split(",")]
        known = label_tables.COLUMNS
        image, label = (
            next(columns.index(n) for n in known[key] if n in columns)
            for key in ("image", "label")
        )
        rows = [line.split(",") for line in lines]
        assert all(len(row) == len(columns) or not any(row[len(columns) :]) for row in rows)
        answers = {}
        for row in rows:
            answers.setdefault(row[image].strip(), set()).add(row[label].strip().lower())
        assert set(answers) == set(table.rows)
        for name, own in answers.items():
            if len(own) == 1 and own <= set(labels.DATA622):
                assert labels.DATA622[table.labels[name]] in own

    explore(check, spoilt(LEGEND) | spoilt(LEGEND.replace(b"\n", b"\r\n")), examples=400)


def test_votes(tmp_path):
    path, faces = tmp_path / "fer2013new.csv", draw_faces(10)
    header = ",".join(["Usage", "Image name", *ferplus.COLUMNS, *ferplus.NO_EMOTION])
    usage = {"train": "Training", "valid": "PublicTest", "test": "PrivateTest"}
    lines = [f"{usage[s]},fer{i:07d}.png,4,0,{i},0,1,0,0,0,1,0" for i, s in enumerate(faces.split)]
    good = "\n".join([header, *lines, ""]).encode()

    def check(content):
        written(path, content)
        votes = read_or_refused(lambda: ferplus.votes(path, faces), path)
        if votes is None:
            return
        assert votes.shape == (10, 10)
        assert votes.min() >= -1
        assert votes.max() <= 10
        if b'"' in content or b"\r" in content:
            return
        first, *rest = content.decode("utf-8-sig").split("\n")
        named = [name.strip() for name in first.split(",")]
        columns = [named.index(name) for name in (*ferplus.COLUMNS, *ferplus.NO_EMOTION)]
        rows = [line.split(",") for line in rest if line.strip()]
        said = [[cells[i].strip() for i in columns] for cells in rows]
        shown = votes[: len(said)].tolist()
        assert [[int(cell) for cell in row] for row in said] == shown

    explore(check, spoilt(good), examples=200)


# Submissions


def test_submission(tmp_path):
    numbers = b"".join(b"%d\n" % (i % 7) for i in range(30))
    named = b"Image,Emotion\n" + b"".join(b"%s,fear\n" % name.encode() for name in NAMES)
    row = dict.fromkeys(submission.LEDGER_COLUMNS, "x") | {"file": "a.csv", "model": "v2: a, b"}
    submission.ledger.write_ledger(tmp_path / "l.csv", [row, row | {"file": "b.csv"}])
    ledger = (tmp_path / "l.csv").read_bytes()

    def fer2013(content):
        path = written(tmp_path / "s.csv", content)
        found = read_or_refused(lambda: submission.check_fer2013(path, 30), path)
        if found is not None:
            lines = re.split(rb"\r\n|\r|\n", content)
            lines = lines[:-1] if lines[-1] == b"" else lines
            lines = lines[1:] if lines[0].lower() in (b"emotion", b"label") else lines
            assert [b"%d" % label for label in found] == lines

    def data622(content):
        path = written(tmp_path / "s.csv", content)
        found = read_or_refused(lambda: submission.check_data622(path, NAMES), path)
        if found is not None:
            lines = [x for x in re.split(rb"\r\n|\r|\n", content)[1:] if x]
            assert len(lines) == 3
            assert sorted(found) == sorted(NAMES)

    def of_ledger(content):
        path = written(tmp_path / "leaderboard.csv", content)
        found = read_or_refused(lambda: submission.read_ledger(path), path)
        if found is not None:
            assert len(found) == max(len(re.split(rb"\r\n|\r|\n", content.rstrip())) - 1, 0)

    def check(drawn):
        drawn[0](drawn[1])

    kinds = ((fer2013, numbers), (data622, named), (of_ledger, ledger))
    any_spoilt = st.sampled_from(kinds).flatmap(
        lambda kind: st.tuples(st.just(kind[0]), spoilt(kind[1]))
    )
    explore(check, any_spoilt, examples=400)


# Arrays


def npz(arrays, compressed=False):
    with io.BytesIO() as file:
        (np.savez_compressed if compressed else np.savez)(file, **arrays)
        return file.getvalue()


N = 4
GOOD = {
    "index": np.array([3, 0, 7, 2]),
    "split": np.array(["valid", "test", "train", "test"]),
    "probabilities": np.random.default_rng(0).dirichlet(np.ones(7), N).astype(np.float32),
}
DTYPES = ("int64", "float32", "float64", "bool", "U5", "S5", "O", "complex64", "i4,f4",
          "datetime64[s]", "uint8", ">i8", ">f4", "float16")  # fmt: skip


@st.composite
def other_arrays(draw):
    """Return predictions of which one array or more has another dtype or shape, or is lost."""
    arrays = dict(GOOD)
    for name in draw(st.sets(st.sampled_from((*GOOD, "fold", "other")), min_size=1)):
        shape = draw(st.sampled_from(((), (0,), (N,), (N, 1), (N, 7), (N, 7, 1), (N - 1,))))
        values = np.zeros(shape, draw(st.sampled_from(DTYPES)))
        if draw(st.integers(0, 5)):
            arrays[name] = values
        else:
            arrays.pop(name, None)
    return npz(arrays, draw(st.booleans()))


SHAPES = ("(10000000000000,)", "(2,)", "(9,)", "(-1,)", "()", "(4, 7, 9)", "(2**70,)",
          "(1000000, 1000000)", "'x'", "(4,", "None")  # fmt: skip


@st.composite
def lying_headers(draw):
    """Return predictions with an array whose header says what its data are not."""
    name = draw(st.sampled_from(sorted(GOOD)))
    shape = draw(st.sampled_from(SHAPES))
    kind = draw(st.sampled_from(("<i8", "<f4", "<U5", "|O", "|V0", "<U0", "|u1", "x", "[]")))
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    version = draw(st.sampled_from((b"\x01\x00", b"\x09\x00")))
    length = draw(st.sampled_from((len(header), 0, 65535)))
    data = draw(st.sampled_from((b"", GOOD[name].tobytes(), b"\0" * 1000)))
    lie = b"\x93NUMPY" + version + length.to_bytes(2, "little") + header.encode("latin-1") + data
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", draw(st.sampled_from((0, 8)))) as archive:
            for other in GOOD:
                with io.BytesIO() as member:
                    np.save(member, GOOD[other])
                    archive.writestr(f"{other}.npy", lie if other == name else member.getvalue())
        return file.getvalue()


def test_predictions(tmp_path):
    path = tmp_path / "predictions.npz"

    def check(content):
        written(path, content)
        found = read_or_refused(lambda: runs.read_predictions(path), path)
        if found is None:
            return
        n = len(found["index"])
        assert found["index"].shape == (n,)
        assert found["index"].dtype == np.int64
        assert found["split"].shape == (n,)
        assert set(found["split"].tolist()) <= {"train", "valid", "test"}
        assert found["probabilities"].ndim == 2
        assert found["probabilities"].dtype == np.float32
        assert len(found["probabilities"]) == n

    def unchanged(content):
        written(path, content)
        found = read_or_refused(lambda: runs.read_predictions(path), path)
        if found is not None:
            assert sorted(found) == sorted(GOOD)
            for name, array in GOOD.items():
                np.testing.assert_array_equal(found[name], array)

    damaged = spoilt(npz(GOOD)) | spoilt(npz(GOOD, compressed=True))
    kinds = st.tuples(st.just(unchanged), damaged)
    kinds |= st.tuples(st.just(check), other_arrays() | lying_headers() | st.binary())
    explore(lambda drawn: drawn[0](drawn[1]), kinds, examples=400)


def test_weights(tmp_path):
    path = tmp_path / "small.npz"
    told = {"network": "tiny", "classes": ["a", "b"], "input": [8, 8], "size": [8, 8]}
    good = {"000": np.zeros((3, 2), np.float16), "about": np.array(json.dumps(told))}

    def check(content):
        written(path, content)
        found = read_or_refused(lambda: weights.about("small", tmp_path), path)
        assert found is None or found["classes"] == ("a", "b")

    explore(check, spoilt(npz(good)) | spoilt(npz(good, compressed=True)), examples=150)


# Run folders


JSONS = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("identity", "classes", "data", "model", "accuracy", "recipe", "n")),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def test_run_json(tmp_path):
    faces = draw_faces(10)
    one = tmp_path / "v1"
    runs.write_predictions(one / "predictions.npz", **GOOD)
    identity = {"model": "v1", "data": faces.fingerprint, "classes": list(faces.classes)}
    good = json.dumps({"identity": identity, "finished": "now"}).encode()
    network = written(one / "model.keras", b"")
    files = st.sampled_from(("run.json", "metrics.json"))

    def check(drawn):
        name, content = drawn
        path = written(one / name, content)
        assert isinstance(runs.read_json(path), dict | None)
        source = read_or_refused(lambda: export.resolve(network), path)
        if source is not None and source.classes is not None:
            assert all(isinstance(known, str) for known in source.classes)
        read_or_refused(lambda: ensemble.load_members(tmp_path, faces, ["v1"]), one)

    contents = spoilt(good) | JSONS.map(lambda value: json.dumps(value).encode())
    contents |= JSONS.map(lambda value: json.dumps({"identity": value}).encode())
    explore(check, st.tuples(files, contents), examples=300)


# What was found so, and must not come back


def refused(path, content, read):
    assert read_or_refused(lambda: read(written(path, content)), path) is None


@pytest.mark.parametrize("end", ["\f", "\v", "\x85", "\u2028"])
def test_ends_of_lines_that_kaggle_does_not_know(end, tmp_path):
    content = f"0{end}1\n".encode()
    refused(tmp_path / "s.csv", content, lambda path: submission.check_fer2013(path, 2))


def test_a_quote_that_swallows_rows(tmp_path):
    content = LEGEND.replace(b"dwm,All", b'dwm,"All').replace(
        b"dwm,Anna 1.jpg", b'dwm",Anna 1.jpg'
    )
    refused(tmp_path / "l.csv", content, lambda path: label_tables.read(path, labels.DATA622))


def test_a_pixel_of_many_digits(tmp_path):
    content = layouts_of.table_text(few_faces(2)).encode().replace(b" ", b" " + b"9" * 5000, 1)
    refused(tmp_path / "fer2013.csv", content, lambda path: layouts.locate(path).rows())


def test_a_bit_of_a_png(tmp_path):
    good = image_files()[0][0]
    for at in range(good.index(b"IDAT") + 4, len(good) - 16, 5):
        content = good[:at] + bytes([good[at] ^ 4]) + good[at + 1 :]
        refused(tmp_path / "face.png", content, photographs.read)


def test_a_lost_line_in_the_labels_of_sheets(tmp_path):
    content = (layouts_of.write_sheets(tmp_path, few_faces(3)) / "labels.csv").read_bytes()
    lost = content.replace(b"1,Training\n", b"")
    refused(tmp_path / "labels.csv", lost, lambda path: layouts.locate(tmp_path).rows())


def test_lost_votes(tmp_path):
    header = ",".join(["Usage", *ferplus.COLUMNS, *ferplus.NO_EMOTION])
    rows = "Training,1.5,0,0,0,0,0,0,0,0,0\n", "PublicTest,9,0,0,0,0,0,0,0,0,0\n"
    for row in rows:
        content = f"{header}\n{row}".encode()
        refused(tmp_path / "v.csv", content, lambda path: ferplus.votes(path, draw_faces(10)))
