"""Files that somebody built to do harm: no code of theirs runs, nothing is read or written beside
them, and none unpacks without bound."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib

import fer2013_layouts as layouts_of
import numpy as np
import pytest
from fuzzing import little_memory, read_or_refused
from photographs import video
from PIL import Image

import fer_utils
from fer_utils import export, runs, weights
from fer_utils.datasets import photographs
from fer_utils.datasets.fer2013 import archives, layouts
from fer_utils.errors import FerError
from fer_utils.predicting.items import Item
from fer_utils.predicting.shots import shots
from fer_utils.recognizer.photographs import as_photograph

ROWS = layouts_of.faces(20, 1, 1).take([0, 1, 20, 21])
TEXT = layouts_of.table_text(ROWS).encode()


class Code:
    """Makes a folder where it is unpickled."""

    def __reduce__(self):
        return (__import__("os").mkdir, ("code-was-run",))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return a folder to work in; nothing but the test's own files may appear in or above it."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    yield inner
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]
    assert sorted(path.name for path in inner.parent.iterdir()) == ["b"]
    assert not (inner / "code-was-run").exists()


def refused(says, action, *given):
    with pytest.raises(FerError, match=says):
        action(*given)


def in_little_memory(code, *given, megabytes=1500):
    """Return what ``code`` prints in a process of so much address space; it must not die."""
    limited = f"import resource, sys; from pathlib import Path; sys.argv = {[*map(str, given)]}\n"
    size = megabytes << 20
    limited += f"resource.setrlimit(resource.RLIMIT_AS, ({size}, {size}))\n"
    limited += "from fer_utils.errors import FerError\n"
    done = subprocess.run([sys.executable, "-c", limited + code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# Archives of data


def rows_of(path):
    return layouts.locate(path).rows()


def member(name, content=b"", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content)
    return info, content


def tar(path, *members):
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["../fer2013.csv", "/tmp/fer2013.csv", "a/../../../fer2013.csv"])
def test_names_that_lead_out_are_read_where_they_are(name, here):
    assert len(rows_of(tar(here / "fer2013.tar.gz", member(name, TEXT))).labels) == 4
    with zipfile.ZipFile(here / "fer2013.zip", "w") as archive:
        archive.writestr(name, TEXT)
    assert len(rows_of(here / "fer2013.zip").labels) == 4


LINKS = [
    (tarfile.SYMTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "../../secret.csv"),
    (tarfile.CHRTYPE, ""), (tarfile.BLKTYPE, ""), (tarfile.FIFOTYPE, ""), (b"Z", ""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "link"), LINKS)
def test_what_is_no_file_in_a_tar_is_passed_over(kind, link, here):
    odd = member("fer2013/fer2013.csv", b"", kind, link)
    path = tar(here / "fer2013.tar.gz", odd)
    refused("fer2013.tar.gz", rows_of, path)
    tar(path, odd, member("f/fer2013.csv", TEXT))
    assert len(rows_of(path).labels) == 4


def test_two_members_of_one_name(here):
    other = layouts_of.table_text(ROWS, columns=("Usage", "pixels", "emotion")).encode()
    path = tar(here / "fer2013.tar.gz", member("fer2013.csv", TEXT), member("fer2013.csv", other))
    assert len(rows_of(path).labels) == 4  # the first one: it has all
    with zipfile.ZipFile(here / "f.zip", "w") as archive:
        archive.writestr("train.csv", layouts_of.table_text(ROWS, columns=("pixels",)))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("train.csv", TEXT)
    refused("f.zip holds 'train.csv' twice", rows_of, here / "f.zip")


def bomb(path, name, megabytes, kind=tarfile.REGTYPE, opened=gzip.open):
    """Write a tar of one member that is nothing but zeros."""
    info = tarfile.TarInfo(name)
    info.size, info.type = megabytes << 20, kind
    with opened(path, "wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        for _ in range(megabytes):
            file.write(bytes(1 << 20))
    return path


def test_a_tar_of_many_large_members_is_given_up(here, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 3 << 20)
    path = tar(here / "fer2013.tar.gz", *(member(f"{i}.png", bytes(1 << 20)) for i in range(4)))
    refused("fer2013.tar.gz.*unpacks to", rows_of, path)


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_long_name_in_a_tar_is_not_held_in_memory(kind, here):
    path = bomb(here / "fer2013.tar.gz", "x", 300, kind)
    assert path.stat().st_size < 400_000
    with little_memory(50):
        refused("fer2013.tar.gz", rows_of, path)


def test_labels_of_tile_sheets_are_no_bomb(here):
    layouts_of.write_sheets(here, ROWS)
    with zipfile.ZipFile(here / "labels.csv", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.csv", b"emotion,Usage\n" + b"\n" * (30 << 20))
    with little_memory(50):
        refused("labels.csv.* more than", rows_of, here)


@pytest.mark.parametrize("opened", [gzip.open, bz2.open, lzma.open])
def test_compressed_files_that_are_no_tar(opened, here):
    with opened(here / "fer2013.tar.gz", "wb") as file:
        file.write(b"hello")
    refused("fer2013.tar.gz", rows_of, here / "fer2013.tar.gz")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
def test_damage_within_a_zip_of_each_method(method, here):
    path = here / "fer2013.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("fer2013.csv", TEXT)
    content = bytearray(path.read_bytes())
    for at in range(200, 210):
        content[at] ^= 255
    path.write_bytes(content)
    refused("fer2013.zip", rows_of, path)


def test_one_bit_of_a_tar_is_never_read_wrong(here):
    """gzip's checksum stands at the end: what comes before must not be believed without it."""
    good = tar(here / "a.tar.gz", member("fer2013.csv", TEXT)).read_bytes()
    expected = rows_of(here / "a.tar.gz").images
    path = here / "fer2013.tar.gz"
    for at in range(100, len(good), 97):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        found = read_or_refused(lambda: rows_of(path).images, path)
        assert found is None or np.array_equal(found, expected)


def test_a_zip_within_a_zip_is_not_opened(here):
    layouts_of.write_usage(here / "fer2013.csv", ROWS)
    inner = layouts_of.zipped(here / "fer2013.csv")
    with zipfile.ZipFile(here / "outer.zip", "w") as archive:
        archive.write(inner, "fer2013.zip")
    refused("outer.zip holds no table", rows_of, here / "outer.zip")


# Arrays


def predictions(path, **members):
    """Write an .npz of raw members, among good ones."""
    good = {"index": np.arange(2), "split": np.array(["test"] * 2), "probabilities": np.eye(2)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in good.items():
            with io.BytesIO() as file:
                np.save(file, array)
                archive.writestr(f"{name}.npy", members.get(name, file.getvalue()))
    return path


def array_file(shape, data=b""):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def test_a_header_of_a_billion_elements_costs_nothing(here):
    path = predictions(here / "p.npz", probabilities=array_file("(1000000000000, 7)"))
    code = "from fer_utils import runs\ntry: runs.read_predictions(sys.argv[0])\n"
    code += "except FerError as e: print(e)"
    assert "which its data are not" in in_little_memory(code, path)
    nothing = array_file("(1000000000000, )").replace(b"<f4", b"<U0")
    path = predictions(here / "p.npz", split=nothing)
    assert "which its data are not" in in_little_memory(code, path)


def test_a_bomb_of_arrays_is_not_unpacked(here, monkeypatch):
    zeros_ = array_file("(25, 1000000)", bytes(100_000_000))
    path = predictions(here / "p.npz", probabilities=zeros_)
    assert path.stat().st_size < 200_000
    monkeypatch.setattr("fer_utils.reading.LARGEST", 50_000_000)
    refused("p.npz is not a predictions file .*unpacks to", runs.read_predictions, path)
    path.rename(here / "small.npz")
    refused("small.npz is not a network's file", weights.about, "small", here)


def test_weights_with_pickles(here):
    told = np.array(json.dumps({"network": "tiny", "classes": ["a"], "input": [8], "size": 8}))
    np.savez(here / "small.npz", about=told, **{"000": np.array([Code()], dtype=object)})
    refused("small.npz is not a network's file", weights.load_pretrained, "small", here)
    with open(here / "small.npz", "wb") as file:
        pickle.dump(Code(), file)
    refused("small.npz is not a network's file", weights.load_pretrained, "small", here)


@pytest.mark.parametrize("told", [{}, {"network": 3}, {"network": "tiny", "size": "x"}])
def test_weights_that_tell_nonsense(told, here):
    told = {"classes": ["a", "b"], "input": [8, 8], **told}
    np.savez(here / "small.npz", about=np.array(json.dumps(told)))
    refused("small", weights.load_pretrained, "small", here)


# Networks


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    fer_utils.models.build("tiny", size=10).save(path)
    return path


def keras_file(saved, path, config=None, method=0, **more):
    """Write a network again with another configuration, and with more members."""
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path, "w", method) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json" and config is not None:
                content = json.dumps(config(json.loads(content))).encode()
            target.writestr(name, more.pop(name, content))
        for name, content in more.items():
            target.writestr(name, content)
    return path


def layer(module, class_name, **config):
    """Return a function that puts such a layer in the place of the network's second."""

    def put(model):
        inner = next(x for x in model["config"]["layers"] if x["class_name"] != "InputLayer")
        inner |= {"module": module, "class_name": class_name, "registered_name": None}
        inner["config"] = {"name": inner["config"]["name"], **config}
        return model

    return put


FOREIGN = {
    "a module of Python": layer("os", "system", command="mkdir code-was-run"),
    "a function of Python": layer("builtins", "eval", expression="1"),
    "a saved program": layer("keras.layers", "TFSMLayer", filepath="/tmp"),
    "a file beside": layer("keras.layers", "StringLookup", vocabulary="secret.txt"),
    "Keras's own loader": layer("keras.models", "load_model", filepath="x.keras"),
    "Keras's own download": layer("keras.utils", "get_file", origin="http://127.0.0.1:9/x"),
    "unsafe mode": layer("keras.config", "enable_unsafe_deserialization"),
    "a module to import": layer("this", "Zen"),
    "marshalled code": layer(
        "keras.layers", "Lambda", function={"class_name": "__lambda__", "config": {"code": "4wAA"}}
    ),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_networks_with_code(kind, saved, here):
    (here / "secret.txt").write_text("secret\n")
    path = keras_file(saved, here / "other.keras", FOREIGN[kind])
    refused("other.keras is (refused|damaged)", fer_utils.models.load, path)
    assert "this" not in sys.modules


@pytest.mark.filterwarnings("ignore:Skipping invalid path")
def test_members_that_lead_out_of_a_network_are_not_unpacked(saved, here):
    more = {"../../out.txt": b"x", "/tmp/fer-out.txt": b"x", "assets/../../../out.txt": b"x"}
    path = keras_file(saved, here / "other.keras", **more)
    read_or_refused(lambda: fer_utils.models.load(path), path)


def test_a_bomb_in_a_network_is_not_unpacked(saved, here, monkeypatch):
    monkeypatch.setattr("fer_utils.reading.LARGEST", 50_000_000)
    path = keras_file(saved, here / "other.keras", method=8, **{"x.bin": bytes(60_000_000)})
    refused("other.keras is damaged .*unpacks to", fer_utils.models.load, path)


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_weights_that_lie_in_another_file(saved, here):
    """HDF5 can keep an array in any file of the disk: that is not read."""
    import h5py

    secret = here / "secret.bin"
    secret.write_bytes(bytes(range(256)) * 4000)
    with zipfile.ZipFile(saved) as archive:
        (here / "w.h5").write_bytes(archive.read("model.weights.h5"))
    changed = []
    with h5py.File(here / "w.h5", "r+") as file:
        names = []
        file.visititems(
            lambda name, x: names.append(name) if isinstance(x, h5py.Dataset) else None
        )
        for name in names:
            shape, dtype = file[name].shape, file[name].dtype
            if shape:
                del file[name]
                file.create_dataset(
                    name, shape, dtype, external=[(str(secret), 0, int(np.prod(shape)) * 4)]
                )
                changed.append(name)
    assert changed
    content = (here / "w.h5").read_bytes()
    path = keras_file(saved, here / "other.keras", **{"model.weights.h5": content})
    refused("other.keras is (refused|damaged)", fer_utils.models.load, path)


def test_an_onnx_file_is_no_network_for_the_recognizer(here):
    (here / "evil.onnx").write_bytes(b"x")
    refused("evil.onnx", fer_utils.Recognizer, here / "evil.onnx")


@pytest.mark.parametrize("place", ["secret.bin", "../secret.bin", "/etc/hostname"])
def test_onnx_weights_in_another_file(place, here):
    import onnx
    from onnx import TensorProto, helper

    (here / "secret.bin").write_bytes(bytes(16))
    held = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
    held.data_location = TensorProto.EXTERNAL
    held.external_data.add(key="location", value=place)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [held])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (here / "evil.onnx").write_bytes(model.SerializeToString())
    assert onnx.load(here / "evil.onnx", load_external_data=False)
    refused("is no ONNX network", export.session, here / "evil.onnx")
    refused("is no ONNX network", export.session, (here / "evil.onnx").read_bytes())


# Photographs


def png(width, height, body=b""):
    def chunk(kind, body):
        return (
            struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        )

    head = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(body))
    return b"\x89PNG\r\n\x1a\n" + head + data + chunk(b"IEND", b"")


PICTURES = {
    "png of 50000x50000": png(50_000, 50_000),
    "png of 9000x9000": png(9_000, 9_000),
    "png of nothing": png(0, 10),
    "gif of 65535x65535": b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\0;",
    "bmp of 60000x60000": b"BM" + struct.pack("<IHHI", 54, 0, 0, 54)
    + struct.pack("<IiiHHIIiiII", 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) run\n",
    "pdf": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
    "webp of 16383x16383": b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xfe\x3f\0\xfe\x3f\0"
    + b"VP8 \0\0\0\0",
    "ppm of a billion": b"P5\n100000 100000\n255\n",
    "xbm": b"#define im_width 9\n#define im_height 9\nstatic char im_bits[] = {\n0x00 };",
}  # fmt: skip


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_pictures_that_are_refused(kind, suffix, here):
    path = here / f"face{suffix}"
    path.write_bytes(PICTURES[kind])
    refused(f"face{suffix}", as_photograph, path)
    refused(f"face{suffix}", photographs.read, path)
    layouts_of.write_folders(here / "faces", layouts_of.faces(20, 1, 1))
    path.rename(here / "faces" / "train" / "happy" / path.name)
    refused(f"face{suffix}", rows_of, here / "faces")


def test_a_truncated_jpeg(here):
    Image.fromarray(np.tile(ROWS.images[0], (4, 4))).save(here / "face.jpg")
    content = (here / "face.jpg").read_bytes()
    for kept in (0.1, 0.5, 0.99):
        (here / "face.jpg").write_bytes(content[: int(len(content) * kept)])
        refused("face.jpg is no image that can be read", as_photograph, here / "face.jpg")


def test_of_many_frames_one_is_read(here):
    frames = [Image.new("L", (1500, 1500), i % 2 * 255) for i in range(60)]
    frames[0].save(here / "x.gif", save_all=True, append_images=frames[1:], disposal=2)
    with little_memory(80):
        assert as_photograph(here / "x.gif")[0].shape == (1500, 1500, 3)


@pytest.mark.parametrize("turned", range(10))
def test_any_orientation_in_exif(turned, here):
    exif = Image.Exif()
    exif[0x0112] = turned
    Image.new("RGB", (20, 10)).save(here / "face.jpg", exif=exif)
    assert as_photograph(here / "face.jpg")[0].shape[:2] in ((10, 20), (20, 10))


def test_folders_of_large_pictures_are_not_held_in_memory(here):
    layouts_of.write_folders(here, layouts_of.faces(20, 1, 1))
    for i in range(5):
        Image.new("L", (6000, 6000), i).save(here / "train" / "happy" / f"x{i}.png")
    with little_memory(140):
        assert len(rows_of(here).images) == 27


# Videos


PLAYLISTS = {
    "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{0}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile real.avi\n",
    "words": "this is no video\n",
    "nothing": "",
    "subtitles": "1\n00:00:00,000 --> 00:00:09,000\nhello\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "pattern": "img%02d.png",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("name", ["x.mp4", "x%02d.avi", "concat:real.avi|real.avi"])
def test_videos_that_are_no_videos(kind, name, here):
    """A playlist names other files: none of them is opened."""
    video(here / "real.avi", [np.full((48, 48, 3), 99, np.uint8)] * 20)
    Image.new("RGB", (48, 48)).save(here / "x00.avi.png")
    path = here / name
    path.write_text(PLAYLISTS[kind].format(here / "real.avi"))
    given = Item(path.relative_to(here), name) if ":" in name else Item(path, name)
    if given.path.suffix not in (".mp4", ".avi"):
        given = Item(given.path, name)
    (found,) = shots([given])
    assert found.photo is None
    assert "is no video that can be read" in found.error
