"""Facial expression recognition: the package behind the notebook suite.

Import the room you need, for example ``from fer_utils import datasets``. Nothing heavy is
imported here, so that ``python -m fer_utils --help`` answers at once. ``list_pretrained()`` names
the trained networks that come with the package; ``load_pretrained`` returns one. ``Recognizer``
finds faces in photographs and says what their expressions look like.
"""

__version__ = "0.1.0"


def __getattr__(name):
    if name in ("load_pretrained", "list_pretrained"):
        from fer_utils import weights

        return getattr(weights, name)
    if name == "Recognizer":
        from fer_utils.recognizer import Recognizer

        return Recognizer
    raise AttributeError(f"module 'fer_utils' has no attribute {name!r}")
