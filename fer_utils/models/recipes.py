"""The Recipe: all that says how a network is trained."""

import dataclasses
import math

from fer_utils.errors import FerError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Raises FerError where a number is out of its range. Names are checked where they are used.

    Args:
        optimizer: Keras's name, for example ``rmsprop``.
        learning_rate: at the start.
        loss: of one-hot labels and probabilities: a name that ``losses.get`` knows.
        batch: images a step.
        epochs: passes over the training rows.
        augmentation: a preset of ``augment.layers``.
        schedule: ``constant``; ``cosine`` or ``linear`` to zero over all steps;
            ``inverse_time``, Keras 1's ``decay``; or ``plateau``, halved, down to 1e-5, where
            the watched accuracy has been flat for ``plateau_patience`` epochs.
        sampling: ``shuffled``, each row once an epoch; or ``balanced``, each class equally
            often in each batch.
        class_weights: ``none``; ``balanced``, all classes count alike in the loss; or ``root``,
            a class counts as the square root of its size.
        label_smoothing: share of each target that all classes divide, 0 to below 1.
        precision: what activations are computed in, ``float32``, ``mixed_bfloat16`` or
            ``mixed_float16``; weights stay, and are saved, as float32.
        optimizer_options: further arguments of the Keras optimiser, numbers and truths only,
            for example ``{"momentum": 0.9, "nesterov": True}``.
        decay: of ``inverse_time``: step ``t`` takes ``learning_rate / (1 + decay * t)``.
        plateau_patience: of ``plateau``, in epochs.
        patience: epochs without a better watched loss after which training stops; 0 for never.
        keep: ``last``, or ``best``: the epoch with the lowest watched loss is restored. What is
            watched is then a group-aware tenth held out of Training, never PublicTest.
        average: momentum of the exponential moving average of the weights, which is what is
            kept, with its own batch-norm statistics; 0 for the weights themselves.
        head_epochs: of a network with a trained backbone, or one given a ``start``: epochs in
            which the head, else the last layer with weights, trains alone.
        warm_up: share of the steps, of each phase where ``head_epochs`` makes two, in which the
            learning rate rises in a line from zero, 0 to below 1; ``cosine`` takes the steps
            that are left. For ``constant`` and ``cosine``.
        alternate: whether to mirror images by turns in place of the augmentation's own mirror:
            in the first epoch a random half of them, then each in every second epoch (Jordan
            2024, https://arxiv.org/abs/2404.00498).
        sharpness: radius of sharpness-aware steps, which cost twice as much and look for a flat
            minimum, for example 0.05, see ``training.sharpness``; 0 for plain steps.
    """

    optimizer: str
    learning_rate: float
    loss: str = "categorical_crossentropy"
    batch: int = 128
    epochs: int = 20
    augmentation: str = "none"
    schedule: str = "constant"
    sampling: str = "shuffled"
    class_weights: str = "none"
    label_smoothing: float = 0.0
    precision: str = "float32"
    optimizer_options: dict[str, float | bool] = dataclasses.field(default_factory=dict)
    decay: float = 0.0
    plateau_patience: int = 10
    patience: int = 0
    keep: str = "last"
    average: float = 0.0
    head_epochs: int = 0
    warm_up: float = 0.0
    alternate: bool = False
    sharpness: float = 0.0

    def __post_init__(self) -> None:
        for name, (holds, wanted) in _RANGES.items():
            value = getattr(self, name)
            if not holds(value):
                raise FerError(f"a recipe's {name} is {wanted}: not {value!r}")


_share = (lambda value: 0 <= value < 1, "a share, 0 to below 1")
_count = (lambda value: value >= 1, "a number from 1 on")
_amount = (lambda value: value >= 0, "0 or more")
_RANGES = {
    "learning_rate": (lambda value: 0 < value < math.inf, "a number above 0"),
    "batch": _count,
    "epochs": _count,
    "label_smoothing": _share,
    "decay": _amount,
    "plateau_patience": _count,
    "patience": _amount,
    "average": _share,
    "head_epochs": _amount,
}
