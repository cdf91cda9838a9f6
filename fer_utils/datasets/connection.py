"""The connection to Kaggle through its ``kaggle`` package: the token, the login, what went wrong.

The package waits for ever, prints what it meets (with its VERBOSE even the token), and may log in,
or call exit(), while it is imported.
"""

import contextlib
import errno
import io
import json
import os
import re
from pathlib import Path

from fer_utils import paths, runs
from fer_utils.errors import FerError

TIMEOUT = 60  # seconds without a byte
TOKEN = (
    "make one at https://www.kaggle.com/settings/api and save it as ~/.kaggle/access_token (or "
    "set KAGGLE_API_TOKEN), then run the same command again"
)
RULES = f"https://www.kaggle.com/c/{paths.COMPETITION}/rules"
_FILES = ("access_token", "kaggle.json", "credentials.json")
_WRONG_TOKEN = f"Kaggle does not accept the token: {TOKEN}"
_REFUSALS = {
    403: f"Kaggle refuses it (403{{said}}): accept the rules at {RULES} and check that the name "
    "is yours, then run it again",
    404: "Kaggle has none of that name (404{said}): check its spelling",
    429: "Kaggle wants fewer requests (429): run the same command again in some minutes",
}
_REFUSED = "Kaggle refuses it ({status}{said}): mend that, then run the same command again"
_FAILED = "Kaggle failed ({status}{said}): run the same command again in some minutes"
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


class Refused(FerError):
    """Kaggle said no.

    Args:
        message: in words.
        status: the HTTP status.
    """

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


def has_token():
    """Return whether there is something to log in with; it is not looked at."""
    if os.environ.get("KAGGLE_API_TOKEN"):
        return True
    if os.environ.get("KAGGLE_USERNAME") and os.environ.get("KAGGLE_KEY"):
        return True
    settings = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    folders = [
        os.environ.get("KAGGLE_CONFIG_DIR"),
        Path.home() / ".kaggle",
        Path(settings, "kaggle"),
    ]
    return any(Path(folder, name).is_file() for folder in folders if folder for name in _FILES)


def log_in(timeout=TIMEOUT, adapted=lambda api_class: api_class):
    """Return the package's API, logged in; it prints no token.

    Args:
        timeout: seconds to wait for an answer.
        adapted: takes the package's class, returns the one to use.

    Raises:
        FerError: no package, no token, a wrong one; Kaggle is busy, fails, or cannot be reached.
    """
    if not has_token():
        raise FerError(f"no Kaggle token found: {TOKEN}")
    api = None
    with quiet(), limited(timeout):
        try:
            api = adapted(_imported())()
            api.args = []  # --verbose would print the token
            api.authenticate()
        except ImportError:
            raise FerError(
                "the kaggle package is missing: run python -m pip install kaggle, then the same "
                "command again"
            ) from None
        except SystemExit:
            raise FerError(_WRONG_TOKEN) from None
        except Exception as error:
            if status_of(error) == 403:
                raise FerError(_WRONG_TOKEN) from None
            raise refusal("the login", error, api, timeout) from None
    return api


def _imported():
    from kaggle.api.kaggle_api_extended import KaggleApi

    return KaggleApi


@contextlib.contextmanager
def quiet():
    """Drop all that is printed."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def limited(seconds=TIMEOUT):
    """Give every request that sets no time limit this one."""
    try:
        from requests.adapters import HTTPAdapter
    except ImportError:  # nor is there the kaggle package then
        yield
        return
    send = HTTPAdapter.send

    def send_limited(self, request, stream=False, timeout=None, **options):
        if self.max_retries.total:  # of an upload: they would send its headers without its body
            self.max_retries = self.max_retries.new(total=0)
        return send(self, request, stream=stream, timeout=timeout or seconds, **options)

    HTTPAdapter.send = send_limited
    try:
        yield
    finally:
        HTTPAdapter.send = send


def refusal(what, error, api=None, timeout=TIMEOUT):
    """Return the FerError that says what went wrong and what to do; it holds no token.

    Args:
        what: what it was about, in words.
        error: what the package raised.
        api: the package's API, whose secrets are kept; None where there is none yet.
        timeout: seconds that Kaggle was given to answer.
    """
    if isinstance(error, FerError):
        return error
    status, said = status_of(error), _said(response_of(error), api)
    if status is None:
        return _broken(what, error, api, timeout)
    if status == 401:
        return Refused(_WRONG_TOKEN, status)
    words = _REFUSALS.get(status, _FAILED if status >= 500 else _REFUSED)
    return Refused(f"{what}: {words.format(status=status, said=said)}", status)


def _broken(what, error, api, timeout):
    """Return the FerError where there was no answer, or none of Kaggle's."""
    name = type(error).__name__
    if getattr(error, "errno", None) in _DISK:
        return runs.writing_error(error.filename or what, error)
    if isinstance(error, json.JSONDecodeError):
        cause = "what answers is not Kaggle, perhaps the login page of a network"
    elif "Timeout" in name or "timed out" in str(error):
        cause = f"Kaggle did not answer within {timeout} s"
    elif "NewConnectionError" in str(error) or "NameResolutionError" in str(error):
        cause = f"no way leads to Kaggle ({name})"
    elif isinstance(error, ValueError):  # the package's own check of what it is given
        return FerError(f"{what}: {clean(error, api)}")
    else:
        cause = f"the connection to Kaggle broke ({name})"
    return FerError(f"{what}: {cause}: check the network, then run the same command again")


def _said(response, api):
    """Return the server's own words in an answer, without secrets, led by a comma."""
    try:
        words = response.json()["message"]
    except Exception:
        return ""
    return f", {clean(words, api)}" if words else ""


def clean(text, api):
    """Return Kaggle's own words as one line without secrets and signed addresses."""
    text = re.sub(r"\?\S+=\S*", "?***", " ".join(str(text).split()))
    for secret in _secrets(api):
        text = text.replace(secret, "***")
    return text[:300]


def _secrets(api):
    values = getattr(api, "config_values", {})
    found = [os.environ.get(name) for name in ("KAGGLE_API_TOKEN", "KAGGLE_KEY")]
    if values:
        found += [values.get(name) for name in (api.CONFIG_NAME_TOKEN, api.CONFIG_NAME_KEY)]
    with contextlib.suppress(ImportError):  # of a file; where the login failed, only this knows it
        from kagglesdk.kaggle_env import get_access_token_from_env

        found.append(get_access_token_from_env()[0])
    return [secret for secret in found if secret]


def response_of(error):
    """Return the answer behind an error, None where there was none."""
    for cause in (error, error.__cause__, error.__context__):
        found = getattr(cause, "response", None)
        if found is not None:
            return found
    return None


def status_of(error):
    """Return the HTTP status behind an error of the package, None where there was no answer."""
    return getattr(response_of(error), "status_code", None)
