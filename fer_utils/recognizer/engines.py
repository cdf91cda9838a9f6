"""What computes: ONNX Runtime, which starts at once, or Keras."""

import numpy as np

from fer_utils.errors import FerError
from fer_utils.recognizer import kept

ENGINES = ("onnx", "keras")


class OnnxEngine:
    """Both networks on ONNX Runtime, from the cache where they were exported before.

    Args:
        source: ``export.Source``.
        precision: ``float32`` or ``int8``.
        say: takes a line of text before an export.
    """

    def __init__(self, source, precision="float32", say=None):
        self._say = say or (lambda line: None)
        self._session = kept.classifier(source, precision, self._say)
        self._detector = None
        _, *self.shape = self._session.get_inputs()[0].shape
        self.count = self._session.get_outputs()[0].shape[-1]

    def detector(self):
        """Return the detector's networks, for ``faces.detect``."""
        self._detector = self._detector or kept.detector(self._say)
        return self._detector

    def classify(self, crops):
        """Return float32 ``(n, classes)`` of uint8 ``(n, height, width, channels)``."""
        from fer_utils import export

        return export.ask(self._session, crops)


class KerasEngine:
    """Both networks on Keras, whichever backend it has.

    Args:
        source: ``export.Source``.
    """

    def __init__(self, source):
        self._model = source.load()
        _, *self.shape = self._model.input_shape
        self.count = self._model.output_shape[-1]

    def detector(self):
        """Return None: the detector's own networks."""
        return None

    def classify(self, crops):
        """Return float32 ``(n, classes)`` of uint8 ``(n, height, width, channels)``."""
        from fer_utils import training

        if not len(crops):
            return np.empty((0, self.count), np.float32)
        return training.predict(self._model, crops)


def engine(name, source, precision, say=None):
    """Return the engine of that name; ``say`` takes a line of text before an export.

    Raises:
        FerError: no such engine, or int8 on Keras.
    """
    if name == "onnx":
        return OnnxEngine(source, precision, say)
    if name != "keras":
        raise FerError(f"no engine {name!r}: there are {', '.join(ENGINES)}")
    if precision != "float32":
        raise FerError(f"Keras has no precision {precision!r}: take float32, or engine='onnx'")
    return KerasEngine(source)
