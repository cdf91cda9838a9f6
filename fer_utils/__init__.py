"""Facial expression recognition: the package behind the notebook suite.

Import the room you need, for example ``from fer_utils import datasets``. Nothing heavy is
imported here, so that ``python -m fer_utils --help`` answers at once.
"""

__version__ = "0.1.0"
