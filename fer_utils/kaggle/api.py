"""The ``kaggle`` package's class with uploads that are whole or fail.

By itself it makes a version of a data set without the files whose upload failed.
"""

import os
from typing import Any

from fer_utils.errors import FerError

UPLOADS = 3  # tries of a file; each goes on where the one before broke off


def whole(base: Any) -> Any:
    """Return a class of the package with uploads that are whole or fail."""
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
