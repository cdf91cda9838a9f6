"""What every notebook of the suite keeps to; what it says is checked by nbval."""

import ast
import re
import statistics

import nbformat
import pytest

from fer_utils import paths
from fer_utils.pipeline import suite

FILES = sorted((paths.PROJECT / "notebooks").glob("*.ipynb"))
PARAMETERS = {"DATA": "auto", "PROFILE": "auto", "RUN_DIR": "auto", "SEED": 0}
IGNORE = "nbval-ignore-output"
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:root|work|home|tmp|Users|mnt|kaggle/working)/")
FORBIDDEN = re.compile(r"^\s*(?:def |class |!\s*pip|%pip|%cd|%%bash)|sys\.path|os\.chdir", re.M)
MEGABYTE = 1_000_000


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(notebook, tag):
    return [cell for cell in code_cells(notebook) if tag in cell.metadata.get("tags", [])]


def lines(cell):
    """Return the lines of code: neither blank nor comments alone."""
    stripped = (line.strip() for line in cell.source.splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def texts(output):
    """Return every text of an output, pictures aside."""
    if output.output_type == "stream":
        return [output.text]
    data = output.get("data", {})
    return [str(text) for kind, text in data.items() if not kind.startswith("image/")]


def test_the_suite_is_the_folder():
    assert [path.stem for path in FILES] == sorted(notebook.name for notebook in suite.SUITE)
    assert FILES


def test_names_are_a_number_and_words(path):
    assert re.fullmatch(r"\d\d(_[a-z0-9]+)+", path.stem)


def test_is_a_valid_notebook(path, notebook):
    nbformat.validate(notebook)
    assert path.stat().st_size < MEGABYTE
    assert notebook.metadata.kernelspec.name == "python3"


def test_begins_with_a_title_a_question_and_an_answer(path, notebook):
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith(f"# {path.stem[:2]} ")
    assert "**Question.**" in first.source
    assert "**Answer.**" in first.source


def test_declares_its_parameters_flat(notebook):
    (cell,) = tagged(notebook, "parameters")
    found = {}
    for statement in ast.parse(cell.source).body:
        assert isinstance(statement, ast.Assign), "an assignment a line, nothing else"
        (name,) = statement.targets
        assert isinstance(statement.value, ast.Constant), f"{name.id} is not a plain value"
        found[name.id] = statement.value.value
    assert found.items() >= PARAMETERS.items()
    assert all("#" in line for line in cell.source.splitlines()), "each says what it is"


def test_words_come_before_code(notebook):
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type == "code":
            assert before.cell_type == "markdown", f"nothing said before:\n{cell.source}"
            assert before.source.strip()


def test_code_cells_are_short(notebook):
    lengths = [len(lines(cell)) for cell in code_cells(notebook)]
    assert min(lengths) > 0
    assert max(lengths) <= 35
    assert statistics.median(lengths) <= 6


def test_code_leaves_helpers_and_the_machine_alone(notebook):
    for cell in code_cells(notebook):
        assert not FORBIDDEN.search(cell.source), cell.source


def test_no_path_of_a_machine(notebook):
    for cell in notebook.cells:
        assert not MACHINE_PATH.search(cell.source), cell.source
        for output in cell.get("outputs", []):
            for text in texts(output):
                assert not MACHINE_PATH.search(text), text


def test_ends_with_results_and_what_is_kept(notebook):
    headings = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("## ")
    ]
    assert headings[-2:] == ["## Results", "## What we keep"]


def test_outputs_are_compared_but_for_a_third(notebook):
    assert len(tagged(notebook, IGNORE)) <= len(code_cells(notebook)) / 3


def test_claims_are_checked(notebook):
    nodes = [n for cell in code_cells(notebook) for n in ast.walk(ast.parse(cell.source))]
    asserts = [node for node in nodes if isinstance(node, ast.Assert)]
    calls = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    assert asserts or "evaluation.check_claims" in calls
    assert all(node.msg for node in asserts), "an assertion says what it found"


def test_outputs_are_committed_without_errors(notebook):
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert outputs, "run `make notebooks`"
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]


def test_no_traces_of_the_run(notebook):
    assert not {"papermill", "widgets"} & set(notebook.metadata)
    for cell in notebook.cells:
        assert not {"execution", "papermill", "collapsed"} & set(cell.metadata)
