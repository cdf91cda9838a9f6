"""Photographs in, faces with probabilities out."""

import subprocess
import sys

import crop_reference
import numpy as np
import photographs
import pytest
from PIL import Image

import fer_utils
from fer_utils import evaluation, export, labels, models, sentences
from fer_utils.errors import FerError
from fer_utils.faces import Face
from fer_utils.recognizer import Expression, Recognizer
from fer_utils.recognizer.order import in_reading_order

SAID = (0.02, 0.01, 0.03, 0.6, 0.2, 0.04, 0.1)


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


@pytest.fixture(scope="module")
def whole():
    return Recognizer(whole=True)


@pytest.fixture(scope="module")
def alone(recognizer):
    (found,) = recognizer.predict(photographs.astronaut())
    return found


def same(first, second, box=0.01, probability=1e-4):
    assert np.allclose(first.box, second.box, atol=box)
    assert np.allclose(first.probabilities, second.probabilities, atol=probability)


def test_an_expression_says_what_it_is():
    seen = Expression((0, 0, 9, 9), 1.0, SAID, labels.FER2013)
    assert (seen.label, seen.probability) == ("happy", 0.6)
    assert seen.sentence == "looks happy (60%)"
    assert seen.happy == pytest.approx(0.75)
    assert seen.happy_or_sad == "looks more happy than sad (75%)"
    with pytest.raises(FerError, match="happy or sad"):
        _ = Expression((0, 0, 9, 9), 1.0, (0.5, 0.5), ("angry", "fear")).happy


def test_sentences_fit_every_vocabulary():
    for classes in (labels.FER2013, labels.DATA622, labels.CKPLUS, labels.HAPPY_SAD):
        told = sentences.templates(classes)
        assert tuple(told["classes"]) == classes
        assert all("{percent}" in text for text in told["classes"].values())
        assert set(told["happy_or_sad"]) == {"happy", "sad"}
    assert sentences.templates(("angry", "fear"))["happy_or_sad"] == {}
    assert sentences.of_class("sleepy", 0.5) == "looks like sleepy (50%)"
    assert [sentences.percent(p) for p in (0, 0.005, 0.125, 0.995, 1)] == [0, 1, 13, 100, 100]
    assert sentences.of_two(0.2) == "looks more sad than happy (80%)"


def test_finds_the_face(alone):
    x, y, width, height = alone.box
    assert 150 < x < 200
    assert 50 < y < 90
    assert 80 < width < 130
    assert alone.label == "happy"
    assert sum(alone.probabilities) == pytest.approx(1)


def test_it_is_the_written_crop_and_temperature(alone, recognizer):
    """By docs/crop.md's own code, Keras, and the card's temperature."""
    crop = crop_reference.crop(photographs.astronaut(), alone.box)
    said = fer_utils.load_pretrained("small").predict(crop[None, ..., None], verbose=0)
    told = evaluation.tempered(said, recognizer.temperature)
    assert np.allclose(told[0], alone.probabilities, atol=0.002)


def test_all_forms_of_a_photograph(alone, recognizer, tmp_path):
    photo = photographs.astronaut()
    Image.fromarray(photo).save(tmp_path / "a.png")
    turned = Image.fromarray(np.rot90(photo).copy())
    exif = turned.getexif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right
    turned.save(tmp_path / "turned.png", exif=exif)
    clear = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    forms = [photo, Image.fromarray(photo), tmp_path / "a.png", str(tmp_path / "a.png"),
             tmp_path / "turned.png", clear]  # fmt: skip
    for found in recognizer.predict(forms):
        same(found[0], alone)
    grey = np.asarray(Image.fromarray(photo).convert("L"))
    ways = recognizer.predict([grey, grey[..., None]])
    same(ways[0][0], ways[1][0])
    assert recognizer.predict(np.stack([photo, photo]))[1][0] == recognizer.predict([photo])[0][0]


def test_what_is_transparent_is_white(recognizer):
    image = np.zeros((64, 64, 4), np.uint8)
    image[32:, :, 3] = 128
    whole = Recognizer(whole=True).predict(image)
    same(
        whole[0],
        Recognizer(whole=True).predict(
            np.repeat([255, 127], 32)[:, None].repeat(64, 1).astype(np.uint8)
        )[0],
    )


def test_many_at_once_are_as_each_alone(alone, recognizer):
    photo, nobody = photographs.astronaut(), np.full((90, 120), 128, np.uint8)
    found = recognizer.predict([photo if i % 3 else nobody for i in range(19)])
    assert [len(faces) for faces in found] == [int(i % 3 > 0) for i in range(19)]
    same(found[17][0], alone)
    assert recognizer.predict([]) == []


def test_twenty_faces(recognizer):
    found = recognizer.predict(photographs.crowd())
    assert len(found) == 20
    places = {(round(face.box[0]) // 160, round(face.box[1]) // 160) for face in found}
    assert len(places) == 20


def test_fifty_megapixels(alone, recognizer):
    big = Image.fromarray(photographs.astronaut()).resize((7100, 7100), Image.Resampling.NEAREST)
    (found,) = recognizer.predict(big)
    assert np.allclose(np.array(found.box) * 512 / 7100, alone.box, atol=4)
    assert found.label == alone.label


def test_a_large_file_is_reduced_as_it_is_read(tmp_path, monkeypatch):
    from fer_utils.recognizer import photographs as reading

    monkeypatch.setattr(reading, "MOST", 100_000)
    photo = Image.fromarray(photographs.astronaut())
    turned = photo.getexif()
    turned[0x0112] = 6
    clear = photo.convert("RGBA")
    photo.save(tmp_path / "a.jpg", exif=turned)
    clear.save(tmp_path / "a.png")
    photo.save(tmp_path / "a.tif")
    mean = np.asarray(photo.reduce(2)).astype(int)
    for name in ("a.jpg", "a.png", "a.tif"):
        pixels, factor = reading.as_photograph(tmp_path / name)
        assert (pixels.shape, factor) == ((256, 256, 3), 2)
        upright = np.rot90(pixels) if name == "a.jpg" else pixels
        assert np.abs(upright - mean).mean() < 4


@pytest.mark.parametrize("shape", [(8, 8), (1, 1), (3, 300), (300, 3, 3)])
def test_tiny_and_narrow_ones_hold_no_face(recognizer, shape):
    assert recognizer.predict(np.full(shape, 200, np.uint8)) == []


def test_a_face_already_is_taken_whole(whole, faces):
    found = whole.predict(faces.images[:5])
    network = fer_utils.load_pretrained("small")
    said = network.predict(faces.images[:5, ..., None], verbose=0)
    told = evaluation.tempered(said, whole.temperature)
    for (face,), row in zip(found, told, strict=True):
        assert np.allclose(face.probabilities, row, atol=1e-4)
        assert face.box == (0, 0, 48, 48)


def test_almost_no_contrast_is_no_face(whole, faces):
    flat = np.full((48, 48), 128, np.uint8)
    faint = flat + np.arange(48, dtype=np.uint8) // 10
    found = whole.predict([flat, faces.images[0], faint, flat * 0])
    assert [len(own) for own in found] == [0, 1, 0, 0]
    same(found[1][0], whole.predict(faces.images[0])[0])
    assert whole.predict(flat) == []


def test_faces_come_as_one_reads():
    boxes = [(90, 12, 20, 20), (5, 60, 20, 20), (10, 20, 20, 20), (50, 5, 20, 20)]
    ordered = in_reading_order([Face(box) for box in boxes])
    assert [boxes.index(face.box) for face in ordered] == [2, 3, 0, 1]


def test_a_strip_is_refused_before_memory_runs_out(whole):
    with pytest.raises(FerError, match="60000x60000 pixels: shrink or cut it"):
        whole.predict(np.zeros((130, 60000), np.uint8))


@pytest.mark.backend
def test_keras_answers_the_same(alone):
    found = Recognizer(engine="keras").predict(photographs.astronaut())
    same(found[0], alone, box=0.5, probability=0.005)


def test_a_network_of_ones_own(tmp_path, faces):
    network = models.build("tiny", labels.FER2013, (48, 48), 24)
    network.save(tmp_path / "own.keras")
    own = Recognizer(tmp_path / "own.keras", whole=True)
    said = network.predict(faces.images[:4, ..., None], verbose=0)
    found = own.predict(faces.images[:4])
    assert own.temperature == 1
    assert np.allclose([face.probabilities for (face,) in found], said, atol=1e-5)


def test_temperature_softens(faces):
    cold, hot = (Recognizer(whole=True, temperature=t) for t in (0.2, 5))
    (sure,), (unsure,) = (r.predict(faces.images[0]) for r in (cold, hot))
    assert sure.label == unsure.label
    assert sure.probability > unsure.probability


@pytest.mark.parametrize(("options", "said"), [
    ({"network": "big"}, "no network 'big'"),
    ({"engine": "torch"}, "no engine 'torch': there are onnx, keras"),
    ({"engine": "keras", "precision": "int8"}, "Keras has no precision"),
    ({"temperature": 0}, "temperature 0"),
    ({"temperature": float("nan")}, "temperature nan"),
    ({"confident": 1.5}, "confident is 1.5"),
    ({"side": 3}, "side is 3"),
    ({"margin": -1}, "margin is -1"),
])  # fmt: skip
def test_options_are_checked(options, said):
    with pytest.raises(FerError, match=said):
        Recognizer(**options)


@pytest.mark.parametrize(("image", "said"), [
    (np.zeros((5, 5)), "photograph is float64"),
    (np.zeros((0, 5), np.uint8), "photograph is uint8"),
    (np.zeros((5, 5, 2), np.uint8), "photograph is uint8"),
    (None, "photograph is NoneType"),
    ("gone.jpg", "gone.jpg is missing: check the path"),
])  # fmt: skip
def test_what_is_no_photograph(recognizer, image, said):
    with pytest.raises(FerError, match=said):
        recognizer.predict(image)
    with pytest.raises(FerError, match="photograph 1 is|gone.jpg"):
        recognizer.predict([photographs.face(), image])


def test_a_damaged_cache_is_made_anew(tmp_path, monkeypatch, faces):
    monkeypatch.setenv("FER_UTILS_CACHE", str(tmp_path))
    said = []
    before = Recognizer(whole=True, say=said.append).predict(faces.images[0])
    assert said == ["preparing the network small for ONNX Runtime, once ..."]
    (file,) = (tmp_path / "onnx").glob("small-*.onnx")
    file.write_bytes(file.read_bytes()[:1000])
    assert Recognizer(whole=True).predict(faces.images[0]) == before
    export.session(file)


def test_a_cache_that_cannot_be_written_only_warns(tmp_path, monkeypatch, faces):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FER_UTILS_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="the next start will be slow too"):
        assert Recognizer(whole=True).predict(faces.images[0])


def test_the_second_start_needs_no_keras(recognizer, alone, tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(photographs.astronaut()).save(path)
    code = (
        "import sys, fer_utils; (face,) = fer_utils.Recognizer().predict(sys.argv[1]);"
        "print(face.label, *({'keras', 'tensorflow', 'jax', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [alone.label]
