"""What a kernel leaves at the small Kaggle, and what a pull made of it."""

import os
import shutil

from kaggle_server import USER

from fer_utils import submission
from fer_utils.kaggle import client, merging, pull, record

NAME = f"{USER}/fer-utils-suite"
RUN = "runs/fer2013-gpu"
FILES = {
    f"{RUN}/notebooks/18_write_submission.ipynb": b"{}",
    f"{RUN}/notebooks/18_write_submission.json": b'{"finished": "x"}',
    f"{RUN}/v8/model.keras": b"network" * 1000,
    f"{RUN}/v8/metrics.json": b'{"accuracy": 0.7}',
    "submissions/fer2013-v8.csv": b"3\n" * 10,
}


def worked(folder, site, state="done", files=FILES, began="2026-11-29", **more):
    """Lay out a kernel's working folder, and make it the site's output."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        os.utime(folder / name, ns=(10**18, 10**18 + 123456789))
    if "submissions/fer2013-v8.csv" in files:
        metrics = {"model": "v8", "scored_on": "valid", "accuracy": 0.7}
        submission.record(folder / merging.LEDGER, "fer2013-v8.csv", metrics, {})
    ran = [{"name": "18_write_submission", "state": "done", "seconds": 3, "why": None}]
    record.write(
        folder, NAME, "hash", state, RUN, ran, "submissions/fer2013-v8.csv", began=began, **more
    )
    made = [path for path in folder.rglob("*") if path.is_file()]
    site.outputs = {p.relative_to(folder).as_posix(): p.read_bytes() for p in made}
    site.outputs |= {"submission.csv": b"3\n", "__notebook__.html": b"<p>"}
    site.kernels, site.status = site.kernels or [{}], "COMPLETE"


def pulled(root, replace=False):
    said = []
    pull.pull(client.Client(timeout=20), root, replace, said.append)
    return "\n".join(said)


def contents(root):
    """Return what is in place, the waiting room left out."""
    made = [p for p in root.rglob("*") if p.is_file() and "runs/kaggle" not in p.as_posix()]
    made = [path for path in made if path.name != ".lock"]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in made}
