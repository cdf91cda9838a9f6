"""Speaks to Kaggle through the ``kaggle`` package: asks, orders, says what went wrong.

Questions are asked again where Kaggle is busy; orders are given once.
"""

import time

from fer_utils.datasets import connection
from fer_utils.datasets.connection import Refused, response_of, status_of
from fer_utils.errors import FerError
from fer_utils.kaggle import api

TRIES = 4  # of a question, which changes nothing at Kaggle
_BUSY = (429, 500, 502, 503, 504)


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

    def __init__(self, timeout=connection.TIMEOUT):
        self.timeout = timeout
        self.api = connection.log_in(timeout, api.whole)

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
        for attempt in range(1, TRIES):
            try:
                return self._call(function, *args, **options)
            except (Exception, SystemExit) as error:
                if not _passes(error):
                    raise self.refusal(what, error) from None
                time.sleep(_pause(error, attempt))
        return self.tell(what, function, *args, **options)  # the last try

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
        return connection.refusal(what, error, self.api, self.timeout)

    def _call(self, function, *args, **options):
        with connection.quiet(), connection.limited(self.timeout):
            return function(*args, **options)

    def clean(self, text):
        """Return Kaggle's own words as one line without secrets."""
        return connection.clean(text, self.api)


def _passes(error):
    """Return whether an error may be gone in a moment."""
    status = status_of(error)
    if status is not None:
        return status in _BUSY
    return not isinstance(error, (ValueError, SystemExit, FerError))


def _pause(error, attempt):
    wanted = getattr(response_of(error), "headers", {}).get("Retry-After", "")
    return min(60, int(wanted)) if wanted.isdigit() else 2 ** (attempt - 1)
