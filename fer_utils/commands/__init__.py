"""Commands of ``python -m fer_utils`` that are long enough for a file of their own."""

from fer_utils.commands.export import export
from fer_utils.commands.kaggle import app as kaggle_app
from fer_utils.commands.predict import predict

__all__ = ["export", "kaggle_app", "predict"]
