"""The card of a network that ships: what it is, how good it is, what it must not be used for."""

from fer_utils.models import Recipe

_LIMITS = """\
## Limits

- **An expression is not a feeling.** The network names what a face looks like to those who
  labelled FER2013; it does not know what anybody feels.
- **FER2013's labels are often wrong or arguable.** Its images were found on the web by search
  words; people agree with its labels in some 65 of 100 cases (Goodfellow et al. 2013).
- **One grey face, cut out, from the front.** It was trained on crops of {side}x{side} pixels that
  a face fills. Photographs need a face detector first; profiles and covered faces are judged
  worse.
- **Not examined: age, skin colour, sex, culture.** The data do not tell them. Expect differences.
- **Not all emotions alike**: {best} is found in {most} of 100 images, {worst} in {least}.

## When not to use it

- **Not for decisions about people**: not for hiring, teaching, policing, insurance, health, or
  what somebody is worth to a customer.
- **Not at work and not in schools.** In the European Union inferring emotions there is prohibited
  but for medical and safety reasons (Regulation 2024/1689, Article 5).
- **Not to learn what somebody feels**, nor whether they lie, attend or suffer.
- **Not where a wrong answer costs something**: {wrong} of 100 answers were not the label.

Fit for learning, for research on FER2013, and for play with one's own face.
"""


def card(name, told, size):
    """Return the card as Markdown.

    Args:
        name: str.
        told: dict, see ``shipping.ship``.
        size: bytes of the file.
    """
    scores = told["scores"]
    lines = [
        f"# {name}",
        "",
        f"`{told['network']}`, {told['parameters']:,} weights, {size / 1e6:.1f} MB in float16: "
        f"{told['input'][0]}x{told['input'][1]} grey pixels 0-255 in, probabilities of "
        f"{', '.join(told['classes'])} out.",
        "",
        "```python",
        "import fer_utils",
        "",
        f'network = fer_utils.load_pretrained("{name}")',
        "probabilities = network.predict(images)  # (n, height, width, 1)",
        "```",
        "",
        "## Scores",
        "",
        f"On FER2013's PublicTest, {scores['n']:,} images that were neither fitted nor chosen by: "
        f"accuracy **{scores['accuracy']:.3f} ± {scores['standard_error']:.3f}**, "
        f"{scores['accuracy_without_twins']:.3f} without images identical to a fitted one, "
        f"macro F1 {scores['macro_f1']:.3f}. Each image was asked about once, as it is.",
        "",
        "| emotion | images | recall | precision |",
        "|---|---|---|---|",
        *(_row(of, row) for of, row in scores["classes"].items()),
        "",
        *_confusions(told.get("confusions", [])),
        *_calibration(told.get("calibration")),
        *_corruptions(told.get("corruptions")),
        "## Training",
        "",
        *_training(told),
        "",
        _limits(told),
    ]
    return "\n".join(lines)


def _limits(told):
    scores = told["scores"]
    recall = {emotion: row["recall"] for emotion, row in scores["classes"].items()}
    best, worst = max(recall, key=recall.__getitem__), min(recall, key=recall.__getitem__)
    counts = {"most": recall[best], "least": recall[worst], "wrong": 1 - scores["accuracy"]}
    in_hundred = {name: round(100 * share) for name, share in counts.items()}
    return _LIMITS.format(side=told["input"][0], best=best, worst=worst, **in_hundred)


def _row(emotion, row):
    precision = "never answered" if row["precision"] is None else f"{row['precision']:.2f}"
    recall = f"{row['recall']:.2f} ± {row['recall_error']:.2f}"
    return f"| {emotion} | {row['rows']} | {recall} | {precision} |"


def _confusions(cells):
    """Return what is taken for what; nothing where the file does not tell."""
    if not cells:
        return []
    said = [f"{cell['label']} for {cell['answer']} ({cell['share']:.0%})" for cell in cells]
    return [f"Taken for another most often, with the share of its images: {', '.join(said)}.", ""]


def _calibration(told):
    """Return how far its probabilities can be believed."""
    if not told:
        return []
    leave = "Leave its probabilities as they are."
    helps = told["error_after"] < told["error"]
    use = "Divide its logits by that before you believe a probability:"
    use += " `fer_utils.evaluation.tempered(probabilities, temperature)`. The page, `predict` and"
    use += " `Recognizer` do this already."
    return [
        "## How sure it is",
        "",
        f"How sure it says it is and how often it is right are {told['error']:.3f} apart "
        f"(expected calibration error in 15 bins on the same images; {told['chance']:.3f} by "
        f"chance alone). Temperatures fitted to four fifths of these images and used on the fifth "
        f"make it {told['error_after']:.3f}; fitted to all of them the temperature is "
        f"{told['temperature']:.2f}. {use if helps else leave} This temperature and this advice "
        "alone were chosen by PublicTest.",
        "",
    ]


def _corruptions(told):
    """Return what is left of its accuracy on spoilt images."""
    if not told:
        return []
    worst = min(told["accuracy"], key=lambda name: told["accuracy"][name][-1])
    strengths = range(1, 1 + len(told["accuracy"][worst]))
    return [
        "## Spoilt images",
        "",
        f"Accuracy on {told['rows']:,} of these images, spoilt in five degrees "
        f"(`fer_utils.evaluation.corrupt`); as they are {told['as_it_is']:.3f}. Worst of all is "
        f"{worst}. Nothing is known of images spoilt in other ways.",
        "",
        f"| spoilt by | {' | '.join(map(str, strengths))} |",
        f"|{'---|' * (1 + len(strengths))}",
        *(
            f"| {name} | {' | '.join(f'{share:.2f}' for share in shares)} |"
            for name, shares in told["accuracy"].items()
        ),
        "",
    ]


def _training(told):
    recipe = told["recipe"]
    usual = Recipe(recipe["optimizer"], recipe["learning_rate"])
    own = {key: value for key, value in recipe.items() if value != getattr(usual, key)}
    said = f"{recipe['optimizer']}, learning rate {recipe['learning_rate']:g}, "
    said += ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in sorted(own.items()))
    taught = "to their labels"
    if told["teachers"]:
        taught = f"to what {' and '.join(told['teachers'])} say of them, mixed with their labels"
    return [
        f"- Fitted {taught}: FER2013's Training, {told['fitted']:,} images, no other faces, no "
        "pretrained weights.",
        f"- Recipe: {said}; seed {told['seed']}. The last epoch is kept.",
        f"- {told['train_seconds']:,.0f} s on {told['device']}, {told['backend']}, commit "
        f"{told['commit']}, {told['finished'][:10]}.",
    ]
