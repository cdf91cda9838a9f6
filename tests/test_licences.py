"""No dependency has a licence that ours cannot live with, and docs/licences.md names them all."""

import importlib.util

import documents
import pytest

spec = importlib.util.spec_from_file_location("licences", documents.ROOT / "docs" / "licences.py")
licences = importlib.util.module_from_spec(spec)
spec.loader.exec_module(licences)
TEXT = documents.read("docs/licences.md")


@pytest.fixture(scope="module")
def installed():
    return licences.installed()


def bad(found):
    return {
        name: words
        for name, words in found.items()
        if name not in licences.EXCEPTIONS and not licences.allowed(words)
    }


def test_every_installed_licence_is_allowed_or_excepted(installed):
    ours = {name: words for name, words in installed.items() if name in licences.locked()}
    assert len(ours) > 100
    assert bad(ours) == {}
    assert bad(licences.of_npm()) == {}


def test_the_page_names_every_pinned_package(installed):
    python = licences.told(TEXT, "python")
    assert set(python) == licences.locked(), "make licences"
    assert licences.told(TEXT, "npm") == licences.of_npm(), "make licences"
    assert bad(python) == {}


def test_exceptions_are_needed_and_have_reasons():
    known = licences.told(TEXT, "python") | licences.of_npm()
    for name, reason in licences.EXCEPTIONS.items():
        assert not licences.allowed(known[name])
        assert f"| {name} | {known[name]} | {reason} |" in TEXT


def test_writing_the_page_again_changes_nothing(monkeypatch):
    monkeypatch.setattr(licences, "installed", dict)  # all is kept
    assert licences.page(TEXT) == TEXT


@pytest.mark.parametrize(
    ("words", "may"),
    [
        ("MIT", True),
        ("MIT AND PSF-2.0", True),
        ("GPL-3.0-only", False),
        ("MIT AND LGPL-2.1-only", False),
        ("GPL-2.0-or-later OR MIT", True),
        ("UNKNOWN", False),
    ],
)
def test_all_of_an_and_one_of_an_or(words, may):
    assert licences.allowed(words) == may
