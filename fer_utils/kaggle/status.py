"""How far a kernel is, in Kaggle's words, and what it has made in its own."""

import dataclasses
import json

from fer_utils.errors import FerError
from fer_utils.kaggle import RECORD, record

_RUNNING = ("queued", "running", "new_script", "cancel_requested")


@dataclasses.dataclass(frozen=True)
class Status:
    """Where a kernel stands.

    Args:
        state: ``queued``, ``running``, ``complete``, ``error``, ``cancel_acknowledged`` …
        failure: what Kaggle says went wrong; empty where nothing did.
    """

    state: str
    failure: str = ""

    @property
    def running(self):
        """Whether it has not ended yet."""
        return self.state in _RUNNING


def of(client, name):
    """Return the Status of a kernel, None where there is none of that name (or it is hidden)."""
    answer = client.peek(f"the kernel {name}", client.api.kernels_status, name)
    if answer in (403, 404):
        return None
    return Status(answer.status.name.lower(), client.clean(answer.failure_message))


def existing(client, name):
    """Return the Status of a kernel.

    Raises:
        FerError: there is none.
    """
    found = of(client, name)
    if found is None:
        raise FerError(f"Kaggle has no kernel {name} of yours: push first, or check the name")
    return found


def outputs(client, name):
    """Return the addresses of a kernel's output files by name, and its log's text."""
    files, log, token = {}, "", ""
    while True:
        answer = client.ask(f"the output of {name}", _page, client, name, token)
        files |= {item.file_name: item.url for item in answer.files}
        log, token = log or answer.log, answer.next_page_token
        if not token:
            return files, log


def _page(client, name, token):
    from kagglesdk.kernels.types.kernels_api_service import ApiListKernelSessionOutputRequest

    request = ApiListKernelSessionOutputRequest()
    request.user_name, request.kernel_slug = name.split("/")
    request.page_size, request.page_token = 100, token
    with client.api.build_kaggle_client() as kaggle:
        return kaggle.kernels.kernels_api_client.list_kernel_session_output(request)


def fetch(url):
    """Return the open answer to the download of an address; its status has been looked at."""
    import requests

    answer = requests.get(url, stream=True)
    answer.raise_for_status()
    return answer


def lines(client, name):
    """Return in words where a kernel stands, and how its notebooks did."""
    found = existing(client, name)
    said = [f"{name}: {found.state}{f': {found.failure}' if found.failure else ''}"]
    if found.running:
        return said
    noted, why = last_record(client, name)
    return [*said, why] if noted is None else said + told(noted)


def last_record(client, name):
    """Return the record of a kernel that ended, or None; and why there is none, in words."""
    files, log = outputs(client, name)
    if RECORD not in files:
        return None, f"it made nothing: {last_line(log)}"
    text = client.ask("the kernel's record", lambda: fetch(files[RECORD]).text)
    try:
        noted = record.checked(json.loads(text))
    except ValueError:
        noted = None
    return noted, None if noted else f"its {RECORD} is damaged"


def told(noted):
    """Return a record in words, a line a notebook that was asked for."""
    error = f": {noted['error']}" if noted["error"] else ""
    said = [f"the suite: {noted['state']}{error}"]
    said += [noted["origin"]] if noted["origin"] else []
    for notebook in noted["notebooks"]:
        if notebook["state"] != "not run" or notebook["why"]:
            why = f": {notebook['why']}" if notebook["why"] else ""
            said.append(f"{notebook['name']}  {notebook['state']}{why}")
    return said


def plain(log):
    """Return a kernel's log, which is JSON or plain text, as text."""
    try:
        return "".join(item["data"] for item in json.loads(log))
    except (ValueError, TypeError, KeyError):
        return log or ""


def last_line(log):
    """Return the last line of a kernel's log."""
    return (plain(log).strip().splitlines() or ["its log is empty"])[-1][:300]
