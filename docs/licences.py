"""Writes the tables of docs/licences.md: the licence of each pinned package.

Usage: python docs/licences.py

Names come from requirements.lock and webapp/package-lock.json, licences from pip-licenses, which
reads what is installed, and from npm's lock. What is not installed here, as it is for another
system or Python, keeps the licence that the page has for it.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs" / "licences.md"
ALLOWED = {
    *("MIT", "MIT-0", "MIT-CMU", "ISC", "0BSD", "BSD", "BSD-2-Clause", "BSD-3-Clause"),
    *("Apache-2.0", "PSF-2.0", "Zlib", "CC0-1.0"),
}
_MPL = "binds who changes its own files, which nobody does here"
# Packages with another licence, and why that is no harm.
EXCEPTIONS = {
    "certifi": f"{_MPL}; a list of certificates",
    "fqdn": f"{_MPL}; JupyterLab's",
    "hypothesis": f"{_MPL}; runs tests alone",
    "pathspec": f"{_MPL}; mypy's",
    "text-unidecode": "ours is the Artistic licence; kaggle's, installed as it is",
    "tqdm": f"{_MPL}; progress bars of papermill, optuna and others",
    "axe-core": f"{_MPL}; tests the page, is no part of it",
}
_WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# What their metadata do not say, or say badly: read in their own licence files.
_READ = {
    "namex": "Apache-2.0",
    "pdoc": "MIT-0",
    "text-unidecode": "Artistic-1.0-Perl OR GPL-2.0-or-later",
}


def plain(name):
    """Return a package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked():
    """Return the names in requirements.lock."""
    lines = (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return {plain(line.partition("==")[0]) for line in lines if "==" in line}


def installed():
    """Return the licences of the installed packages: name to SPDX's words."""
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--with-system"]
    told = subprocess.run([*command, "--format=json"], capture_output=True, check=True).stdout
    said = {plain(package["Name"]): package["License"] for package in json.loads(told)}
    return {name: _READ.get(name, _WORDS.get(words, words)) for name, words in said.items()}


def of_npm():
    """Return the licences of the page's packages, those of esbuild's builds as one."""
    lock = json.loads((PROJECT / "webapp" / "package-lock.json").read_text(encoding="utf-8"))
    told = {
        path.removeprefix("node_modules/"): about["license"]
        for path, about in lock["packages"].items()
        if path
    }
    return {re.sub(r"^@esbuild/.*", "@esbuild/*", name): words for name, words in told.items()}


def allowed(words):
    """Return whether a licence lets us go on under MIT: one of an OR, all of an AND."""
    choices = [choice.split(" AND ") for choice in words.split(" OR ")]
    return any(ALLOWED.issuperset(choice) for choice in choices)


def told(text, part):
    """Return the licences that a part of the page's text tells."""
    table = text.split(f"<!-- {part} -->")[1].split("<!-- end -->")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", table, re.M)[1:]
    return {name: words for words, names in rows for name in names.split(", ")}


def table(licences):
    """Return the lines of a table: each licence with its packages."""
    by_words = {}
    for name in sorted(licences):
        by_words.setdefault(licences[name], []).append(name)
    rows = sorted(by_words.items(), key=lambda row: (-len(row[1]), row[0]))
    lines = [f"| {words} | {', '.join(names)} |" for words, names in rows]
    return ["| licence | packages |", "|---|---|", *lines]


def page(text):
    """Return the page's text with its tables anew.

    Raises:
        KeyError: a package is neither installed here nor on the page: add it there by hand.
    """
    found = told(text, "python") | installed()
    python, npm = {name: found[name] for name in locked()}, of_npm()
    beside = {name: words for name, words in (python | npm).items() if name in EXCEPTIONS}
    reasons = [f"| {name} | {beside[name]} | {EXCEPTIONS[name]} |" for name in sorted(beside)]
    parts = {
        "python": table(python),
        "exceptions": ["| package | licence | why it is no harm |", "|---|---|---|", *reasons],
        "npm": table(npm),
    }
    for part, lines in parts.items():
        between = rf"(<!-- {part} -->\n).*?(<!-- end -->)"
        body = "\n".join(lines)
        text = re.sub(between, lambda m, b=body: f"{m[1]}{b}\n{m[2]}", text, flags=re.S)
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
