"""The ``kaggle`` package, held to what it lacks: time limits, silence, uploads that are whole.

It waits for ever, prints what it meets (with its VERBOSE even the token), and makes a version of a
data set without the files whose upload failed.
"""

import contextlib
import io
import os
from typing import Any

from fer_utils.datasets import download
from fer_utils.errors import FerError

UPLOADS = 3  # tries of a file; each goes on where the one before broke off


@contextlib.contextmanager
def quiet():
    """Drop all that is printed."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def limited(seconds):
    """Give every request that sets no time limit this one."""
    import requests

    send = requests.adapters.HTTPAdapter.send

    def send_limited(self, request, stream=False, timeout=None, **options):
        if self.max_retries.total:  # of an upload: they would send its headers without its body
            self.max_retries = self.max_retries.new(total=0)
        return send(self, request, stream=stream, timeout=timeout or seconds, **options)

    requests.adapters.HTTPAdapter.send = send_limited
    try:
        yield
    finally:
        requests.adapters.HTTPAdapter.send = send


def imported():
    """Return the package's class, mended, see ``download.imported``."""
    return _whole(download.imported())


def _whole(base: Any) -> Any:
    """Return the class with uploads that are whole or fail."""
    from kaggle.api.kaggle_api_extended import ResumableUploadResult

    class WholeApi(base):
        def upload_complete(self, path, url, quiet, resume=False):
            """Upload a file, or raise: the package would go on without it."""
            for attempt in range(UPLOADS):
                result = super().upload_complete(path, url, quiet, resume or attempt > 0)
                if result == ResumableUploadResult.COMPLETE:
                    return result
                if result == ResumableUploadResult.FAILED:
                    break
            raise FerError(
                f"the upload of {os.path.basename(path)} broke off: check the network, then run "
                "the same command again"
            )

        def upload_files(self, request, resources, folder, blob_type, upload_context, *rest):
            """Upload all files, or raise."""
            try:
                super().upload_files(request, resources, folder, blob_type, upload_context, *rest)
                expected = set(os.listdir(folder)) - {self.DATASET_METADATA_FILE}
                if len(request.files) != len(expected):
                    raise FerError("a file did not reach Kaggle: run the same command again")
            except FerError:
                for upload in upload_context._file_uploads:
                    upload.cleanup()  # else a later call asks for addresses that have expired
                raise

    return WholeApi
