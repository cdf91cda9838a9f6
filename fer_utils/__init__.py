"""Facial expression recognition: the package behind the notebook suite.

``fer_utils.load_pretrained("small")`` is a trained network. For the rest import the room you
need, for example ``from fer_utils import datasets``. Nothing heavy is imported here, so that
``python -m fer_utils --help`` answers at once.
"""

__version__ = "0.1.0"


def __getattr__(name):
    if name in ("load_pretrained", "list_pretrained"):
        from fer_utils import weights

        return getattr(weights, name)
    raise AttributeError(f"module 'fer_utils' has no attribute {name!r}")
