"""Bad input: one clear line that names file, row and remedy."""

import io
import re
import struct
import tarfile
import zipfile
import zlib

import fer2013_layouts as write
import numpy as np
import pytest
from PIL import Image

from fer_utils.datasets import fer2013
from fer_utils.datasets.fer2013 import archives, csv_pixels, folders
from fer_utils.errors import FerError

ROWS = write.faces(train=14, public=4, private=4)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FER_UTILS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def refused(root, *says):
    """Check that loading fails with one line that holds these patterns."""
    with pytest.raises(FerError) as caught:
        fer2013.load(root)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    for pattern in says:
        assert re.search(pattern, message), message


# Whole files


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty: download"),
        (b"\n \n", "is empty"),
        (bytes(range(256)) * 40, "binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "web page.*login"),
        (b"\n  <html>", "web page"),
        ("emotion,pixels\n0,1 2 3".encode("utf-16"), "UTF-16: save it as UTF-8"),
        ("emotion,pixels\n0,1 2 3".encode("utf-16-le"), "UTF-16"),
        (b"PassengerId,Survived\n1,0\n", "line 1: the header is 'PassengerId,Survived': expected"),
        (b"0,1 2 3\n", "line 1: the header is '0,1 2 3'"),
        (b"emotion,pixels\n", "no rows: download"),
        (b"PK\x03\x04 and then nothing", "cut off or damaged: download"),
        (b"\x1f\x8b\x08 and then nothing", "cut off or damaged: download"),
    ],
)
@pytest.mark.parametrize("by_name", [True, False])
def test_file_that_is_no_table(content, says, by_name, folder):
    write.write_pair(folder, ROWS)
    (folder / "train.csv").write_bytes(content)
    refused(folder / "train.csv" if by_name else folder, "train.csv", says)


def test_missing(folder):
    refused(folder / "nothing", "nothing does not exist: expected train.csv")
    refused(folder, "holds no FER2013: expected train.csv")
    write.write_pair(folder, ROWS)
    (folder / "test.csv").unlink()
    refused(folder, "lacks test.csv: expected")
    refused(folder / "train.csv", "test.csv is missing beside it")


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000])
def test_name_too_long(name, folder):
    with pytest.raises(FerError, match="cannot be .*File name too long"):
        fer2013.load(folder / name)


def test_home_of_nobody():
    with pytest.raises(FerError, match="nobody_has_this_name"):
        fer2013.load("~nobody_has_this_name/data")


def test_links_in_a_circle(folder):
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    (folder / "train.csv").symlink_to(folder / "train.csv")
    refused(folder, "data holds no FER2013")
    refused(folder / "a", "data/a cannot be ")
    write.write_usage(folder / "fer2013.csv", ROWS)
    assert len(fer2013.load(folder)) == 22


def test_link_in_a_circle_among_images(folder):
    write.write_folders(folder, write.faces())
    loop = folder / "train" / "happy" / "x.png"
    loop.symlink_to(loop)
    refused(folder, "x.png cannot be read")


def test_unreadable(folder, monkeypatch):
    path = write.write_usage(folder / "fer2013.csv", ROWS)

    def denied(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", denied)
    refused(path, r"fer2013.csv cannot be read \(Permission denied\)")


def test_odd_test_table(folder):
    write.write_pair(folder, ROWS.take(np.arange(21)))
    refused(folder, "test.csv: 7 rows, an odd number")


# Rows. Line 1 is the header, so row i is on line i + 2.


def broken(folder, row, **cells):
    """Write fer2013.csv with some cells of one row replaced by functions of themselves."""
    lines = write.table_text(ROWS).splitlines()
    values = dict(zip(("emotion", "pixels", "usage"), lines[row + 1].split(","), strict=True))
    for name, change in cells.items():
        values[name] = change(values[name])
    lines[row + 1] = ",".join(values.values())
    path = folder / "fer2013.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def pixel(place, text):
    def change(pixels):
        numbers = pixels.split(" ")
        numbers[place] = text
        return " ".join(numbers)

    return change


PIXEL_FAULTS = [
    (lambda x: x.rsplit(" ", 1)[0], r"2,303 pixels, not 2,304 \(48x48\).*download"),
    (lambda x: x + " 7", "2,305 pixels, not 2,304"),
    (lambda x: "", "0 pixels"),
    (lambda x: "5", "1 pixels"),
    (pixel(0, "256"), "pixel '256' is not in 0-255: correct"),
    (pixel(2303, "256"), "pixel '256' is not in 0-255"),
    (pixel(7, "299"), "'299' is not in 0-255"),
    (pixel(7, "300"), "'300' is not in 0-255"),
    (pixel(7, "999"), "'999' is not in 0-255"),
    (pixel(7, "1000"), "'1000' is not in 0-255"),
    (pixel(7, "65536000"), "'65536000' is not in 0-255"),
    (pixel(7, "-1"), "'-1' is not in 0-255"),
    (pixel(7, "1.5"), "'1.5' is not an integer"),
    (pixel(7, "12a"), "'12a' is not an integer"),
    (pixel(7, "nan"), "'nan' is not an integer"),
    (pixel(7, "1\u00a02"), "is not an integer"),
    (pixel(7, "1\t2"), "is not an integer"),
    (pixel(7, "1,2"), "'1,2' is not an integer"),
]


@pytest.mark.parametrize(("change", "says"), PIXEL_FAULTS)
@pytest.mark.parametrize("row", [0, 9, 21])
def test_pixels(change, says, row, folder):
    path = broken(folder, row, pixels=change)
    refused(path, f"fer2013.csv, line {row + 2}: ", says)


@pytest.mark.parametrize("block", [500, 9_000, 50_000])
def test_line_number_with_blank_lines_and_small_blocks(block, folder, monkeypatch):
    path = broken(folder, 9, pixels=pixel(3, "256"))
    path.write_text(path.read_text().replace("\n2,", "\n\n2,"))  # before rows 2 and 9
    monkeypatch.setattr(csv_pixels, "BLOCK", block)
    refused(path, "line 13: ")


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_every_value_is_read_right(digits, folder):
    values = np.arange(2304, dtype=int) % 256
    rows = write.faces(train=8, public=2, private=0).take([0])
    rows.images = values.astype(np.uint8).reshape(1, 48, 48)
    text = write.table_text(rows).replace(
        write.row_text(rows.images[0]), " ".join(f"{value:0{digits}d}" for value in values)
    )
    (folder / "fer2013.csv").write_text(text)
    np.testing.assert_array_equal(fer2013.load(folder).images, rows.images)


@pytest.mark.parametrize("text", ["7", "-1", "happy", "3.5", "33"])
@pytest.mark.parametrize("row", [4, 15, 21])
def test_emotion_out_of_range(text, row, folder):
    path = broken(folder, row, emotion=lambda _: text)
    refused(path, f"line {row + 2}: emotion '{text}' is not one of 0-6")


def test_blank_emotion(folder):
    path = broken(folder, 4, emotion=lambda _: "")
    refused(path, "line 6: a training row without emotion: give 0-6, or remove")
    assert len(fer2013.load(broken(folder, 15, emotion=lambda _: ""))) == 22


def test_unknown_usage(folder):
    path = broken(folder, 4, usage=lambda _: "Test")
    refused(path, "line 6: Usage 'Test' is unknown: use Training, PublicTest, PrivateTest")


def test_too_few_fields(folder):
    path = folder / "fer2013.csv"
    path.write_text(write.table_text(ROWS) + "3\n")
    refused(path, "line 24: fewer than the header's 3 fields")


def test_cut_off_in_the_middle(folder):
    path = write.write_usage(folder / "train.csv", ROWS, columns=("emotion", "pixels"))
    path.write_bytes(path.read_bytes()[:-3000])
    write.write_usage(folder / "test.csv", ROWS, columns=("pixels",))
    refused(folder, "train.csv, line 23: .* pixels, not 2,304")


def test_row_that_never_ends(folder, monkeypatch):
    monkeypatch.setattr(csv_pixels, "LONGEST", 100_000)
    path = folder / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n0," + "1 " * 300_000)
    refused(path, "line 2: the row does not end")


# Archives


def test_truncated_zip(folder):
    path = write.zipped(write.write_usage(folder / "fer2013.csv", ROWS))
    path.write_bytes(path.read_bytes()[:-1000])
    refused(path, "fer2013.csv.zip is cut off or damaged: download")
    refused(folder, "fer2013.csv.zip is cut off or damaged")


def test_damage_inside_a_zip(folder):
    path = write.zipped(write.write_usage(folder / "fer2013.csv", ROWS))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    refused(path, r"fer2013.csv.zip|fer2013.csv")


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.98])
def test_truncated_tar(kept, folder):
    text = write.table_text(ROWS).encode()
    path = write.tarred(folder / "fer2013.tar.gz", **{"fer2013/fer2013.csv": text})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    refused(path, "fer2013.tar.gz.* is cut off or damaged: download")


def test_fault_inside_an_archive_names_member_and_line(folder):
    path = write.zipped(broken(folder, 4, emotion=lambda _: "9"))
    refused(path, r"fer2013.csv.zip \(fer2013.csv\), line 6: emotion '9'")


def test_archive_of_something_else(folder):
    (folder / "notes.csv").write_text("a,b\n")
    refused(write.zipped(folder / "notes.csv"), "holds no table of FER2013")


def test_zip_bomb_is_not_unpacked(folder, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 10_000)
    path = write.zipped(write.write_usage(folder / "fer2013.csv", ROWS))
    refused(path, "'fer2013.csv' unpacks to .* GB.*not read")
    text = write.table_text(ROWS).encode()
    path = write.tarred(folder / "fer2013.tar.gz", **{"fer2013.csv": text})
    refused(path, "'fer2013.csv' unpacks to .* GB")


def test_zip_that_lies_about_its_size(folder):
    path = write.zipped(write.write_usage(folder / "fer2013.csv", ROWS))
    size = struct.pack("<L", len(write.table_text(ROWS)))
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<L", 20_000)))
    refused(path, "fer2013.csv.zip")


@pytest.mark.parametrize("name", ["../../fer2013.csv", "/tmp/fer2013.csv"])
def test_path_escapes_write_nothing(name, folder, tmp_path):
    text = write.table_text(ROWS)
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr(name, text)
    write.tarred(folder / "b.tar.gz", **{name: text.encode()})
    before = set(tmp_path.rglob("*"))
    for archive in ("a.zip", "b.tar.gz"):
        assert len(fer2013.load(folder / archive)) == 22
    assert {path for path in tmp_path.rglob("*") if "cache" not in path.parts} == before


def test_links_in_a_tar_are_not_followed(folder):
    with tarfile.open(folder / "fer2013.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("fer2013.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link, io.BytesIO())
    refused(folder / "fer2013.tar.gz", "holds no table")


def test_encrypted_zip(folder):
    path = write.zipped(write.write_usage(folder / "fer2013.csv", ROWS))
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(content)
    refused(path, "cannot be unpacked .*encrypted.*unpack it by hand")


# Image folders


@pytest.fixture
def images(folder):
    return write.write_folders(folder, write.faces())


@pytest.mark.parametrize("name", ["x.png", "x.jpg"])
@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n\0\0", "cut"])
def test_unreadable_image(name, content, images):
    place = images / "train" / "happy"
    if content == "cut":
        buffer = io.BytesIO()
        face = Image.fromarray(ROWS.images[0])
        face.save(buffer, "PNG" if name.endswith("png") else "JPEG")
        content = buffer.getvalue()[:-1200]
    (place / name).write_bytes(content)
    refused(images, f"happy/{name} is (empty|no image that can be read): replace or remove it")


def test_unknown_class_folder(images):
    (images / "train" / "contempt").mkdir()
    refused(images, "train/contempt: unknown class name 'contempt': expected one of angry.*rename")


def png_of(width, height):
    def chunk(kind, body):
        check = struct.pack(">L", zlib.crc32(kind + body))
        return struct.pack(">L", len(body)) + kind + body + check

    header = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8_000, 10_000, 50_000])
def test_image_over_the_limit(side, images):
    assert side * side > folders.LARGEST
    (images / "train" / "happy" / "x.png").write_bytes(png_of(side, side))
    refused(images, "happy/x.png")


def test_image_of_16_bits(images):
    Image.fromarray(np.zeros((48, 48), np.uint16)).save(images / "train" / "happy" / "x.png")
    refused(images, "x.png has more than 8 bits a pixel: replace or remove it")


def test_folders_without_test(images):
    (images / "test").rename(images / "elsewhere")
    refused(images, "lacks test/: expected")


def test_folders_without_images(folder):
    for place in ("train/happy", "test/happy"):
        (folder / place).mkdir(parents=True)
    refused(folder, "no .png or .jpg in the training folders")


def test_too_few_images_to_hold_out(folder):
    write.write_folders(folder, ROWS)
    refused(folder, "too few images in train/ to hold out")


# Sheets


@pytest.fixture
def sheets(folder):
    return write.write_sheets(folder, write.faces(train=70, public=4, private=4))


def test_missing_sheet(sheets):
    (sheets / "PublicTest.png").unlink()
    refused(sheets, "PublicTest.png is missing: labels.csv lists 4 images")


def test_no_sheets(sheets):
    for path in sheets.glob("*.png"):
        path.unlink()
    refused(sheets, "lacks Training.png, PublicTest.png, PrivateTest.png")


def test_sheet_with_too_few_tiles(sheets):
    with (sheets / "labels.csv").open("a") as file:
        file.writelines(["0,Training\n"] * 60)
    refused(sheets, "Training.png has 2 rows of 64 tiles .*130 images.*pack it again")


@pytest.mark.parametrize("size", [(3072, 90), (3000, 96), (40, 96)])
def test_sheet_of_a_wrong_size(size, sheets):
    Image.new("L", size).save(sheets / "Training.png")
    refused(sheets, "Training.png has .*does not fit the 70 images")


@pytest.mark.parametrize("content", [b"", b"<html>", "cut", "colour", "huge"])
def test_unreadable_sheet(content, sheets):
    path = sheets / "Training.png"
    if content == "cut":
        content = path.read_bytes()[:50_000]
    elif content == "huge":
        content = png_of(50_000, 50_000)
    if content == "colour":
        Image.new("RGB", (3072, 96)).save(path)
    else:
        path.write_bytes(content)
    refused(sheets, "Training.png (is|has) .*: (download|pack)")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("7,Training", "line 80: emotion '7'"),
        (",Training", "line 80: a training row without emotion"),
        ("3,Test", "line 80: Usage 'Test' is unknown"),
        ("3", "line 80: 1 fields, not 2"),
        ("3,Training,4", "line 80: 3 fields, not 2"),
    ],
)
def test_faults_in_the_labels_of_sheets(line, says, sheets):
    with (sheets / "labels.csv").open("a") as file:
        file.write(line + "\n")
    refused(sheets, "labels.csv", says)


def test_sheets_without_rows(sheets):
    (sheets / "labels.csv").write_text("emotion,Usage\n")
    refused(sheets, "labels.csv has a header but no rows")
