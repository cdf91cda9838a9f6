"""Login, push and status against a small Kaggle, with all that goes wrong there."""

import json
import socket

import pytest
from kaggle_server import TOKEN, USER
from kagglesdk import kaggle_env
from typer.testing import CliRunner

from fer_utils import cli, paths
from fer_utils.datasets import download
from fer_utils.errors import FerError
from fer_utils.kaggle import bundle, client, push, record, status

WHEEL = "fer_utils-0.1.0-py3-none-any.whl"
NAME = f"{USER}/fer-utils-suite"
FILES = 3 + len(list((paths.PROJECT / "notebooks").glob("*.ipynb")))  # wheel, setup, bundle


@pytest.fixture(autouse=True)
def wheel(monkeypatch):
    """Stand in for the wheel, which takes seconds to build; the rehearsal builds it."""
    content = {"now": b"wheel"}
    monkeypatch.setattr(bundle, "_wheel", lambda f: (f / WHEEL).write_bytes(content["now"]))
    monkeypatch.setattr(bundle, "_library", lambda *_: False)
    return content


def connect():
    return client.Client(timeout=20)  # the machine may be busy


def pushed(folder, order=None, timeout=20):
    said, connection = [], connect()
    connection.timeout = timeout
    address = push.push(
        connection, order or push.Order(3600.0, unpulled=True), folder, (), said.append
    )
    return address, "\n".join(said)


def invoke(*arguments):
    return CliRunner().invoke(cli.app, ["kaggle", *map(str, arguments)])


def test_push_makes_a_data_set_and_starts_the_kernel_on_it(kaggle_site, tmp_path):
    address, said = pushed(tmp_path, push.Order(5400.0, ("05", "18"), "smoke", 3))
    (version,) = kaggle_site.datasets["fer-utils-package"]
    notebooks = {path.name for path in (paths.PROJECT / "notebooks").glob("*.ipynb")}
    assert set(version) == notebooks | {WHEEL, "fer_utils_setup.py", "fer_utils_bundle.json"}
    (kernel,) = kaggle_site.kernels
    assert kernel["slug"] == NAME
    assert (kernel["enableGpu"], kernel["enableInternet"]) == (True, False)
    assert (kernel["isPrivate"], kernel["machineShape"]) == (True, "NvidiaTeslaT4")
    assert kernel["datasetDataSources"] == [f"{USER}/fer-utils-package"]
    assert kernel["competitionDataSources"] == [paths.COMPETITION]
    assert kernel.get("kernelDataSources", []) == []
    assert kernel["sessionTimeoutSeconds"] == 5400 + push.SPARE
    made = json.loads(version["fer_utils_bundle.json"])["hash"]
    assert f"'bundle': '{made}'" in kernel["text"]
    assert "'only': ['05', '18'], 'data': 'auto', 'profile': 'smoke', 'seed': 3}" in kernel["text"]
    compile(kernel["text"], "driver.py", "exec")
    assert address == f"https://www.kaggle.com/code/{NAME}"
    assert "kernel version 1 started" in said


def test_second_push_sends_what_changed_and_continues(kaggle_site, tmp_path, wheel, monkeypatch):
    pushed(tmp_path)
    kaggle_site.status = "COMPLETE"
    _, said = pushed(tmp_path)
    assert "there already" in said
    assert len(kaggle_site.datasets["fer-utils-package"]) == 1
    assert kaggle_site.kernels[1]["kernelDataSources"] == [NAME]
    kaggle_site.status = "ERROR"
    monkeypatch.setattr(bundle, "_hash", lambda folder: "another")
    pushed(tmp_path, push.Order(3600.0, fresh=True, unpulled=True))
    assert len(kaggle_site.datasets["fer-utils-package"]) == 2
    assert not kaggle_site.kernels[2].get("kernelDataSources")


@pytest.mark.parametrize("state", ["QUEUED", "RUNNING"])
def test_a_running_kernel_is_not_started_again(state, kaggle_site, tmp_path):
    pushed(tmp_path)
    kaggle_site.status = state
    with pytest.raises(FerError, match=f"{NAME} is {state.lower()} already: wait"):
        pushed(tmp_path)
    assert len(kaggle_site.kernels) == 1


FAILURES = [
    ("GetKernelSessionStatus", 401, "does not accept the token"),
    ("CreateDataset", 403, "accept the rules at https://www.kaggle.com/c/"),
    ("SaveKernel", 403, "the kernel: Kaggle refuses it .403, no: .*accept the rules"),
    ("SaveKernel", 404, "Kaggle has none of that name"),
    ("SaveKernel", 429, "the kernel: Kaggle wants fewer requests"),
    ("SaveKernel", 500, "the kernel: Kaggle failed .500"),
    ("SaveKernel", "hang", "the kernel: Kaggle did not answer within 1 s: check the network"),
    ("SaveKernel", "drop", "the kernel: the connection to Kaggle broke"),
    ("GetDatasetStatus", 500, "the data set .*Kaggle failed .500"),
    ("StartBlobUpload", 500, "Kaggle failed .500"),
    ("upload", "drop", "the upload of .* broke off: check the network, then run the same"),
    ("upload", 500, "the upload of .* broke off"),
    ("upload", "hang", "the upload of .* broke off"),
]


@pytest.mark.parametrize(("endpoint", "wanted", "says"), FAILURES)
def test_push_fails_clearly_and_the_next_finishes(endpoint, wanted, says, kaggle_site, tmp_path):
    kaggle_site.fail = {endpoint: wanted}
    with pytest.raises(FerError, match=says) as caught:
        pushed(tmp_path, timeout=1 if wanted == "hang" else 20)
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not kaggle_site.kernels
    kaggle_site.fail = {}
    pushed(tmp_path)
    assert len(kaggle_site.kernels) == 1
    assert len(kaggle_site.datasets["fer-utils-package"]) == 1
    assert len(kaggle_site.datasets["fer-utils-package"][0]) == FILES


def test_busy_for_a_moment_is_waited_for(kaggle_site, tmp_path):
    kaggle_site.fail = {
        "GetDatasetStatus": [429, 500],
        "upload": ["drop", None, None, 503],
        "GetDataset": [502],
    }
    pushed(tmp_path)
    assert len(kaggle_site.datasets["fer-utils-package"][0]) == FILES


def test_a_lost_answer_starts_no_second_kernel(kaggle_site, tmp_path):
    kaggle_site.fail = {"SaveKernel": ["lost"]}
    with pytest.raises(FerError, match="the connection to Kaggle broke"):
        pushed(tmp_path)
    with pytest.raises(FerError, match="queued already"):
        pushed(tmp_path)
    assert len(kaggle_site.kernels) == 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"error": f"Maximum batch GPU session count {TOKEN}"}, "Maximum batch GPU session count"),
        ({"invalidCompetitionSources": ["x"]}, "accept the rules at"),
        ({"invalidDatasetSources": ["x"]}, "without the data set"),
    ],
)
def test_kernel_that_kaggle_takes_only_in_part(answer, says, kaggle_site, tmp_path):
    kaggle_site.invalid = answer
    with pytest.raises(FerError, match=says) as caught:
        pushed(tmp_path)
    assert TOKEN not in str(caught.value)


def test_output_that_is_not_attached_is_said(kaggle_site, tmp_path):
    pushed(tmp_path)
    kaggle_site.status, kaggle_site.invalid = "ERROR", {"invalidKernelSources": [NAME]}
    assert "begins anew" in pushed(tmp_path)[1]


# The token


LOGINS = [
    (401, "does not accept the token: make one at"),
    (403, "does not accept the token: make one at"),
    (429, "the login: Kaggle wants fewer requests .429.: run the same command again"),
    (500, "the login: Kaggle failed .500"),
    ("drop", "the login: the connection to Kaggle broke .*: check the network"),
    ("portal", "the login: what answers is not Kaggle"),
    ("no route", "the login: no way leads to Kaggle .ConnectionError.: check the network"),
]


@pytest.mark.parametrize(("wanted", "says"), LOGINS)
@pytest.mark.parametrize("log_in", [connect, lambda: download.download("data")])
def test_login_that_fails(log_in, wanted, says, kaggle_site, monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    kaggle_site.fail = {"IntrospectToken": wanted}
    if wanted == "no route":
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, address)
    with pytest.raises(FerError, match=says) as caught:
        log_in()
    assert TOKEN not in str(caught.value) + "".join(capfd.readouterr())
    assert not (tmp_path / "data").exists()


def test_without_a_token(kaggle_site, monkeypatch):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    ended = invoke("status")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: no Kaggle token found: make one at https://")
    assert not kaggle_site.calls


def test_wrong_token(kaggle_site, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_wr0ng")
    ended = invoke("status")
    assert ended.exit_code == 2
    assert ended.stderr.startswith("error: Kaggle does not accept the token: make one")
    assert "wr0ng" not in ended.output


def test_failed_login_does_not_show_the_token_of_a_file(kaggle_site, monkeypatch, tmp_path):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    (tmp_path / "home" / ".kaggle").mkdir(parents=True)
    (tmp_path / "home" / ".kaggle" / "access_token").write_text(TOKEN)
    kaggle_site.fail = {"IntrospectToken": 500}
    with pytest.raises(
        FerError, match=r"the login: Kaggle failed .500, no: \*\*\*.: run the same"
    ):
        connect()


def test_login_that_takes_too_long(kaggle_site):
    kaggle_site.fail = {"IntrospectToken": "hang"}
    with pytest.raises(FerError, match="the login: Kaggle did not answer within 1 s"):
        client.Client(timeout=1)


def test_verbose_shows_no_token(kaggle_site, monkeypatch, capfd, tmp_path):
    from kaggle.api.kaggle_api_extended import KaggleApi

    monkeypatch.setattr(KaggleApi, "args", ["--verbose"])
    kaggle_site.kernels.append({})
    ended = invoke("status")
    with pytest.raises(FerError):
        download.download(tmp_path / "data")
    assert kaggle_site.count("DownloadDataFiles") == 1
    assert TOKEN not in ended.output + "".join(capfd.readouterr())


def test_dry_run_says_what_would_be_sent_and_asks_nothing(kaggle_site, monkeypatch, tmp_path):
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    monkeypatch.setattr(paths, "output_root", lambda: tmp_path)
    ended = invoke("push", "--dry-run", "--only", "05,18", "--budget", "2h")
    assert ended.exit_code == 0, ended.output
    assert WHEEL in ended.stdout
    assert '"enable_internet": false' in ended.stdout
    assert "'budget': 7200.0, 'only': ['05', '18']" in ended.stdout
    assert " bytes in all, " in ended.stdout
    assert "import " not in ended.stdout
    assert not kaggle_site.calls


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--budget", "12h"], "--budget is above 11.5 h"),
        (["--budget", "soon"], "is no time"),
        (["--only", "99"], "no notebook '99'"),
        (["--profile", "huge"], "no profile 'huge'"),
    ],
)
def test_order_that_cannot_be_met(options, says, kaggle_site):
    ended = invoke("push", *options)
    assert ended.exit_code == 2
    assert says in ended.stderr
    assert not kaggle_site.calls


# Status


def noted(tmp_path, state, **more):
    (tmp_path / "runs" / "x").mkdir(parents=True, exist_ok=True)
    ran = [
        {"name": "05_model", "state": "done", "seconds": 3, "why": None},
        {"name": "04_crop", "state": "not run", "seconds": None, "why": "lz4 is not installed"},
        {"name": "06_model", "state": "not run", "seconds": None, "why": None},
    ]
    record.write(tmp_path, NAME, "hash", state, "runs/x", ran, **more)
    return (tmp_path / "kaggle_run.json").read_bytes()


def test_status(kaggle_site, tmp_path):
    with pytest.raises(FerError, match=f"Kaggle has no kernel {NAME} of yours: push first"):
        status.lines(connect(), NAME)
    kaggle_site.kernels.append({})
    kaggle_site.status = "RUNNING"
    assert status.lines(connect(), NAME) == [f"{NAME}: running"]
    kaggle_site.status = "COMPLETE"
    kaggle_site.outputs = {"kaggle_run.json": noted(tmp_path, "out of time")}
    assert status.lines(connect(), NAME) == [
        f"{NAME}: complete",
        "the suite: out of time",
        "05_model  done",
        "04_crop  not run: lz4 is not installed",
    ]


def test_status_of_a_kernel_that_failed(kaggle_site):
    kaggle_site.kernels.append({})
    kaggle_site.status, kaggle_site.failure = "ERROR", "Your notebook was stopped: 12 h"
    kaggle_site.log = json.dumps([{"data": "begin\n"}, {"data": "no data set of fer_utils\n"}])
    assert status.lines(connect(), NAME) == [
        f"{NAME}: error: Your notebook was stopped: 12 h",
        "it made nothing: no data set of fer_utils",
    ]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"state": "done"}'])
def test_status_of_a_kernel_with_a_damaged_record(content, kaggle_site):
    kaggle_site.kernels.append({})
    kaggle_site.outputs = {"kaggle_run.json": content}
    said = ["its kaggle_run.json is damaged"]
    assert status.lines(connect(), NAME)[1:] == said
