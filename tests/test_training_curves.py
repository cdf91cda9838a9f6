"""The log for TensorBoard, read by TensorFlow's own reader, which checks each checksum."""

import pytest
from conftest import draw_faces
from test_training import interrupt, made_settings

from fer_utils import models, training
from fer_utils.training import curves

RECIPE = models.Recipe("adam", learning_rate=0.01, batch=16, epochs=3)


def read(folder):
    """Return ``{tag: {step: value}}`` of an event file."""
    import tensorflow as tf
    from tensorflow.core.util import event_pb2

    (path,) = folder.iterdir()
    records = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    first, *events = [event_pb2.Event.FromString(record) for record in records]
    assert first.file_version == "brain.Event:2"
    told = {}
    for event in events:
        for value in event.summary.value:
            assert event.step not in told.setdefault(value.tag, {})
            told[value.tag][event.step] = value.simple_value
    return told


def check(folder, history):
    for name, prefix in (("train", ""), ("validation", "val_")):
        told = read(folder / "tensorboard" / name)
        for key in ("loss", "accuracy"):
            wanted = dict(zip(history["epoch"], history[f"{prefix}{key}"], strict=True))
            assert told[f"epoch_{key}"] == pytest.approx(wanted, rel=1e-6)
    assert len(read(folder / "tensorboard" / "train")["epoch_learning_rate"]) == len(history)


def test_every_epoch_is_in_the_log_once(tmp_path, monkeypatch):
    dataset, made = draw_faces(80, side=16), made_settings(tmp_path)
    with monkeypatch.context() as patch:
        interrupt(patch, epoch=2)
        with pytest.raises(KeyboardInterrupt):
            training.fit_or_restore("tiny", dataset, made, RECIPE, tensorboard=True)
    fitted = training.fit_or_restore("tiny", dataset, made, RECIPE, tensorboard=True)
    check(fitted.folder, fitted.history)


def test_a_restored_fit_gets_its_log_later(tmp_path):
    dataset, made = draw_faces(80, side=16), made_settings(tmp_path)
    fitted = training.fit_or_restore("tiny", dataset, made, RECIPE)
    assert not (fitted.folder / "tensorboard").exists()
    training.fit_or_restore("tiny", dataset, made, RECIPE, tensorboard=True)
    check(fitted.folder, fitted.history)


@pytest.mark.parametrize("damage", [b"", b"\0" * 5])
def test_a_log_that_tells_all_is_left_as_it_is(tmp_path, damage):
    dataset, made = draw_faces(80, side=16), made_settings(tmp_path)
    fitted = training.fit_or_restore("tiny", dataset, made, RECIPE, tensorboard=True)
    files = sorted((fitted.folder / "tensorboard").glob("*/*"))
    written = [path.read_bytes() for path in files]
    training.fit_or_restore("tiny", dataset, made, RECIPE, tensorboard=True)
    assert [path.read_bytes() for path in files] == written
    files[0].write_bytes(written[0][:-40] + damage)  # as a full disk leaves it
    training.fit_or_restore("tiny", dataset, made, RECIPE, tensorboard=True)
    check(fitted.folder, fitted.history)
    assert files[1].read_bytes() == written[1]


def test_numbers_of_several_bytes():
    assert [curves._varint(n) for n in (0, 127, 128, 300)] == [
        b"\x00",
        b"\x7f",
        b"\x80\x01",
        b"\xac\x02",
    ]
