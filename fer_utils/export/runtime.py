"""ONNX Runtime, imported so that it tells nobody of its use."""

from __future__ import annotations

import os
from types import ModuleType

from fer_utils.errors import FerError


def onnx_runtime() -> ModuleType:
    """Return the module ``onnxruntime``.

    By itself it leaves a number for the device in the home folder, and reports to Microsoft which
    programs make sessions of which networks. It reads the variable that forbids it when it is
    imported; who wants the reports sets ``ORT_DISABLE_TELEMETRY=0``.

    Raises:
        FerError: it is not installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise FerError(
            f"ONNX needs onnxruntime ({error}): pip install onnxruntime, or take engine='keras'"
        ) from error
    return onnxruntime
