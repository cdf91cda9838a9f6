"""What the page says of a face, in Node, beside the package."""

import json
import shutil
import subprocess

import pytest
import webapp_site

from fer_utils import labels, sentences
from fer_utils.export import bundle

pytestmark = pytest.mark.browser
SCRIPT = """
import { readFileSync } from "node:fs";
import { describe, tellsHappyFromSad } from "WORDS";
const [classes, sentences, happy_and_sad, asked] = JSON.parse(readFileSync(0));
const about = { classes, sentences, happy_and_sad };
console.log(JSON.stringify(asked.map((probabilities) =>
  tellsHappyFromSad(about) ? describe(probabilities, about, "two") : null)));
"""


def described(classes, asked):
    """Return what the page's words.js says of probabilities, happy or sad."""
    if shutil.which("node") is None:
        pytest.fail("the web page's tests need node: make browser")
    script = SCRIPT.replace("WORDS", (webapp_site.WEBAPP / "src" / "words.js").as_uri())
    about = [classes, sentences.templates(classes), bundle._happy_and_sad(classes), asked]
    done = subprocess.run(["node", "--input-type=module", "-e", script], input=json.dumps(about),
                          capture_output=True, text=True, check=True)  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize("classes", [
    ("joy", "anger", "sadness"), labels.FER2013, labels.DATA622, ("sad", "happy"),
], ids=["joy", "FER2013", "DATA622", "two"])  # fmt: skip
def test_happy_or_sad_as_in_python(classes):
    n = len(classes)
    asked = [[0] * n, [1 / n] * n, [(i + 1) / n / n for i in range(n)]]
    for probabilities, said in zip(asked, described(classes, asked), strict=True):
        happy, sad = (probabilities[i] for i in sentences.happy_and_sad(classes))
        share = happy / (happy + sad) if happy + sad else 0.5
        assert said["text"].lower() == sentences.of_two(share)
        assert [bar["share"] for bar in said["bars"]] == pytest.approx([share, 1 - share])


def test_a_network_without_sad():
    assert described(("happy", "neutral"), [[0.5, 0.5]]) == [None]
