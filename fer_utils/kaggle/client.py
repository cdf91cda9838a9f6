"""Speaks to Kaggle through the ``kaggle`` package: logs in, asks, says what went wrong.

Questions are asked again where Kaggle is busy; orders are given once.
"""

import errno
import time

from fer_utils import runs
from fer_utils.datasets import download
from fer_utils.errors import FerError
from fer_utils.kaggle import api

TIMEOUT = 60  # seconds without a byte
TRIES = 4  # of a question, which changes nothing at Kaggle
_BUSY = (429, 500, 502, 503, 504)
_REFUSALS = {
    403: "Kaggle refuses it (403{said}): accept the rules at "
    + download.RULES
    + " and check that the name is yours, then run it again",
    404: "Kaggle has none of that name (404{said}): check its spelling",
    429: "Kaggle wants fewer requests (429): run the same command again in some minutes",
}
_REFUSED = "Kaggle refuses it ({status}{said}): mend that, then run the same command again"
_FAILED = "Kaggle failed ({status}{said}): run the same command again in some minutes"


class Refused(FerError):
    """Kaggle said no.

    Args:
        message: in words.
        status: the HTTP status; None where there was no answer.
    """

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


class Client:
    """A connection to Kaggle, logged in.

    Args:
        timeout: seconds to wait for an answer.

    Raises:
        FerError: no package, no token, a wrong one, or no connection.

    Example:
        >>> client = Client()
        >>> client.ask("the kernel", client.api.kernels_status, "me/fer-utils-suite")
    """

    def __init__(self, timeout=TIMEOUT):
        if not download.has_token():
            raise FerError(f"no Kaggle token found: {download.TOKEN}")
        self.timeout = timeout
        with api.quiet(), api.limited(timeout):
            self.api = api.imported()()
            self.api.args = []  # --verbose would print the token
            self._log_in()

    @property
    def user(self):
        """The user's name at Kaggle."""
        return self.api.config_values[self.api.CONFIG_NAME_USER]

    def ask(self, what, function, *args, **options):
        """Return what a question gives; it is asked again where Kaggle is busy.

        Args:
            what: what it is about, in words, for the message where it fails.
            function: of ``api``, or any other that calls Kaggle.
            *args: its arguments.
            **options: its named ones.

        Raises:
            FerError: saying what went wrong and what to do; it holds no token.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return self._call(function, *args, **options)
            except (Exception, SystemExit) as error:
                if attempt == TRIES or not _passes(error):
                    raise self.refusal(what, error) from None
                time.sleep(_pause(error, attempt))
        raise FerError(f"{what}: Kaggle was not asked")

    def peek(self, what, function, *args):
        """Return what a question gives, or 403 or 404 where Kaggle has none of it, or hides it."""
        try:
            return self.ask(what, function, *args)
        except Refused as error:
            if error.status in (403, 404):
                return error.status
            raise

    def tell(self, what, function, *args, **options):
        """Return what an order gives; it is given once, as a lost answer may hide that it was met.

        Raises:
            FerError: as for ``ask``.
        """
        try:
            return self._call(function, *args, **options)
        except (Exception, SystemExit) as error:
            raise self.refusal(what, error) from None

    def refusal(self, what, error):
        """Return the FerError for what the package raised about ``what``."""
        if isinstance(error, FerError):
            return error
        status, said = status_of(error), self._said(response_of(error))
        if status is None:
            return self._broken(what, error)
        if status == 401:
            return Refused(f"Kaggle does not accept the token: {download.TOKEN}", status)
        words = _REFUSALS.get(status, _FAILED if status >= 500 else _REFUSED)
        return Refused(f"{what}: {words.format(status=status, said=said)}", status)

    def _broken(self, what, error):
        name = type(error).__name__
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            return runs.writing_error(error.filename or what, error)
        if "Timeout" in name or "timed out" in str(error):
            cause = f"Kaggle did not answer within {self.timeout} s"
        elif isinstance(error, ValueError):  # the package's own check of what it is given
            return FerError(f"{what}: {self.clean(str(error))}")
        else:
            cause = f"the connection to Kaggle broke ({name})"
        return FerError(f"{what}: {cause}: check the network, then run the same command again")

    def _call(self, function, *args, **options):
        with api.quiet(), api.limited(self.timeout):
            return function(*args, **options)

    def _log_in(self):
        try:
            self.api.authenticate()
        except SystemExit:
            raise FerError(f"Kaggle does not accept the token: {download.TOKEN}") from None
        except Exception as error:
            raise self.refusal("the login", error) from None

    def _said(self, response):
        """Return the server's own words in an answer, without secrets, led by a comma."""
        try:
            words = response.json()["message"]
        except Exception:
            return ""
        return f", {self.clean(words)}" if words else ""

    def clean(self, text):
        """Return Kaggle's own words as one line without secrets."""
        text = " ".join(str(text).split())
        for name in (self.api.CONFIG_NAME_TOKEN, self.api.CONFIG_NAME_KEY):
            secret = self.api.config_values.get(name)
            text = text.replace(secret, "***") if secret else text
        return text[:300]


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


def _passes(error):
    """Return whether an error may be gone in a moment."""
    status = status_of(error)
    if status is not None:
        return status in _BUSY
    return not isinstance(error, (ValueError, SystemExit, FerError))


def _pause(error, attempt):
    wanted = getattr(response_of(error), "headers", {}).get("Retry-After", "")
    return min(60, int(wanted)) if wanted.isdigit() else 2 ** (attempt - 1)
