"""Submit against a small Kaggle: checked first, sent once, the score in the ledger."""

import pytest
from kaggle_server import TOKEN
from typer.testing import CliRunner

from fer_utils import cli, paths, submission
from fer_utils.errors import FerError
from fer_utils.kaggle import client, submit
from fer_utils.submission import ledger

LINES = submission.TEST_ROWS


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "submissions" / "fer2013-v8.csv"
    path.parent.mkdir()
    path.write_text("3\n" * LINES)
    submission.record(path.with_name("leaderboard.csv"), path, {"model": "v8"}, {})
    submission.record(path.with_name("leaderboard.csv"), "other.csv", {"model": "v1"}, {})
    return path


def submitted(file, timeout=20, **options):
    said, connection = [], client.Client(timeout=20)
    connection.timeout = timeout
    book = file.with_name("leaderboard.csv")
    score = submit.submit(connection, file, "v8 alone", book, say=said.append, **options)
    return score, "\n".join(said)


def scores(file):
    rows = ledger.read_ledger(file.with_name("leaderboard.csv"))
    return {row["file"]: row["kaggle"] for row in rows}


def test_submission_gets_its_score(kaggle_site, file):
    kaggle_site.scores = ["", "", "0.69407"]
    assert submitted(file)[0] == "0.69407"
    (sent,) = kaggle_site.submissions
    assert sent["blob"] == file.read_bytes()
    assert sent["fileName"] == file.name
    assert sent["description"].startswith("v8 alone [")
    assert scores(file) == {file.name: "0.69407", "other.csv": ""}


def test_the_private_score_is_not_shown(kaggle_site, file):
    assert "0.7" not in submitted(file)[1]


def test_repeated_call_does_not_submit_twice(kaggle_site, file):
    submitted(file)
    kaggle_site.scores = ["0.69111"]
    score, said = submitted(file)
    assert (score, len(kaggle_site.submissions)) == ("0.69111", 1)
    assert "was sent before, on 2026-11-29" in said
    kaggle_site.scores = ["0.69222"]
    assert submitted(file, again=True)[0] == "0.69222"
    assert len(kaggle_site.submissions) == 2


def test_another_file_of_that_name_is_another_submission(kaggle_site, file):
    submitted(file)
    file.write_text("4\n" * LINES)
    submitted(file)
    assert len(kaggle_site.submissions) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("3\n" * 3589, f"has 3589 labels, but test.csv has {LINES} rows"),
        ("7\n" * LINES, "line 1: '7' is not a label 0-6"),
        (None, "is missing"),
    ],
)
def test_file_that_is_no_submission_is_not_sent(content, says, kaggle_site, file):
    file.unlink()
    if content:
        file.write_text(content)
    with pytest.raises(FerError, match=says):
        submitted(file)
    assert "ListSubmissions" not in kaggle_site.calls


FAILURES = [
    ("ListSubmissions", 401, "does not accept the token"),
    ("ListSubmissions", 403, "accept the rules at https://www.kaggle.com/c/"),
    ("ListSubmissions", 404, "Kaggle has none of that name"),
    ("StartSubmissionUpload", 403, "the submission fer2013-v8.csv: .*accept the rules"),
    ("StartSubmissionUpload", 500, "Kaggle failed .500"),
    ("upload", "drop", "the upload of fer2013-v8.csv broke off"),
    ("upload", 500, "the upload of fer2013-v8.csv broke off"),
    ("CreateSubmission", 429, "wants fewer requests"),
    ("CreateSubmission", 400, "Kaggle refuses it .400, no: "),
    ("CreateSubmission", "hang", "did not answer within 1 s"),
]


@pytest.mark.parametrize(("endpoint", "wanted", "says"), FAILURES)
def test_failure_is_clear_and_the_next_call_finishes(endpoint, wanted, says, kaggle_site, file):
    kaggle_site.fail = {endpoint: wanted}
    with pytest.raises(FerError, match=says) as caught:
        submitted(file, timeout=1 if wanted == "hang" else 20)
    assert TOKEN not in str(caught.value)
    assert not kaggle_site.submissions
    assert scores(file)[file.name] == ""
    kaggle_site.fail = {}
    submitted(file)
    assert len(kaggle_site.submissions) == 1
    assert scores(file)[file.name] == "0.69000"


def test_lost_answer_is_no_second_submission(kaggle_site, file):
    kaggle_site.fail = {"CreateSubmission": ["lost"]}
    with pytest.raises(FerError, match="the connection to Kaggle broke"):
        submitted(file)
    submitted(file)
    assert len(kaggle_site.submissions) == 1


def test_score_that_takes_long(kaggle_site, file):
    kaggle_site.scores = [""]
    with pytest.raises(FerError, match="no score yet .pending.: run the same command again"):
        submitted(file, patience=0.05)
    kaggle_site.scores = ["0.5"]
    assert submitted(file)[0] == "0.5"
    assert len(kaggle_site.submissions) == 1


def test_again_waits_for_what_is_still_without_a_score(kaggle_site, file):
    kaggle_site.scores = [""]
    with pytest.raises(FerError, match="again, without --again, in some minutes"):
        submitted(file, patience=0.05, again=True)
    kaggle_site.scores = ["", "0.5"]
    score, said = submitted(file, again=True)
    assert (score, len(kaggle_site.submissions)) == ("0.5", 1)
    assert "was sent before" in said


def test_rejected_submission(kaggle_site, file):
    kaggle_site.scores = ["rejected"]
    with pytest.raises(FerError, match="rejects the submission: wrong number of rows"):
        submitted(file)
    assert scores(file)[file.name] == ""


def test_damaged_ledger_stops_before_the_upload(kaggle_site, file):
    file.with_name("leaderboard.csv").write_text("a,b\n")
    with pytest.raises(FerError, match="expected the columns"):
        submitted(file)
    assert not kaggle_site.submissions


def test_command(kaggle_site, file, monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "output_root", lambda: tmp_path)
    arguments = ["kaggle", "submit", str(file), "-m", "v8"]
    ended = CliRunner().invoke(cli.app, [*arguments, "--dry-run"])
    assert ended.exit_code == 0, ended.output
    assert f"to {paths.COMPETITION}: fer2013-v8.csv, 14,356 bytes, 'v8 [" in ended.stdout
    assert not kaggle_site.calls
    ended = CliRunner().invoke(cli.app, arguments)
    assert ended.exit_code == 0, ended.output
    assert "public score 0.69000" in ended.stdout
    assert TOKEN not in ended.output


def test_ledger_gets_a_row_where_there_is_none(kaggle_site, file):
    file.with_name("leaderboard.csv").unlink()
    submitted(file)
    assert scores(file) == {file.name: "0.69000"}


@pytest.mark.parametrize("same", [True, False])
def test_score_of_a_file_elsewhere(same, kaggle_site, file, tmp_path):
    elsewhere = tmp_path / file.name
    elsewhere.write_text(("3\n" if same else "4\n") * LINES)
    book = file.with_name("leaderboard.csv")
    submit.submit(client.Client(timeout=20), elsewhere, "v8", book, say=[].append)
    mark = submit.check(elsewhere)[1]
    wanted = (
        {file.name: "0.69000"} if same else {file.name: "", f"fer2013-v8 {mark}.csv": "0.69000"}
    )
    assert scores(file) == wanted | {"other.csv": ""}
