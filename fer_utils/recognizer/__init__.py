"""Photographs in, faces with probabilities out: ``Recognizer``."""

from fer_utils.recognizer.expressions import Expression
from fer_utils.recognizer.recognizing import Recognizer

__all__ = ["Expression", "Recognizer"]
