"""What was recognised: a face, and how likely each expression is."""

import dataclasses

from fer_utils import sentences
from fer_utils.errors import FerError


@dataclasses.dataclass(frozen=True)
class Expression:
    """The expression of one face in one photograph.

    Args:
        box: ``(x, y, width, height)`` of the face in the photograph's pixels, floats; it may reach
            beyond the border.
        confidence: 0-1, how sure the detector is that this is a face.
        probabilities: tuple of floats, one for each class, that sum to 1.
        classes: tuple of class names.
    """

    box: tuple[float, float, float, float]
    confidence: float
    probabilities: tuple[float, ...]
    classes: tuple[str, ...]

    @property
    def label(self) -> str:
        """The likeliest class."""
        return self.classes[self.probabilities.index(max(self.probabilities))]

    @property
    def probability(self) -> float:
        """The likeliest class's probability, 0-1."""
        return max(self.probabilities)

    @property
    def sentence(self) -> str:
        """For example ``looks happy (87%)``."""
        return sentences.of_class(self.label, self.probability)

    @property
    def happy(self) -> float:
        """Probability of happy, were happy and sad all there is; 0-1.

        Raises:
            FerError: the network does not know both.
        """
        places = sentences.happy_and_sad(self.classes)
        if places is None:
            known = ", ".join(self.classes)
            raise FerError(f"happy or sad: this network tells {known} apart: take another")
        happy, sad = (self.probabilities[place] for place in places)
        return happy / (happy + sad) if happy + sad else 0.5

    @property
    def happy_or_sad(self) -> str:
        """For example ``looks more happy than sad (91%)``."""
        return sentences.of_two(self.happy)
